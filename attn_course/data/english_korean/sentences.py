"""Whole sentences: clauses of different subjects, joined by "and" and "but", opened by "when" and "if".

A Korean time stands after a topic (그녀는 어제 ...), unless English opens with it (어제 그녀는 ...), but before a
subject in -이/가 (어제 고양이가 ...). A clause of reason or of before and after follows the subject; a topic's time stands
after a reason (나는 피곤해서 어제 잤다), but ahead of before and after (나는 어제 먹은 후에 잤다). All clauses of one
sentence share its tense; -고 takes -었- where the subjects differ (민수는 먹었고 수미는 잤다), -지만 always does.
"""

from attn_course.data.english_korean import clauses
from attn_course.data.english_korean.clauses import Clause, Inside
from attn_course.data.english_korean.english import PRONOUNS
from attn_course.data.english_korean.noun_phrases import NounPhrase
from attn_course.data.english_korean.predicates import Room, feelings_of
from attn_course.data.english_korean.tenses import adjective_group
from attn_course.data.english_korean.verbs import LEADS_TO
from attn_course.data.english_korean.writing import Dice, Morph, Word

TENSES = ("past", "past", "present", "future")


def sentence(dice: Dice, count: int) -> tuple[list[Word], list[Morph]]:
    """Write a sentence of about `count` clauses."""
    tense = dice.pick(TENSES)
    english: list[Word] = []
    korean: list[Morph] = []
    conditional = count > 1 and dice.chance(0.25)
    if conditional:
        english, korean = clauses.condition(dice, tense)
        count -= 1
    sizes = _shares(dice, count)
    joiners = [
        Word("and" if number < len(sizes) - 2 or dice.chance(0.4) else "but") for number in range(len(sizes) - 1)
    ]
    if tense == "future":
        joiners = [Word("and") for _ in joiners]
    for number, size in enumerate(sizes):
        # A relative clause at the front would seem to begin with the clause before it, unless that ends in -었고 or -었지만:
        # 의사를 보고 시를 쓴 소년은 is a boy who saw the doctor.
        relative = not english or (number > 0 and tense == "past")
        clause = group(dice, size, tense, len(sizes) > 1, not english, not conditional, relative)
        english += clause.english
        korean += clause.korean
        if number == len(joiners):
            korean += clause.group.plain()
        else:
            english += [Word(","), joiners[number]]
            korean += joined(clause, joiners[number])
    return english, korean


def joined(clause: Clause, joiner: Word) -> list[Morph]:
    """The last verb of a clause with the ending that says "and" or "but"."""
    if joiner.text == "but":
        return clause.group.tensed_joined("지만", joiner)
    return clause.group.tensed_joined("고", joiner)


def _shares(dice: Dice, count: int) -> list[int]:
    """How many clauses each subject gets."""
    if count == 1 or (count <= 3 and dice.chance(0.6)):
        return [count]
    if count <= 5 or dice.chance(0.4):
        first = 1 + int(dice.random.random() * (count - 1))
        return [first, count - first]
    third = count // 3
    return [third, third, count - 2 * third]


def group(dice: Dice, count: int, tense: str, contrast: bool, opening: bool, timed: bool, relative: bool) -> Clause:
    """Everything that is said of one subject, in about `count` clauses.

    Args:
        dice: chance.
        count: how many clauses.
        tense: "past", "present" or "future".
        contrast: the subject is held against another: it is the topic.
        opening: the group begins the sentence: its time may do so.
        timed: it may name a time or tell a state; after "when" and "if" something happens then.
        relative: a relative clause may describe the subject.
    """
    subject = clauses.subject_of(dice, tense, relative=relative and count < 4)
    kinds = ["chain"]
    if count > 1:
        kinds += ["reason", "reason", "moment"]
        if "person" in subject.kinds and timed:
            kinds += ["so"] + (["speech"] if tense != "future" and subject.pronoun != "it" else [])
    kind = dice.pick(kinds)
    if kind == "speech":
        said = clauses.speech(dice, subject, count - 1, tense)
        return Clause([*subject.english, *said.english], [*subject.marked("topic"), *said.korean], said.group)
    if kind == "so":
        return _therefore(dice, subject, count, tense)
    return _told(dice, subject, count, tense, kind, contrast, opening, timed)


def _therefore(dice: Dice, subject: NounPhrase, count: int, tense: str) -> Clause:
    """What follows from a feeling: "Minsu was tired, so he slept" 민수는 피곤해서 잤다."""
    so = Word("so")
    text, stem = dice.pick(feelings_of(subject))
    state = adjective_group(text, stem, subject.pronoun, "present" if tense == "future" else tense)
    again = Word(PRONOUNS[subject.pronoun][0])
    room = Room(moods=False, habits=False, bare=False)
    what, _ = clauses.chain(dice, subject, min(count - 1, 3), tense, room, True, among=LEADS_TO[text])
    korean = [*subject.marked("topic"), *state.joined("because", so), *what.korean]
    return Clause([*subject.english, *state.english, Word(","), so, again, *what.english], korean, what.group)


def _told(
    dice: Dice, subject: NounPhrase, count: int, tense: str, kind: str, contrast: bool, opening: bool, timed: bool
) -> Clause:
    """A chain of predicates, with a time and, where `kind` says so, a reason or what came before or after."""
    tail = kind in ("reason", "moment")
    events = True if tense == "future" or tail or not timed else None
    room = Room(last=not tail, moods=not tail, habits=kind != "reason")
    what, parts = clauses.chain(dice, subject, min(4, count - tail), tense, room, events)
    english, inside, why = list(what.english), Inside([], [], topic=False), None
    time = clauses.time_of(dice, parts, tense) if timed and kind != "moment" else None
    at_front = time is not None and opening and not subject.heavy and (parts[-1].heavy or dice.chance(0.3))
    if at_front:
        dice.used.add(clauses.OPENED)
    elif time:
        if parts[-1].heavy:
            time = None  # it would be taken to belong to the relative clause
        else:
            english += time.english
    if tail:
        why = clauses.reason(dice, subject, parts, tense) if kind == "reason" and not parts[-1].heavy else None
        inside = why or clauses.moment(dice, subject, tense, timed=time is not None)
        english += inside.english
    moment = time.korean if time else []
    heavy = subject.heavy or inside.topic or any(part.heavy for part in parts)
    # Before a relative clause a time would be taken to belong to it: 어제 빵을 먹은 남자가.
    if contrast or subject.known or parts[0].quality or heavy:
        topic = subject.marked("topic")
        front = [*moment, *topic, *inside.korean] if at_front else [*topic, *inside.korean, *moment]
        if not at_front and time and inside.korean and not why:  # the time of "after he ate" goes before it
            front = [*topic, *moment, *inside.korean]
    else:
        front = [*moment, *subject.marked("subject"), *inside.korean]
    start = time.english if time and at_front else []
    return Clause([*start, *subject.english, *english], [*front, *what.korean], what.group)
