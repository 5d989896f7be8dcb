"""Particles: which form follows a noun, by the final consonant of its last syllable.

    role        after a consonant   after a vowel
    topic       은                  는
    subject     이                  가
    object      을                  를
    with        과                  와
    by          으로                로, and after the consonant ㄹ too: 지하철로

에 (to, at), 에서 (at, from), 에게 (to a person), 의 (of), 들 (several) and 마다 (every) have one form.

A particle is a token of its own and is written with a hyphen on its left, -는, as grammars do: the hyphen
shows where it is attached, and keeps the particle -이 apart from 이, "this".
"""

from attn_course.data.english_korean import hangul

FORMS = {
    "topic": ("은", "는"),
    "subject": ("이", "가"),
    "object": ("을", "를"),
    "with": ("과", "와"),
    "by": ("으로", "로"),
}
SAME_EVERYWHERE = ("에", "에서", "에게", "의", "들", "마다")


def particle(role: str, noun: str) -> str:
    """The token of the particle that follows `noun`.

    Args:
        role: a key of `FORMS`, or one of `SAME_EVERYWHERE`.
        noun: the token before it, such as 학생 or -들.

    Returns:
        The form with its hyphen, such as -은.

    Raises:
        ValueError: there is no such particle, or the noun does not end in a Hangul syllable.
    """
    if role in SAME_EVERYWHERE:
        return f"-{role}"
    if role not in FORMS:
        raise ValueError(f"role must be one of {', '.join((*FORMS, *SAME_EVERYWHERE))}, but is {role!r}.")
    consonant = hangul.final(noun)
    after_consonant, after_vowel = FORMS[role]
    open_end = consonant == "" or (role == "by" and consonant == "ㄹ")
    return f"-{after_vowel if open_end else after_consonant}"
