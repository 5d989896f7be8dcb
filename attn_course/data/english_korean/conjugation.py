"""Verb endings: which form follows a stem, and how the two are written together.

A stem is a token with a hyphen on its right, 먹-, an ending one with a hyphen on its left, -는다; what
stands between a stem and the last ending has both, -었-. `ending` chooses among the forms of an ending
(먹-는다 but 가-ㄴ다, 먹-었- but 가-았-), `attach` writes stem and ending as one word:

    vowel harmony    -아 after ㅏ and ㅗ, -어 after other vowels, -여 after 하: 살았다, 먹었다, 했다
    contraction      가+았다 갔다, 보+았다 봤다, 마시+었다 마셨다, 배우+었다 배웠다, 보내+었다 보냈다
    stems in ㅡ      lose it before a vowel: 쓰+었다 썼다, 아프+았다 아팠다
    stems in 르      most double the ㄹ: 모르+았다 몰랐다, 부르+었다 불렀다
    stems in ㄹ      lose it before ㄴ: 만들+는 만드는, 만들+ㄴ다 만든다
    some in ㅂ       turn it into 우, 돕- into 오 before 아: 돕+았다 도왔다, 춥+은 추운
    some in ㄷ       turn it into ㄹ before a vowel: 듣+었다 들었다, but 듣고

Source: the National Institute of Korean Language's 한글 맞춤법 (Korean orthography), articles 16, 18 and 34 to 36.
"""

from attn_course.data.english_korean import hangul

B_IRREGULAR = ("돕", "춥", "덥", "귀엽", "무겁", "가볍", "어렵", "쉽", "아름답", "뜨겁", "차갑", "고맙", "눕")
D_IRREGULAR = ("듣", "걷")
COPULAS = ("이", "아니")

# Forms after a consonant, after a vowel, and after ㄹ.
BY_FINAL = {
    "plain": ("는다", "ㄴ다", "ㄴ다"),
    "past adnominal": ("은", "ㄴ", "ㄴ"),
    "future adnominal": ("을", "ㄹ", "ㄹ"),
    "if": ("으면", "면", "면"),
    "purpose": ("으러", "러", "러"),
    # Endings of several written words, which grammars list as one.
    "future": ("을 것이다", "ㄹ 것이다", "ㄹ 것이다"),
    "future quoted": ("을 것이", "ㄹ 것이", "ㄹ 것이"),
    "can": ("을 수 있", "ㄹ 수 있", "ㄹ 수 있"),
    "cannot": ("을 수 없", "ㄹ 수 없", "ㄹ 수 없"),
    "when": ("을 때", "ㄹ 때", "ㄹ 때"),
    "after": ("은 후에", "ㄴ 후에", "ㄴ 후에"),
}
HARMONIC = {"past": "았 었 였", "past plain": "았다 었다 였다", "because": "아서 어서 여서"}
SAME_EVERYWHERE = ("다", "고", "지만", "는", "라고", "기 때문에", "기 전에", "지 않", "고 싶", "고 싶어 하")
OPEN = ("past", "future quoted", "can", "cannot", "지 않", "고 싶", "고 싶어 하")  # another ending follows these


def ending(kind: str, stem: str) -> str:
    """The form of an ending that follows a stem, without hyphens.

    Args:
        kind: a key of `BY_FINAL` or `HARMONIC`, or one of `SAME_EVERYWHERE`.
        stem: the stem, without hyphens, such as 먹.

    Returns:
        The form, such as 는다.

    Raises:
        ValueError: there is no such ending, or the stem does not end in a Hangul syllable.
    """
    if kind in SAME_EVERYWHERE:
        return kind
    if kind in BY_FINAL:
        consonant = hangul.final(stem)
        return BY_FINAL[kind][0 if consonant not in ("", "ㄹ") else 1 if consonant == "" else 2]
    if kind not in HARMONIC:
        known = ", ".join((*BY_FINAL, *HARMONIC, *SAME_EVERYWHERE))
        raise ValueError(f"kind must be one of {known}, but is {kind!r}.")
    bright, dark, after_ha = HARMONIC[kind].split()
    if stem.endswith("하"):
        return after_ha
    if stem in B_IRREGULAR:
        return bright if stem == "돕" else dark
    vowel = hangul.parts(stem[-1])[1]
    if vowel == "ㅡ" and hangul.final(stem) == "" and len(stem) > 1:
        vowel = hangul.parts(stem[-2])[1]  # ㅡ is lost, and the vowel before it decides: 아프, 모르
    return bright if vowel in "ㅏㅗ" else dark


def token(kind: str, form: str) -> str:
    """A form of an ending with its hyphens: one on the left, and one on the right where another ending follows."""
    return f"-{form}-" if kind in OPEN else f"-{form}"


def attach(stem: str, suffix: str) -> str:
    """Write a stem and an ending as one word; both without hyphens, such as 가 and 았다."""
    if suffix[0] in "ㄴㄹ":
        return _with_bare_consonant(stem, suffix)
    if suffix[0] == "는" and hangul.final(stem) == "ㄹ":
        return hangul.with_final(stem, "") + suffix
    lead, vowel, _ = hangul.parts(suffix[0])
    if lead != "ㅇ":
        return stem + suffix
    if stem in D_IRREGULAR:
        return hangul.with_final(stem, "ㄹ") + suffix
    if vowel in "ㅏㅓㅕ":
        return _with_vowel(stem, suffix)
    if stem in B_IRREGULAR:  # 춥+은 추운, 춥+으면 추우면
        return hangul.with_final(stem, "") + hangul.syllable("ㅇ", "ㅜ", hangul.final(suffix[0])) + suffix[1:]
    return stem + suffix


def _with_bare_consonant(stem: str, suffix: str) -> str:
    """-ㄴ and -ㄹ become the final consonant of the stem: 가+ㄴ다 간다, 만들+ㄴ 만든, 만들+ㄹ 만들."""
    return hangul.with_final(stem, suffix[0]) + suffix[1:]


def _with_vowel(stem: str, suffix: str) -> str:
    """Endings that begin with 아, 어 or 여, a final consonant below it or not."""
    below, rest = hangul.final(suffix[0]), suffix[1:]
    if stem in B_IRREGULAR:
        vowel = "ㅘ" if stem == "돕" else "ㅝ"
        return hangul.with_final(stem, "") + hangul.syllable("ㅇ", vowel, below) + rest
    lead, vowel, consonant = hangul.parts(stem[-1])
    if consonant or stem in COPULAS or vowel == "ㅟ":
        return stem + suffix
    if stem.endswith("하"):
        return stem[:-1] + hangul.syllable("ㅎ", "ㅐ", below) + rest
    if stem.endswith("르") and len(stem) > 1:
        return hangul.with_final(stem[:-1], "ㄹ") + hangul.syllable("ㄹ", hangul.parts(suffix[0])[1], below) + rest
    contracted = {"ㅡ": hangul.parts(suffix[0])[1], "ㅗ": "ㅘ", "ㅜ": "ㅝ", "ㅣ": "ㅕ", "ㅚ": "ㅙ"}.get(vowel, vowel)
    return stem[:-1] + hangul.syllable(lead, contracted, below) + rest
