"""Adverbials of time and place: "in the morning" 아침에, "every Sunday" 일요일마다, "at school" 학교에서.

A particle is linked to the preposition that it translates, and to the noun where English has none ("last Monday"
지난 월요일에).
"""

from typing import NamedTuple

from attn_course.data.english_korean.nouns import WEEKDAYS, Place
from attn_course.data.english_korean.writing import Dice, Morph, Word, morphs, words

DAYTIMES = [
    ("in the", "morning", "아침"),
    ("in the", "evening", "저녁"),
    ("in the", "afternoon", "오후"),
    ("at", "night", "밤"),
]
DAYS = {"past": ("yesterday", "어제"), "future": ("tomorrow", "내일")}
DISTANT = {"past": ("last", "지난"), "future": ("next", "다음")}


class Adverbial(NamedTuple):
    """A phrase in both languages."""

    english: list[Word]
    korean: list[Morph]


def time(dice: Dice, tense: str) -> Adverbial:
    """A time that fits a tense ("past", "present" or "future")."""
    kind = dice.pick(("day", "weekday", "daytime"))
    if kind == "daytime" or (kind == "day" and tense == "present" and dice.chance(0.5)):
        before, noun, korean = dice.pick(DAYTIMES)
        if tense == "present" and dice.chance(0.5) and noun != "afternoon" and noun != "night":
            every, word = Word("every"), Word(noun)
            return Adverbial([every, word], [*morphs("매일", every), *morphs(korean, word)])
        front, word = words(before), Word(noun)
        return Adverbial([*front, word], [*morphs(korean, word), Morph("-에", (front[0],))])
    if kind == "day" and tense != "present":
        english, korean = DAYS[tense] if dice.chance(0.7) else ("today", "오늘")
        word = Word(english)
        return Adverbial([word], morphs(korean, word))
    day, korean = dice.pick(WEEKDAYS)
    word = Word(day)
    if tense == "present":
        every = Word("every")
        return Adverbial([every, word], [*morphs(korean, word), Morph("-마다", (every,))])
    if dice.chance(0.5):
        english, distance = DISTANT[tense]
        which = Word(english)
        return Adverbial([which, word], [*morphs(distance, which), *morphs(korean, word), Morph("-에", (word,))])
    on = Word("on")
    return Adverbial([on, word], [*morphs(korean, word), Morph("-에", (on,))])


def place(chosen: Place, preposition: str, particle: str) -> Adverbial:
    """A place with an English preposition and a Korean particle."""
    front, noun = Word(preposition), Word(chosen.english)
    article = words("the" if chosen.article else "")
    return Adverbial([front, *article, noun], [*morphs(chosen.korean, noun), Morph(f"-{particle}", (front,))])
