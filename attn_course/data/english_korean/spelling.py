"""Tokens written as people write: "she ate an apple" as "She ate an apple", 먹- -었다 as 먹었다."""

from collections.abc import Iterable

from attn_course.data.english_korean import hangul
from attn_course.data.english_korean.conjugation import attach

CLITICS = (",", "'s", "n't")  # written at the end of the word before them


def english_text(tokens: Iterable[str]) -> str:
    """An English sentence, its first letter a capital, without a full stop."""
    text = ""
    for token in tokens:
        text += token if token in CLITICS or not text else f" {token}"
    return text[:1].upper() + text[1:]


def korean_text(tokens: Iterable[str]) -> str:
    """A Korean sentence from stems, particles, endings and words.

    A token with a hyphen on its left is written together with the token before it; after a stem, which has a hyphen
    on its right, as `conjugation.attach` says. What no sentence holds, such as an ending at the beginning, is written
    as it stands, without hyphens: a model that is still learning writes such things.
    """
    finished: list[str] = []
    word, open_stem = "", ""  # what is written of the current word, and the stem at its end
    for token in tokens:
        text = token.strip("-")
        if token.startswith("-") and (word or open_stem):
            joined = _joined(word, open_stem, text) if open_stem else text
        else:
            if word or open_stem:
                finished.append(word + open_stem)
            word, open_stem, joined = "", "", text
        if token.endswith("-"):
            # -었- is added to its stem and then waits for an ending itself.
            word, open_stem = (word, joined) if not open_stem else (word + joined, "")
            if not open_stem:
                word, open_stem = word[:-1], word[-1:]
        else:
            word, open_stem = word + joined, ""
    return " ".join([*finished, word + open_stem]).strip()


def _joined(word: str, stem: str, suffix: str) -> str:
    if not hangul.is_syllable(stem[-1]) or not suffix:
        return stem + suffix
    # "be" after a noun that ends in a vowel: 의사였다 and 의사라고, but 학생이었다 and 학생이라고.
    if stem == "이" and word and hangul.is_syllable(word[-1]) and hangul.final(word) == "":
        if suffix[0] == "었":
            return "였" + suffix[1:]
        if suffix == "라고":
            return suffix
    bare = suffix[0] in "ㄴㄹ"
    if not bare and not hangul.is_syllable(suffix[0]):
        return stem + suffix
    if bare and hangul.final(stem) not in ("", "ㄹ"):
        return stem + suffix
    return attach(stem, suffix)
