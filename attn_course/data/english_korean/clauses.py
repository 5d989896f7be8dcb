"""Clauses with one subject: chains of predicates, reported speech, and what gives their reason or time.

| English                          | Korean              | when                                                   |
|----------------------------------|---------------------|--------------------------------------------------------|
| "ate and slept"                  | 먹고 잤다           | -고; the last verb alone carries the tense             |
| "went to school and read"        | 학교에 가서 읽었다  | -아서/어서 after going and coming: what follows is there |
| "because he was tired"           | 피곤해서            | -아서/어서 after adjectives                            |
| "because he met Sumi"            | 수미를 만났기 때문에 | -기 때문에 after verbs                                 |
| "was tired, so he slept"         | 피곤해서 잤다       | -아서/어서                                             |
| "before he ate", "after he ate"  | 먹기 전에, 먹은 후에 |                                                        |
| "when he came", "if he comes"    | 왔을 때, 오면       |                                                        |
| "said that he had eaten"         | 먹었다고 말했다     |                                                        |

A pronoun that repeats the subject of the clause around it has no Korean word. A subject is the topic, -은/는, where it is
a pronoun, a name, somebody's or "this", where the sentence says what it is like, and where a clause with a subject of its
own or with -기 때문에 follows; otherwise, and in every clause
inside another, it is -이/가. Subjects that "and" or "but" holds against each
other are all topics.
"""

from dataclasses import dataclass
from typing import NamedTuple

from attn_course.data.english_korean import adverbials
from attn_course.data.english_korean.english import PRONOUNS
from attn_course.data.english_korean.noun_phrases import NounPhrase, both, pronoun
from attn_course.data.english_korean.participants import animal, animate
from attn_course.data.english_korean.particles import particle
from attn_course.data.english_korean.predicates import (
    VERBS_OF,
    Predicate,
    Room,
    describe,
    feelings_of,
    of_verb,
    predicate,
    quality,
)
from attn_course.data.english_korean.tenses import VerbGroup, adjective_group, verb_group
from attn_course.data.english_korean.verbs import LEADS_TO, RAIN, WEATHER, Verb
from attn_course.data.english_korean.writing import Dice, Morph, Word, morphs

# Tenses under "said that", by the tense of "said": of events and of states.
REPORTED_EVENTS = {"past": ("earlier", "later"), "present": ("past", "future")}
REPORTED_STATES = {"past": "meanwhile", "present": "present"}
SAYING = {"past": [("said", "말하"), ("thought", "생각하")], "present": [("say", "말하"), ("think", "생각하")]}
MOVING = ("call", "help", "meet", "love", "like")  # what somebody may do to another that is a reason
MOTIVES = {"past": "meet see love like know work live hear", "present": "love like know work live teach"}
NOT_THE_SUBJECT = ("I", "you", "we")  # pronouns that no third person can be


class Inside(NamedTuple):
    """A clause inside another, complete in both languages.

    Attributes:
        english: tokens.
        korean: tokens.
        topic: makes the subject around it the topic: a second subject stands in it, or it ends in -기 때문에 after -이/가,
            which would seem to be its own subject.
    """

    english: list[Word]
    korean: list[Morph]
    topic: bool


@dataclass
class Clause:
    """A clause in both languages whose last Korean ending is still open.

    Attributes:
        english: tokens.
        korean: tokens before the last stem.
        group: the last verb.
    """

    english: list[Word]
    korean: list[Morph]
    group: VerbGroup


def chain(
    dice: Dice, subject: NounPhrase, count: int, tense: str, room: Room, events: bool | None, among: str = ""
) -> tuple[Clause, list[Predicate]]:
    """Several predicates of one subject, without the subject: "ate an apple, drank tea and slept".

    The first is `among` the verbs named, where the subject does one of them; the other arguments are those of
    `predicate`.
    """
    if count > 1:
        if events is None:
            events = tense != "present" or "person" not in subject.kinds or dice.chance(0.75)
        room = Room(moods=False, habits=False, additions=room.additions, relatives=room.relatives, last=room.last)
    inner = Room(moods=False, habits=False, additions=room.additions, relatives=0, last=False)
    parts = []
    for number in range(count):
        last = number == count - 1
        parts.append(predicate(dice, subject, tense, room if last else inner, events, "" if number else among))
    words, tokens = list(parts[0].english), list(parts[0].before)
    for number in range(1, count):
        before, part = parts[number - 1], parts[number]
        joiner = Word("and" if number == count - 1 else ",")
        tokens += before.group.joined("because" if before.goes else "고", joiner)
        if tense in ("future", "earlier", "later"):  # one auxiliary serves all
            auxiliary, part.group.tensed = part.group.tensed, parts[0].group.tensed
            part.english = [word for word in part.english if word is not auxiliary]
        words += [joiner, *part.english]
        tokens += part.before
    return Clause(words, tokens, parts[-1].group), parts


def subject_of(dice: Dice, tense: str, relative: bool) -> NounPhrase:
    """Somebody, or an animal, of whom a sentence speaks."""
    found = animate(dice) if dice.chance(0.72) else animal(dice)
    dice.used.add(found.pronoun)
    if found.noun and dice.adds(0.1) and not found.described:
        partner = animate(dice, pronouns=()) if "person" in found.kinds else animal(dice)
        partner_kinds = partner.noun.kinds if partner.noun else ()
        if partner.noun is not found.noun and partner_kinds[0] == found.kinds[0]:
            kinds = found.noun
            found = both(found, partner)
            found.noun = kinds if "animal" in kinds.kinds else None
            dice.used.add("they")
            return found
    if relative and dice.adds(0.35):
        describe(dice, found, None, tense, 1)
    return found


def embedded_subject(dice: Dice, outer: NounPhrase) -> tuple[list[Word], list[Morph], NounPhrase]:
    """The subject of a clause inside another: the outer one again, without a Korean word, or somebody else."""
    if dice.chance(0.5):
        return [Word(PRONOUNS[outer.pronoun][0])], [], outer
    other = animate(dice, avoid=outer, pronouns=NOT_THE_SUBJECT)
    return other.english, other.marked("subject"), other


def reason(dice: Dice, outer: NounPhrase, parts: list[Predicate], tense: str) -> Inside | None:
    """Why: "because ..." after its clause in English, before the predicate in Korean; None where there is no reason.

    The reason is a feeling or the weather that leads to what is done, something that somebody did to the subject
    ("because Sumi called him"), or something that the subject did.
    """
    because = Word("because")
    spoken = "present" if tense == "future" else tense
    done = {part.base for part in parts}
    kind = dice.random.random()
    weathers = [(text, stem) for text, stem in WEATHER if done & set(LEADS_TO[text].split())]
    if weathers and kind < 0.2:
        group = adjective_group(*dice.pick(weathers), "it", spoken)
        return Inside([because, Word("it"), *group.english], group.joined("because", because), topic=False)
    falling = [row for row in RAIN if done & set(LEADS_TO[row[0]].split())]
    if falling and kind < 0.35 and spoken == "past":
        clause = weather(dice.pick(falling), "past")
        korean = [*clause.korean, *_because(clause.group, because)]
        return Inside([because, *clause.english], korean, topic=True)
    again = Word(PRONOUNS[outer.pronoun][0])
    feelings = [row for row in feelings_of(outer) if done & set(LEADS_TO[row[0]].split())]
    if feelings and kind < 0.6:
        group = adjective_group(*dice.pick(feelings), outer.pronoun, spoken)
        return Inside([because, again, *group.english], group.joined("because", because), topic=False)
    if "person" not in outer.kinds:
        return None
    if dice.chance(0.4):
        room = Room(moods=False, habits=False)
        clause, _ = chain(dice, outer, 1, spoken, room, None, among=MOTIVES[spoken])
        korean = [*clause.korean, *_because(clause.group, because)]
        return Inside([because, again, *clause.english], korean, topic=True)
    other = animate(dice, avoid=outer, pronouns=NOT_THE_SUBJECT)
    events = spoken == "past" and dice.chance(0.7)
    fitting = [verb for verb in VERBS_OF["person"] if verb.base in MOVING and verb.state != events]
    verb = dice.pick([verb for verb in fitting if verb.base not in dice.used] or fitting)
    room = Room(moods=False, habits=False, additions=False)
    part = of_verb(dice, verb, other, spoken, room, pronoun(outer.pronoun, case=1))
    korean = [*other.marked("subject"), *part.before, *_because(part.group, because)]
    return Inside([because, *other.english, *part.english], korean, topic=True)


def _because(group: VerbGroup, because: Word) -> list[Morph]:
    return group.tensed_joined("기 때문에", because)


def moment(dice: Dice, outer: NounPhrase, tense: str) -> Inside:
    """What the subject did before or after."""
    joiner = Word(dice.pick(("before", "after")))
    again = Word(PRONOUNS[outer.pronoun][0])
    spoken = "present" if tense == "future" else tense
    clause, parts = chain(dice, outer, 1, spoken, Room(moods=False, habits=False), events=True)
    closed = clause.group.joined("기 전에" if joiner.text == "before" else "after", joiner)
    return Inside([joiner, again, *clause.english], [*clause.korean, *closed], topic=parts[0].nested)


def weather(row: tuple[str, str, str], tense: str) -> Clause:
    """Rain and snow: "it rained" 비가 왔다, of a row of `verbs.RAIN`."""
    base, past, falling = row
    verb = Verb(base, past, past, "오", "alone", "", (), False, "", "", (), False, False)
    group = verb_group(verb, "it", tense)
    korean = [*morphs(falling, group.verb), Morph(particle("subject", falling), (group.verb,))]
    return Clause([Word("it"), *group.english], korean, group)


def condition(dice: Dice, tense: str) -> tuple[list[Word], list[Morph]]:
    """When and if: "when ..." and "if ..." before their clause, with the comma."""
    joiner = Word("when" if tense == "past" or dice.chance(0.4) else "if")
    spoken = "present" if tense == "future" else tense
    if dice.chance(0.25):
        clause = weather(dice.pick(RAIN), spoken)
        words, tokens = [], []
    else:
        subject = animate(dice) if dice.chance(0.8) else animal(dice)
        dice.used.add(subject.pronoun)
        clause, _ = chain(dice, subject, 1, spoken, Room(moods=False, habits=False, nested=False), events=True)
        words, tokens = subject.english, subject.marked("subject")
    closed = clause.group.tensed_joined("when", joiner) if joiner.text == "when" else clause.group.joined("if", joiner)
    return [joiner, *words, *clause.english, Word(",")], [*tokens, *clause.korean, *closed]


def speech(dice: Dice, subject: NounPhrase, count: int, tense: str) -> Clause:
    """What is said and thought: "said that ..." and "thinks that ...", without the subject."""
    form, stem = dice.pick(SAYING[tense])
    if tense == "present":
        verb = Verb(form, form, form, stem, "alone", "", (), True, "", "", (), False, False)
        group = verb_group(verb, subject.pronoun, "present")
    else:
        word = Word(form)
        group = VerbGroup([word], [Morph(f"{stem}-", (word,))], "verb", "past", word, word)
    that = Word("that")
    words, tokens, inner = embedded_subject(dice, subject)
    events = dice.chance(0.7)
    reported = dice.pick(REPORTED_EVENTS[tense]) if events else REPORTED_STATES[tense]
    room = Room(moods=False, habits=False, nested=inner is subject)
    if not events and dice.chance(0.4):
        state = quality(dice, inner, reported)
        clause = Clause(state.english, state.before, state.group)
    else:
        clause, _ = chain(dice, inner, count, reported, room, events)
    return Clause(
        [*group.english, that, *words, *clause.english], [*tokens, *clause.korean, *clause.group.quoted(that)], group
    )


def time_of(dice: Dice, parts: list[Predicate], tense: str) -> adverbials.Adverbial | None:
    """A time for the whole chain, where it happens at one and the sentence has not named it before."""
    if not all(part.timed for part in parts) or not dice.adds(0.6):
        return None
    found = adverbials.time(dice, tense)
    named = found.english[-1].text
    if named in dice.used:
        return None
    dice.used.add(named)
    return found
