"""Every chapter's checks accept what is right: many styles, the reference, the notebooks' own solutions; and no stub.

`tests/answers/<slug>.py` holds right answers; a name there is `<exercise>__<style>`.
"""

from importlib import import_module, resources
from pathlib import Path

import jupytext
import pytest
import torch

from attn_course.checks import evaluate
from attn_course.checks.engine.judge import judge, reference_of
from attn_course.checks.engine.respond import respond
from attn_course.checks.registry import chapters
from tests.exercises import EXERCISES, SEEDS, known

ROOT = Path(__file__).parent.parent


LEAST_STYLES = 4
WATCHED = SEEDS[:3]  # as learners see it; being watched for ready-made calls takes twice the time and knows no seed


def answers(chapter, exercise):
    """Style → right answer."""
    module = import_module(f"tests.answers.{chapter.slug}")
    prefix = f"{exercise.id}__"
    return {name.removeprefix(prefix): thing for name, thing in vars(module).items() if name.startswith(prefix)}


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES)
def test_right_answers_in_many_styles_get_full_marks(chapter, exercise):
    right = answers(chapter, exercise)
    assert len(right) >= LEAST_STYLES
    for style, answer in right.items():
        for seed in SEEDS:
            if seed in WATCHED:
                report = evaluate(exercise.id, answer, seed)
            else:
                report = judge(chapter, exercise, respond(exercise, answer, seed, watch=False), ())
            assert report.score == report.points, f"{style}\n{report.text}"
            assert report.diagnosis is None


DIFFERENTIABLE = [
    pytest.param(c, e, id=e.id)
    for c in chapters().values()
    for e in c.exercises
    if any(aspect.measure == "gradients" for aspect in e.aspects)
]


def detached(exercise, answer, dtype):
    """The right answer, cut from autograd where its results have this dtype."""
    if exercise.kind == "function":
        return lambda *given: cut(answer(*given), dtype)
    whole = getattr(answer, exercise.method)
    return type(exercise.id, (answer,), {exercise.method: lambda self, *given: cut(whole(self, *given), dtype)})


def cut(result, dtype):
    if isinstance(result, torch.Tensor):
        return result.detach() if result.dtype == dtype else result
    return tuple(cut(part, dtype) for part in result)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("chapter", "exercise"), DIFFERENTIABLE)
def test_a_gradient_cut_in_one_precision_alone_is_seen(chapter, exercise, dtype):
    answer = next(iter(answers(chapter, exercise).values()))
    for seed in range(3):
        report = evaluate(exercise.id, detached(exercise, answer, dtype), seed)
        assert report.score < report.points
        assert report.diagnosis == "cuts-autograd" or report.diagnosis in {m.id for m in known(chapter, exercise)}


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES)
def test_the_reference_gets_full_marks(chapter, exercise):
    """Unwatched, because a learner may not call it."""
    reference = reference_of(exercise)
    for seed in SEEDS:
        report = judge(chapter, exercise, respond(exercise, reference, seed, watch=False), ())
        assert report.score == report.points, report.text


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES)
def test_calling_the_reference_is_no_answer(chapter, exercise):
    report = evaluate(exercise.id, reference_of(exercise), 0)
    assert report.score == 0
    assert report.diagnosis == "ready-made-answer"


def test_every_answer_belongs_to_an_exercise():
    exercises = {e.id for chapter in chapters().values() for e in chapter.exercises}
    for file in resources.files("tests.answers").iterdir():
        if file.name.endswith(".py"):
            names = vars(import_module(f"tests.answers.{file.name.removesuffix('.py')}"))
            assert {name.split("__")[0] for name in names if "__" in name.strip("_")} <= exercises


@pytest.fixture(params=[pytest.param(chapter, id=chapter.slug) for chapter in chapters().values()])
def notebook(request):
    """A chapter, and its solution as (kind, source, what nbgrader knows) of each cell."""
    chapter = request.param
    path = ROOT / "solutions" / chapter.name / f"{chapter.name}.py"
    cells = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent").cells
    return chapter, [(cell.cell_type, cell.source, cell.metadata.get("nbgrader", {})) for cell in cells]


def run(sources):
    """What a notebook of these cells defines, after its setup cell."""
    setup = (ROOT / "attn_course" / "grading" / "setup_cell.py").read_text(encoding="utf-8")
    names = {"__name__": "__main__"}
    for number, source in enumerate([setup, *sources]):
        exec(compile(source, f"cell {number}", "exec"), names)
    return names


def test_a_chapter_gives_20_points(notebook):
    chapter, cells = notebook
    assert sum(exercise.points for exercise in chapter.exercises) == pytest.approx(20)
    assert sum(grading.get("points", 0) for _, _, grading in cells) == 20


def test_each_solution_gets_full_marks_alone(notebook):
    """Alone: a learner may leave out the exercises before it."""
    chapter, cells = notebook
    for exercise in chapter.exercises:
        source = next(s for _, s, grading in cells if grading.get("grade_id") == f"{exercise.id}-answer")
        answer = run([source])[exercise.id]
        for seed in WATCHED:
            report = evaluate(exercise.id, answer, seed)
            assert report.score == report.points, report.text


def test_each_stub_is_worth_nothing(notebook):
    chapter, cells = notebook
    for exercise in chapter.exercises:
        source = next(s for _, s, grading in cells if grading.get("grade_id") == f"{exercise.id}-answer")
        report = evaluate(exercise.id, run([stub(source)])[exercise.id], 0)
        assert report.score == 0, report.text


def stub(source):
    """What nbgrader's ClearSolutions makes of a solution."""
    kept, hiding = [], False
    for line in source.splitlines():
        if "### BEGIN SOLUTION" in line:
            hiding = True
            kept.append(line[: len(line) - len(line.lstrip())] + "raise NotImplementedError()")
        if not hiding:
            kept.append(line)
        if "### END SOLUTION" in line:
            hiding = False
    return "\n".join(kept)


def test_what_is_there_to_play_with_runs(notebook):
    """The lines that the learner is to uncomment, after the solutions."""
    _, cells = notebook
    code = [(source, grading) for kind, source, grading in cells if kind == "code"]
    sources = [source for source, grading in code if grading.get("solution")]
    plays = [source.replace("\n# ", "\n").removeprefix("# ") for source, grading in code if not grading]
    assert plays
    run([*sources, *plays])
