"""Hangul syllables taken apart and put together again, by the arithmetic of Unicode.

A precomposed syllable (U+AC00 to U+D7A3) is a leading consonant, a vowel and a final consonant, which may
be none: its code point is U+AC00 + (lead * 21 + vowel) * 28 + final. The order of the three lists is that of
the Unicode Standard, section 3.12.
"""

LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ["", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"]
FIRST, LAST = ord("가"), ord("힣")


def is_syllable(character: str) -> bool:
    """Tell whether a character is a whole Hangul syllable."""
    return FIRST <= ord(character) <= LAST


def parts(syllable: str) -> tuple[str, str, str]:
    """Take a syllable apart: 값 is ("ㄱ", "ㅏ", "ㅄ"), 가 is ("ㄱ", "ㅏ", "").

    Raises:
        ValueError: the character is no Hangul syllable.
    """
    if not is_syllable(syllable):
        raise ValueError(f"a Hangul syllable such as 가 is asked, but {syllable!r} was given.")
    index = ord(syllable) - FIRST
    return LEADS[index // 588], VOWELS[index // 28 % 21], FINALS[index % 28]


def syllable(lead: str, vowel: str, final: str = "") -> str:
    """Put a syllable together: the inverse of `parts`."""
    return chr(FIRST + (LEADS.index(lead) * 21 + VOWELS.index(vowel)) * 28 + FINALS.index(final))


def final(word: str) -> str:
    """The final consonant of the last syllable of a word; "" where it ends in a vowel."""
    return parts(word[-1])[2]


def with_final(word: str, consonant: str) -> str:
    """The word with this final consonant in its last syllable, or with none for ""."""
    lead, vowel, _ = parts(word[-1])
    return word[:-1] + syllable(lead, vowel, consonant)
