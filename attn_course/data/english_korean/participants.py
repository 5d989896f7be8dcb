"""Who takes part in a clause: subjects, objects, receivers and companions."""

from attn_course.data.english_korean import nouns
from attn_course.data.english_korean.noun_phrases import NounPhrase, both, common, name, pronoun, relative_of
from attn_course.data.english_korean.verbs import Verb
from attn_course.data.english_korean.writing import Dice

PEOPLES_PRONOUNS = ("I", "you", "he", "she", "we", "they")
FIRST_PERSON = ("I", "we")


def object_of(dice: Dice, verb: Verb, subject: NounPhrase) -> NounPhrase:
    """An object that fits the verb."""
    if verb.person_object and dice.chance(0.55):
        free = [p for p in PEOPLES_PRONOUNS if not clash(p, subject, dice)]
        if free and dice.chance(0.3):
            chosen = dice.pick(free)
            dice.used.add(chosen)
            return pronoun(chosen, case=1)
        return person(dice)
    single = verb.base == "wear"  # nobody wears coats, or likes three eggs
    few = verb.state or single
    first = common(dice, dice.fresh(verb.objects), as_object=True, numerals=not few, plural=not single)
    if first.noun and not first.described and dice.adds(0.15):
        partner = dice.fresh([noun for noun in verb.objects if noun.kinds == first.noun.kinds])
        if partner is not first.noun:
            return both(first, common(dice, partner, as_object=True, numerals=False, plural=not single))
    return first


def clash(candidate: str, subject: NounPhrase, dice: Dice) -> bool:
    """Whether a pronoun could be taken for the subject, or for somebody named before."""
    if candidate in dice.used or candidate == subject.pronoun:
        return True
    return candidate in FIRST_PERSON and subject.pronoun in FIRST_PERSON


def person(dice: Dice, as_object: bool = True, numerals: bool = True) -> NounPhrase:
    """Somebody: a name, a relative, or a noun."""
    if dice.chance(0.4):
        return name(dice)
    if dice.chance(0.3):
        return relative_of(dice)
    return common(dice, dice.fresh(nouns.PEOPLE), as_object, numerals)


def animate(
    dice: Dice, avoid: NounPhrase | None = None, pronouns: tuple[str, ...] = PEOPLES_PRONOUNS, numerals: bool = True
) -> NounPhrase:
    """A person who does something.

    Args:
        dice: chance.
        avoid: somebody who must not be meant again.
        pronouns: that may stand for the person.
        numerals: whether there may be "three students".
    """
    if dice.chance(0.35):
        free = [p for p in pronouns if p not in dice.used and not (avoid and clash(p, avoid, dice))]
        if free:
            chosen = dice.pick(free)
            dice.used.add(chosen)
            return pronoun(chosen)
    found = person(dice, as_object=False, numerals=numerals)
    dice.used.add(found.pronoun)
    return found


def animal(dice: Dice, numerals: bool = True) -> NounPhrase:
    """An animal that does something."""
    return common(dice, dice.fresh(nouns.ANIMALS), as_object=False, numerals=numerals)
