"""What a learner is told: the score, each aspect, and the mistake by name; as text and as HTML."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from attn_course.checks.engine.diagnose import Diagnosis
from attn_course.checks.engine.exercise import Chapter, Exercise

WIDTH = 100
PLAIN = frozenset({"stub", "structure", "error", "waiting"})
"""Kinds of faults whose message says what to do; a hint about the mechanism would mislead."""


@dataclass(frozen=True)
class AspectResult:
    """One graded aspect.

    Args:
        id: Its id in the exercise.
        name: A true sentence about a right answer.
        score: Points earned.
        points: Points to earn.
        message: What was seen, where it failed; "" where it passed.
        hint: What to try.
        reread: Label of a section of the book.
        kind: Kind of the fault that failed it, such as "value" or "error"; see `compare.Fault`.
    """

    id: str
    name: str
    score: int | float
    points: int | float
    message: str
    hint: str = ""
    reread: str = ""
    kind: str = ""

    @property
    def passed(self) -> bool:
        """Whether it earned all its points."""
        return self.score == self.points


@dataclass(frozen=True)
class Report:
    """The verdict on one exercise.

    Args:
        exercise: Its id.
        score: Points earned.
        points: Points to earn.
        aspects: Each aspect's result, in the order of the exercise.
        diagnosis: Id of the recognised mistake, or None.
        seed: Seed of the cases; the same seed gives the same report.
        text: The report as plain text.
    """

    exercise: str
    score: int | float
    points: int | float
    aspects: tuple[AspectResult, ...]
    diagnosis: str | None
    seed: int
    text: str
    html: str

    @classmethod
    def of(
        cls,
        chapter: Chapter,
        exercise: Exercise,
        seed: int,
        results: Sequence[AspectResult],
        diagnosis: Diagnosis | None,
        refusal: str = "",
    ) -> Report:
        """Write the report of decided aspects."""
        score = round(sum(result.score for result in results), 6)
        lines = _first_lines(chapter, diagnosis, refusal)
        title = f"{exercise.id}: {score:g} of {exercise.points:g} points"
        texts = [_text_of(chapter, result, diagnosis) for result in results]
        texts = _say_once(lines, texts)
        return cls(
            exercise.id,
            score,
            exercise.points,
            tuple(results),
            diagnosis.id if diagnosis else None,
            seed,
            _as_text(title, lines, results, texts, seed),
            _as_html(title, lines, results, texts, seed),
        )

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def _first_lines(chapter: Chapter, diagnosis: Diagnosis | None, refusal: str) -> list[str]:
    if refusal:
        return [refusal]
    if diagnosis is None:
        return []
    lines = [diagnosis.sentence]
    if diagnosis.matched:
        lines.append(f"Your results match this mistake {_where(diagnosis.matched, diagnosis.shown)} where it shows.")
    if diagnosis.reread:
        lines.append(_reread(chapter, diagnosis.reread))
    return lines


def _where(matched: int, shown: int) -> str:
    if shown == 1:
        return "in the one case"
    return f"in all {shown} cases" if matched == shown else f"in {matched} of {shown} cases"


def _reread(chapter: Chapter, label: str) -> str:
    return f'Reread "{chapter.sections[label]}" in chapter {chapter.number}.'


def _text_of(chapter: Chapter, result: AspectResult, diagnosis: Diagnosis | None) -> list[str]:
    """The lines below a failed aspect. Where the mistake that was named accounts for it, general advice would mislead."""
    if result.passed or not result.message:
        return []
    lines = [result.message]
    if result.kind in PLAIN or (diagnosis is not None and result.id in diagnosis.explains):
        return lines
    advice = []
    if result.reread and (diagnosis is None or result.reread != diagnosis.reread):
        advice.append(_reread(chapter, result.reread))
    if result.hint:
        advice.append(f"Hint: {result.hint}.")
    return [*lines, " ".join(advice)] if advice else lines


def _say_once(first: list[str], texts: list[list[str]]) -> list[list[str]]:
    """A stub or a wrong container fails every aspect with the same sentence: say it once."""
    seen = set(first)
    said = []
    for lines in texts:
        if lines and lines[0] in seen:
            said.append([])
            continue
        seen.update(lines[:1])
        said.append(lines)
    return said


def _as_text(title: str, first: list[str], results: Sequence[AspectResult], texts: list[list[str]], seed: int) -> str:
    out = [title]
    for line in first:
        out += textwrap.wrap(line, WIDTH, initial_indent="  ", subsequent_indent="  ")
    for result, lines in zip(results, texts, strict=True):
        mark = "✓" if result.passed else "✗"
        earned = f"{result.score:g} / {result.points:g}"
        out.append(f"  {mark} {result.name:<{WIDTH - 14}} {earned:>9}")
        for line in lines:
            out += textwrap.wrap(line, WIDTH, initial_indent="      ", subsequent_indent="      ")
    if not all(result.passed for result in results):
        out.append(f"  (seed {seed})")
    return "\n".join(out)


def _as_html(title: str, first: list[str], results: Sequence[AspectResult], texts: list[list[str]], seed: int) -> str:
    """No style sheet and no script: it is also shown where both are taken out."""

    def safe(text: str) -> str:
        parts = html.escape(text).split("`")
        return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))

    rows = []
    for result, lines in zip(results, texts, strict=True):
        mark, word = ("✓", "passed") if result.passed else ("✗", "failed")
        below = "".join(f'<div style="opacity:.85">{safe(line)}</div>' for line in lines)
        rows.append(
            f'<tr><td style="vertical-align:top" aria-label="{word}">{mark}</td>'
            f'<td style="text-align:left;vertical-align:top">{safe(result.name)}{below}</td>'
            f'<td style="vertical-align:top;white-space:nowrap">{result.score:g} / {result.points:g}</td></tr>'
        )
    said = "".join(f"<p>{safe(line)}</p>" for line in first)
    note = "" if all(result.passed for result in results) else f'<p style="opacity:.7">seed {seed}</p>'
    return f"<div><p><strong>{safe(title)}</strong></p>{said}<table>{''.join(rows)}</table>{note}</div>"
