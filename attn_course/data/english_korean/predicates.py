"""What is said of a subject: a verb with its objects and adverbials, an adjective, a profession, a place.

In English the additions follow the verb, in Korean they stand before it:

    subject  often  verb  object  receiver  goal  manner  tool  company  place
    subject  often  place  company  tool  goal  receiver  object  manner  verb

Company stands before the place where somebody lives: 민수와 함께 서울에 산다.
"""

from dataclasses import dataclass, field

from attn_course.data.english_korean import adverbials, nouns
from attn_course.data.english_korean.english import THIRD_SINGULAR, article
from attn_course.data.english_korean.noun_phrases import NounPhrase
from attn_course.data.english_korean.participants import animate, object_of, person
from attn_course.data.english_korean.particles import particle
from attn_course.data.english_korean.tenses import (
    VerbGroup,
    adjective_group,
    being_group,
    copula_group,
    verb_group,
)
from attn_course.data.english_korean.verbs import FEELINGS, FREQUENCY, MANNERS, QUALITIES, VERBS, Verb
from attn_course.data.english_korean.writing import Dice, Morph, Word, morphs, words

VERBS_OF = {
    kind: tuple(verb for verb in VERBS if kind in verb.subjects.split())
    for kind in ("person", "animal", "hunter", "grazer", "pet", "songbird")
}


@dataclass
class Predicate:
    """A predicate in both languages, its Korean ending still open.

    Attributes:
        english: everything after the subject.
        group: verb or adjective, see `tenses`.
        before: Korean tokens between the subject and the verb.
        quality: says what the subject is like, and so makes it the topic.
        base: the English verb; "" for adjectives, professions and places.
        timed: happens at some time, which may be named.
        goes: somewhere, so that what follows happens there.
        placed: names a place of its own, and so does not happen where somebody went before.
        heavy: ends in a clause of its own in English: nothing may follow that could be taken to belong to it. In Korean
            this clause stands in front, and a subject in -이/가 would be taken for its subject.
    """

    english: list[Word]
    group: VerbGroup
    before: list[Morph] = field(default_factory=list)
    quality: bool = False
    base: str = ""
    timed: bool = False
    goes: bool = False
    placed: bool = False
    heavy: bool = False


@dataclass(frozen=True)
class Room:
    """What a predicate may hold, by where it stands.

    Attributes:
        moods: negation, ability and wishes.
        habits: "often" and the like.
        additions: those of place, manner, company and tools.
        relatives: how many relative clauses may stand in one another; none after an open -이/가, which would be read as
            the subject of the first.
        bare: its relative clause may be without a subject of its own. After another clause of the same subject such a
            clause would seem to begin there: 나는 밥을 먹고 책을 산 남자를 만났다 is about a man who ate.
        last: nothing follows in the English sentence, or a comma does: the object may be heavy.
    """

    moods: bool = True
    habits: bool = True
    additions: bool = True
    relatives: int = 1
    bare: bool = True
    last: bool = True


def verbs_of(subject: NounPhrase, tense: str, moods: bool = False) -> list[Verb]:
    """The verbs that the subject can do and whose tense can be seen: "you read" is present or past, and is always past.

    Nobody "knew" somebody, for 알았다 is "got to know"; "did not know" 몰랐다 is written where there may be `moods`.
    """
    found = [verb for kind in subject.kinds for verb in VERBS_OF.get(kind, ())]
    if tense == "earlier" or (tense == "past" and not moods):
        return [verb for verb in found if verb.base != "know"]
    if tense == "present" and subject.pronoun not in THIRD_SINGULAR:
        return [verb for verb in found if verb.base != verb.past]
    return found


def predicate(
    dice: Dice, subject: NounPhrase, tense: str, room: Room, events: bool | None = None, among: str = ""
) -> Predicate:
    """Draw a predicate for a subject.

    Args:
        dice: chance.
        subject: of whom it is said.
        tense: see `tenses`.
        room: what it may hold.
        events: True for events alone, False for states alone, None for both and for adjectives.
        among: where the subject does any of these verbs, it is one of them.
    """
    fitting = verbs_of(subject, tense, room.moods)
    if among:
        fitting = [verb for verb in fitting if verb.base in among.split()] or fitting
    if events is None and not among and dice.chance(0.12):
        return quality(dice, subject, tense)
    if events is not None:
        fitting = [verb for verb in fitting if verb.state != events] or fitting
    verb = dice.pick([verb for verb in fitting if verb.base not in dice.used] or fitting)
    dice.used.add(verb.base)
    return of_verb(dice, verb, subject, tense, room)


def of_verb(
    dice: Dice, verb: Verb, subject: NounPhrase, tense: str, room: Room, thing: NounPhrase | None = None
) -> Predicate:
    """The predicate of one verb; its object is `thing`, or drawn."""
    group = verb_group(verb, subject.pronoun, tense, mood(dice, verb, tense) if room.moods else "")
    plain = len(group.english) == 1
    found = Predicate(list(group.english), group, base=verb.base)
    often: list[Morph] = []
    habitual = room.habits and plain and not verb.state and tense in ("present", "past")
    if habitual and dice.adds(0.25 if tense == "past" else 0.5):
        adverb = Word(dice.pick(tuple(FREQUENCY)))
        found.english = [adverb, *found.english]
        often = morphs(FREQUENCY[adverb.text], adverb)
    complement, company, tool, place, manner = ([] for _ in range(5))
    if verb.objects:
        thing = thing or object_of(dice, verb, subject)
        open_end = room.last and verb.frame != "giving" and verb.base not in ("make", "write")
        if open_end and room.relatives and dice.adds(0.4):
            describe(dice, thing, subject, tense, room.relatives - 1, room.bare)
        found.heavy = thing.heavy
        found.english += thing.english
        complement = thing.marked("object")
    found.timed = not verb.state and not often and (plain or tense != "present")
    found.goes = verb.frame == "goal"
    additions = room.additions and not found.heavy
    if verb.frame == "giving":
        to, receiver = Word("to"), person(dice)
        found.english += [to, *receiver.english]
        complement = [*receiver.marked("에게", to), *complement]
    goal = way(dice, verb, subject, found, additions and plain) if verb.frame == "goal" else []
    additions = additions and not found.heavy
    if verb.manners and additions and plain and not often and dice.adds(0.3):
        adverb = Word(dice.pick(verb.manners))
        found.english.append(adverb)
        manner = morphs(MANNERS[adverb.text], adverb)
    if verb.tools and additions and not manner and dice.adds(0.5):
        a, noun, korean = dice.pick(nouns.TOOLS[verb.tools])
        preposition, word = Word("with"), Word(noun)
        found.english += [preposition, *words(a), word]
        tool = [*morphs(korean, word), Morph(particle("by", korean), (preposition,))]
    if verb.together and "person" in subject.kinds and additions and not tool and not manner and dice.adds(0.25):
        preposition, friend = Word("with"), person(dice)
        found.english += [preposition, *friend.english]
        # Without 함께 the companion would be taken for one more object: 수미와 고양이를 봤다.
        company = [*friend.marked("with", preposition), *morphs("함께", preposition)]
    if verb.at and (additions or verb.frame == "place") and (verb.frame == "place" or dice.adds(0.45)):
        spot = dice.fresh(places(verb.at, subject))
        where = adverbials.place(spot, spot.at, "에" if verb.frame == "place" else "에서")
        found.english += where.english
        place = where.korean
    found.placed = bool(place) or verb.frame == "goal"
    if thing and thing.heavy:  # in front of its relative clause "often" would seem to belong to that
        often, manner = [], often
    around = [*company, *place] if verb.frame == "place" else [*place, *company]
    found.before = [*often, *around, *tool, *goal, *complement, *manner]
    return found


def places(use: str, subject: NounPhrase) -> list[nouns.Place]:
    """The places of a use that the subject visits: animals are not seen at the bank."""
    roaming = "animal" in subject.kinds
    return [place for place in nouns.PLACES if use in place.uses and (not roaming or "roam" in place.uses)]


def way(dice: Dice, verb: Verb, subject: NounPhrase, found: Predicate, additions: bool) -> list[Morph]:
    """Where somebody goes or comes from, by what, and what for: 친구를 만나러 버스로 역에 갔다."""
    spot = dice.fresh(places("goal", subject))
    away = verb.base != "go" and dice.chance(0.3)
    goal = adverbials.place(spot, "from" if away else "to", "에서" if away else "에")
    found.english += goal.english
    korean = goal.korean
    human = "person" in subject.kinds
    far = "rest" not in spot.uses  # nobody takes the bus to the garden
    if human and far and additions and len(found.english) < 5 and dice.adds(0.4):
        preposition = Word("by")
        vehicle, hangul = dice.pick(nouns.VEHICLES)
        word = Word(vehicle)
        found.english += [preposition, word]
        korean = [*morphs(hangul, word), Morph(particle("by", hangul), (preposition,)), *korean]
    there = [v for v in VERBS_OF["person"] if v.at in spot.uses and v.objects and not v.state and v.base != "sell"]
    if human and additions and there and not away and dice.adds(0.35):
        purpose, to = dice.pick(there), Word("to")
        dice.used.add(purpose.base)
        group = verb_group(purpose, "they", "present")
        thing = object_of(dice, purpose, subject)
        found.english += [to, *group.english, *thing.english]
        korean = [*thing.marked("object"), *group.joined("purpose", to), *korean]
        found.heavy = True
    return korean


def mood(dice: Dice, verb: Verb, tense: str) -> str:
    """Negation, ability, a wish, or none of them."""
    if verb.base == "know" and tense == "past":
        return dice.pick(("not", "n't"))
    if tense not in ("past", "present", "future") or not dice.chance(0.22):
        return ""
    if tense == "future":
        return "not"
    moods = ["not"]
    if not verb.stem.endswith("하") and verb.stem != "춤추":  # 안 stands inside these: 춤을 안 췄다
        moods.append("n't")
    if not verb.state:
        moods += ["want", "can", "can" if tense == "past" else "cannot"]
    return dice.pick(moods)


def quality(dice: Dice, subject: NounPhrase, tense: str) -> Predicate:
    """What the subject is like, what it is, or where: 작다, 의사이다, 방에 있다."""
    adjectives = [a for a in QUALITIES if set(a.kinds) & set(subject.kinds)]
    human = "person" in subject.kinds
    kinds = ["adjective", "place", "feeling", *(["job"] if human else [])]
    kind = dice.pick(kinds)
    if kind == "job" and subject.pronoun not in ("they", "we") and "job" not in subject.kinds and tense != "future":
        group = copula_group(subject.pronoun, tense)
        job = dice.fresh([noun for noun in nouns.PEOPLE if "job" in noun.kinds])
        word = Word(job.english)
        return Predicate(
            [*group.english, Word(article(job.english)), word], group, morphs(job.korean, word), quality=True
        )
    if kind == "place" and tense != "future":
        group = being_group(subject.pronoun, tense)
        spot = dice.fresh(places("goal", subject))
        where = adverbials.place(spot, spot.at, "에")
        return Predicate([*group.english, *where.english], group, where.korean, quality=True)
    fits = kind == "adjective" and adjectives and not subject.described  # small horses are neither small nor big
    return described(dice, subject, tense) if fits else feeling(dice, subject, tense)


def described(dice: Dice, subject: NounPhrase, tense: str) -> Predicate:
    """A lasting quality."""
    chosen = dice.pick([a for a in QUALITIES if set(a.kinds) & set(subject.kinds)])
    return _adjective(dice, chosen.english, chosen.stem, subject, tense)


def feeling(dice: Dice, subject: NounPhrase, tense: str) -> Predicate:
    """Hunger, tiredness and the like."""
    return _adjective(dice, *dice.pick(feelings_of(subject)), subject, tense)


def feelings_of(subject: NounPhrase) -> list[tuple[str, str]]:
    """English and Korean of what the subject can feel."""
    return [(a.english, a.stem) for a in FEELINGS if set(a.kinds) & set(subject.kinds)]


def _adjective(dice: Dice, english: str, stem: str, subject: NounPhrase, tense: str) -> Predicate:
    """An adjective after "be", now and then negated."""
    spoken = "present" if tense == "future" else tense
    group = adjective_group(english, stem, subject.pronoun, spoken, "not" if dice.chance(0.1) else "")
    return Predicate(list(group.english), group, quality=True)


def describe(
    dice: Dice, thing: NounPhrase, outside: NounPhrase | None, tense: str, depth: int, bare: bool = True
) -> None:
    """Add a relative clause to a noun phrase: after it in English, before it in Korean.

    "the man who ate an apple" 사과를 먹은 남자, "the book that Minsu bought" 민수가 산 책. States are reported in the
    present, events in the past or, in sentences about the present or future, in the future. The Korean ending is linked
    to the relative pronoun.

    Args:
        dice: chance.
        thing: the noun phrase, which is changed.
        outside: the subject of the clause around it; None where `thing` itself is it.
        tense: of the clause around it.
        depth: how many relative clauses may stand inside this one.
        bare: whether it may be without a subject of its own.
    """
    if thing.known or thing.noun is None or thing.heavy:
        return
    room = Room(moods=False, habits=False, additions=False, relatives=depth)
    human = "person" in thing.kinds
    doable = " ".join(verb.base for verb in verbs_of(thing, "meanwhile") if verb.frame != "alone")
    if doable and bare and dice.chance(0.5):
        inner = predicate(dice, thing, *_inner_tense(dice, tense, room), among=doable)
        relative = Word("who" if human else "that")
        english = [relative, *inner.english]
        korean = [*inner.before, *inner.group.before_noun(relative)]
    else:
        # What has been eaten is not there any more to be bought.
        fitting = [
            verb for verb in VERBS_OF["person"] if thing.noun in verb.objects and verb.base not in ("eat", "drink")
        ]
        fresh = [verb for verb in fitting if verb.base not in dice.used]  # nobody opens a door that was opened
        if not fresh:
            return
        doer = animate(dice, avoid=outside)
        inner_tense, _, events = _inner_tense(dice, tense, room)
        verb = dice.pick([verb for verb in fresh if verb.state != events] or fresh)
        dice.used.add(verb.base)
        inner_tense = "present" if verb.state else "past" if inner_tense == "present" else inner_tense
        group = verb_group(verb, doer.pronoun, inner_tense)
        relative = Word("whom" if human else "that")
        english = [relative, *doer.english, *group.english]
        receiver: list[Morph] = []
        if verb.frame == "giving":
            to, other = Word("to"), person(dice)
            english += [to, *other.english]
            receiver = other.marked("에게", to)
        korean = [*doer.marked("subject"), *receiver, *group.before_noun(relative)]
    thing.english = [*thing.english, *english]
    thing.korean = [*korean, *thing.korean]
    thing.heavy = True


def _inner_tense(dice: Dice, tense: str, room: Room) -> tuple[str, Room, bool]:
    """The tense of a relative clause, and whether it reports an event."""
    if dice.chance(0.3):
        return "present", room, False
    future = tense in ("future", "present") and dice.chance(0.1)
    return "future" if future else "past", room, True
