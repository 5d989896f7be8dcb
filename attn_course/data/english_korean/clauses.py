"""Clauses with one subject: chains of predicates, reported speech, and what gives their reason or time.

| English                          | Korean              | when                                                   |
|----------------------------------|---------------------|--------------------------------------------------------|
| "ate and slept"                  | 먹고 잤다           | -고; the last verb alone carries the tense             |
| "went to school and read"        | 학교에 가서 읽었다  | -아서/어서 after going and coming: what follows is there |
| "went to school and read in the park" | 학교에 가고 공원에서 읽었다 | -고, where what follows has a place of its own |
| "because he was tired"           | 피곤해서            | -아서/어서 after adjectives                            |
| "because it was cold"            | 날씨가 추워서       | the same of the weather; rain and snow are verbs       |
| "because he met Sumi"            | 수미를 만났기 때문에 | -기 때문에 after verbs                                 |
| "was tired, so he slept"         | 피곤해서 잤다       | -아서/어서                                             |
| "before he ate", "after he ate"  | 먹기 전에, 먹은 후에 |                                                        |
| "when he came", "if he comes"    | 왔을 때, 오면       |                                                        |
| "said that he had eaten"         | 먹었다고 말했다     |                                                        |

A pronoun that repeats the subject of the clause around it has no Korean word. A subject is the topic, -은/는, where it is
a pronoun, a name, somebody's or "this", where a relative clause describes it, where the sentence says what it is like, and
where a relative clause, -(으)러, -기 때문에 or a clause with a subject of its own follows; otherwise, and in every clause
inside another, it is -이/가. Subjects that "and" or "but" holds against each other are all topics.
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
MOVING = ("call", "help", "love", "like")  # what somebody may do to another that is a reason
MOTIVES = {"past": ("meet", "love"), "present": ("love", "know")}
WEATHERED = "the weather"  # in what the dice have used: a sentence speaks of the weather once
OPENED = "a time at the front"  # the same of a time that opens the sentence: it holds for all that follows
NOT_THE_SUBJECT = ("I", "you", "we")  # pronouns that no third person can be


class Inside(NamedTuple):
    """A clause inside another, complete in both languages.

    Attributes:
        english: tokens.
        korean: tokens.
        topic: makes the subject around it the topic: a second subject stands in it, or -이/가 before it would seem to be
            its own subject, as before -기 때문에 and a relative clause.
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

    The first and the last are `among` the verbs named, where the subject does them; the other arguments are those of
    `predicate`.
    """
    if count > 1:
        if events is None:
            events = tense != "present" or "person" not in subject.kinds or dice.chance(0.75)
        room = Room(
            moods=False, habits=False, additions=room.additions, relatives=room.relatives, bare=False, last=room.last
        )
    inner = Room(moods=False, habits=False, additions=room.additions, relatives=0, last=False)
    parts = []
    for number in range(count):
        last = number == count - 1
        left = among if number == 0 else " ".join(base for base in among.split() if last and base not in dice.used)
        parts.append(predicate(dice, subject, tense, room if last else inner, events, left))
    words, tokens = list(parts[0].english), list(parts[0].before)
    for number in range(1, count):
        before, part = parts[number - 1], parts[number]
        joiner = Word("and" if number == count - 1 else ",")
        there = before.goes and not part.placed
        tokens += before.group.joined("because" if there else "고", joiner)
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
        human = "person" in found.kinds
        partner = animate(dice, pronouns=(), numerals=False) if human else animal(dice, numerals=False)
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


def embedded_subject(dice: Dice, outer: NounPhrase, again: bool) -> tuple[list[Word], list[Morph], NounPhrase]:
    """The subject of a clause inside another: the outer one again, without a Korean word, or somebody else."""
    if again and dice.chance(0.5):
        return [Word(PRONOUNS[outer.pronoun][0])], [], outer
    other = animate(dice, avoid=outer, pronouns=NOT_THE_SUBJECT)
    return other.english, other.marked("subject"), other


def reason(dice: Dice, outer: NounPhrase, parts: list[Predicate], tense: str) -> Inside | None:
    """Why: "because ..." after its clause in English, before the predicate in Korean; None where there is no reason.

    The reason is a feeling, the weather, something that somebody did to the subject ("because Sumi called him"), or
    what the subject feels for somebody; it leads to the first and to the last of what is done.
    """
    because = Word("because")
    spoken = "present" if tense == "future" else tense
    first, final = parts[0].base, parts[-1].base

    def leads(cause: str) -> bool:
        return {first, final} <= set(LEADS_TO[cause].split())

    kind = dice.random.random()
    dry = WEATHERED not in dice.used
    weathers = [row for row in WEATHER if dry and leads(row[0])]
    if weathers and kind < 0.3:
        dice.used.add(WEATHERED)
        group = adjective_group(*dice.pick(weathers), "it", spoken)
        korean = [*_falling("날씨", group.verb), *group.joined("because", because)]
        return Inside([because, Word("it"), *group.english], korean, topic=True)
    falling = [row for row in RAIN if dry and leads(row[0])]
    if falling and kind < 0.5 and spoken == "past":
        dice.used.add(WEATHERED)
        clause = weather(dice.pick(falling), "past")
        korean = [*clause.korean, *_because(clause.group, because)]
        return Inside([because, *clause.english], korean, topic=True)
    again = Word(PRONOUNS[outer.pronoun][0])
    feelings = [row for row in feelings_of(outer) if leads(row[0])]
    if feelings and kind < 0.8:
        group = adjective_group(*dice.pick(feelings), outer.pronoun, spoken)
        return Inside([because, again, *group.english], group.joined("because", because), topic=False)
    if "person" not in outer.kinds:
        return None
    if dice.chance(0.2):
        room = Room(moods=False, habits=False)
        motives = [base for base in MOTIVES[spoken] if leads(base)]
        if not motives:
            return None
        clause, _ = chain(dice, outer, 1, spoken, room, None, among=" ".join(motives))
        korean = [*clause.korean, *_because(clause.group, because)]
        return Inside([because, again, *clause.english], korean, topic=True)
    other = animate(dice, avoid=outer, pronouns=NOT_THE_SUBJECT)
    events = spoken == "past" and dice.chance(0.7)
    fitting = [v for v in VERBS_OF["person"] if v.base in MOVING and v.state != events and leads(v.base)]
    if not fitting:
        return None
    verb = dice.pick([verb for verb in fitting if verb.base not in dice.used] or fitting)
    room = Room(moods=False, habits=False, additions=False)
    part = of_verb(dice, verb, other, spoken, room, _again(outer))
    korean = [*other.marked("subject"), *part.before, *_because(part.group, because)]
    return Inside([because, *other.english, *part.english], korean, topic=True)


def _again(outer: NounPhrase) -> NounPhrase:
    """The subject of the clause around as an object: "him" 자기, "them" 자기들, but "me" 나."""
    found = pronoun(outer.pronoun, case=1)
    if outer.pronoun not in NOT_THE_SUBJECT:
        found.korean = morphs("자기 -들" if outer.pronoun == "they" else "자기", found.head)
    return found


def _falling(noun: str, said: Word) -> list[Morph]:
    """Rain, snow and the weather as the subject of their own clause: 비가, 눈이, 날씨가."""
    return [*morphs(noun, said), Morph(particle("subject", noun), (said,))]


def _because(group: VerbGroup, because: Word) -> list[Morph]:
    return group.tensed_joined("기 때문에", because)


def moment(dice: Dice, outer: NounPhrase, tense: str, timed: bool) -> Inside:
    """What the subject did before or after.

    Args:
        dice: chance.
        outer: the subject.
        tense: of the clause around it.
        timed: a time stands before it, which a relative clause in it would draw to itself.
    """
    joiner = Word(dice.pick(("before", "after")))
    again = Word(PRONOUNS[outer.pronoun][0])
    spoken = "present" if tense == "future" else tense
    before = joiner.text == "before"
    # How and where is not said of what is still to come: nobody rests "before he slept well".
    room = Room(moods=False, habits=False, additions=not before, relatives=0 if timed else 1)
    clause, parts = chain(dice, outer, 1, spoken, room, events=True)
    closed = clause.group.joined("기 전에" if before else "after", joiner)
    return Inside([joiner, again, *clause.english], [*clause.korean, *closed], topic=parts[0].heavy)


def weather(row: tuple[str, str, str], tense: str) -> Clause:
    """Rain and snow: "it rained" 비가 왔다, of a row of `verbs.RAIN`."""
    base, past, falling = row
    verb = Verb(base, past, past, "오", "alone", "", (), False, "", "", (), False, False)
    group = verb_group(verb, "it", tense)
    return Clause([Word("it"), *group.english], _falling(falling, group.verb), group)


def condition(dice: Dice, tense: str) -> tuple[list[Word], list[Morph]]:
    """When and if: "when ..." and "if ..." before their clause, with the comma."""
    joiner = Word("when" if tense == "past" or dice.chance(0.4) else "if")
    spoken = "present" if tense == "future" else tense
    if dice.chance(0.25):
        dice.used.add(WEATHERED)
        clause = weather(dice.pick(RAIN), spoken)
        words, tokens = [], []
    else:
        subject = animate(dice) if dice.chance(0.8) else animal(dice)
        dice.used.add(subject.pronoun)
        clause, _ = chain(dice, subject, 1, spoken, Room(moods=False, habits=False, relatives=0), events=True)
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
    # Without a subject of its own a chain would seem to begin outside: 나는 웃고 울었다고 말한다 is "I laugh and say".
    words, tokens, inner = embedded_subject(dice, subject, again=count == 1)
    events = dice.chance(0.7)
    reported = dice.pick(REPORTED_EVENTS[tense]) if events else REPORTED_STATES[tense]
    room = Room(moods=False, habits=False, relatives=1 if inner is subject else 0)
    if not events and inner is not subject and dice.chance(0.6):
        state = quality(dice, inner, reported)
        clause = Clause(state.english, state.before, state.group)
    else:
        clause, _ = chain(dice, inner, count, reported, room, events)
    return Clause(
        [*group.english, that, *words, *clause.english], [*tokens, *clause.korean, *clause.group.quoted(that)], group
    )


def time_of(dice: Dice, parts: list[Predicate], tense: str) -> adverbials.Adverbial | None:
    """A time for the whole chain, where it happens at one and the sentence has not named it before."""
    if OPENED in dice.used or not all(part.timed for part in parts) or not dice.adds(0.6):
        return None
    found = adverbials.time(dice, tense)
    named = found.english[-1].text
    if named in dice.used:
        return None
    dice.used.add(named)
    return found
