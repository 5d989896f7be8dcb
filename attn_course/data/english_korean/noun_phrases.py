"""Noun phrases: determiners, adjectives, numerals with their counters, possessors, pronouns and names.

English "two small dogs" is 작은 개 두 마리, "Minsu's bag" 민수의 가방, "my mother" 우리 어머니. Articles have no Korean
word. -들 stands for the plural of people ("students" 학생들) and of animals that are known ("the cats" 고양이들).
Not marked is the plural of things, of all animals of a kind ("likes cats" 고양이를 좋아한다) and after a numeral.
"""

from dataclasses import dataclass

from attn_course.data.english_korean import english
from attn_course.data.english_korean.conjugation import ending
from attn_course.data.english_korean.nouns import COUNTED, FAMILY, NAMES, NUMERALS, PEOPLE, Noun
from attn_course.data.english_korean.particles import particle
from attn_course.data.english_korean.tenses import ends_in_exist
from attn_course.data.english_korean.verbs import QUALITIES
from attn_course.data.english_korean.writing import Dice, Morph, Word, morphs, words

KOREAN_PRONOUNS = {"I": "나", "you": "너", "he": "그", "she": "그녀", "we": "우리", "they": "그들"}
BEFORE_SUBJECT_PARTICLE = {"나": "내", "너": "네"}
POSSESSIVES = {"my": "내", "your": "네", "our": "우리"}
QUALITIES_OF = {
    noun.kinds: tuple(q for q in QUALITIES if set(q.kinds) & set(noun.kinds)) for noun in [*COUNTED, *FAMILY]
}


@dataclass
class NounPhrase:
    """A noun phrase in both languages; its particle is added where its role is known.

    Attributes:
        english: tokens.
        korean: tokens, without a particle.
        head: the English noun, to which its particles are linked.
        pronoun: the one that agrees with it.
        known: a pronoun, a name, or somebody's: it can be the topic of a sentence.
        noun: of the lexicon; None for pronouns and for two nouns joined by "and".
        heavy: a relative clause describes it.
        described: an adjective, numeral or possessor stands in it.
    """

    english: list[Word]
    korean: list[Morph]
    head: Word
    pronoun: str
    known: bool
    noun: Noun | None = None
    heavy: bool = False
    described: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """What may be said about it."""
        return self.noun.kinds if self.noun else ("person",)

    def marked(self, role: str, *linked: Word) -> list[Morph]:
        """The Korean tokens with the particle of a role, linked to `linked` or, without, to the noun."""
        before = self.korean
        if role == "subject" and before[-1].text in BEFORE_SUBJECT_PARTICLE:
            before = [Morph(BEFORE_SUBJECT_PARTICLE[before[-1].text], before[-1].words)]
        token = particle(role, before[-1].text.strip("-"))
        return [*before, Morph(token, linked or (self.head,))]


def pronoun(text: str, case: int = 0) -> NounPhrase:
    """A personal pronoun; case 0 is the subject's, 1 the object's."""
    word = Word(english.PRONOUNS[text][case])
    return NounPhrase([word], morphs(KOREAN_PRONOUNS[text], word), word, text, known=True)


def name(dice: Dice) -> NounPhrase:
    """A person's name."""
    noun = dice.fresh(NAMES)
    word = Word(noun.english)
    return NounPhrase([word], morphs(noun.korean, word), word, noun.pronouns[0], known=True, noun=noun)


def relative_of(dice: Dice) -> NounPhrase:
    """Somebody's mother, friend and the like: "my mother" 우리 어머니, "Minsu's friend" 민수의 친구."""
    noun = dice.fresh(FAMILY) if dice.chance(0.6) else dice.fresh([n for n in PEOPLE if "relation" in n.kinds])
    return possessed(dice, noun)


def possessed(dice: Dice, noun: Noun) -> NounPhrase:
    """A noun with a possessor."""
    head = Word(noun.english)
    if dice.chance(0.5):
        possessive = Word(dice.pick(tuple(POSSESSIVES)))
        ours = noun in FAMILY and possessive.text == "my"  # one's own family is "our" family in Korean
        front, before = [possessive], morphs("우리" if ours else POSSESSIVES[possessive.text], possessive)
    else:
        owner = name(dice)
        mark = Word("'s")
        front, before = [*owner.english, mark], owner.marked("의", mark)
    return NounPhrase(
        [*front, head],
        [*before, *morphs(noun.korean, head)],
        head,
        dice.pick(noun.pronouns),
        True,
        noun,
        described=True,
    )


def common(dice: Dice, noun: Noun, as_object: bool, numerals: bool = True, plural: bool = True) -> NounPhrase:
    """A noun of the lexicon with a determiner, and perhaps an adjective or a numeral.

    Args:
        dice: chance.
        noun: which one.
        as_object: whether all of a kind ("cats") may be meant.
        numerals: whether it may be counted.
        plural: whether there may be several.
    """
    if noun in FAMILY or ("relation" in noun.kinds and dice.chance(0.7)):
        return possessed(dice, noun)
    if noun.counter and numerals and dice.adds(0.2):
        return counted(dice, noun)
    if not noun.mass and {"thing", "ware", "relation"} & set(noun.kinds) and dice.adds(0.2):
        return possessed(dice, noun)
    front, before = adjective(dice, noun)
    several = plural and not noun.mass and "person" not in noun.kinds[1:] and dice.chance(0.25)
    head = Word(english.plural(noun.english) if several else noun.english)
    if dice.chance(0.1) and not several and not noun.mass:
        determiner = Word("this")
        front, before = [determiner, *front], [*morphs("이", determiner), *before]
    elif noun.mass:
        front = [*words("the" if dice.chance(0.3) and "study" not in noun.kinds else ""), *front]
    elif dice.chance(0.5) or (several and not as_object):
        front = [Word("the"), *front]
    elif not several:
        front = [Word(english.article((front[0] if front else head).text)), *front]
    korean = [*before, *morphs(noun.korean, head)]
    known = bool(front) and front[0].text == "the"
    if several and ("person" in noun.kinds or ("animal" in noun.kinds and known)):
        korean.append(Morph(particle("들", noun.korean), (head,)))
    this = bool(front) and front[0].text == "this"
    agrees = "they" if several else dice.pick(noun.pronouns)
    return NounPhrase([*front, head], korean, head, agrees, this, noun, described=len(before) > 0)


def adjective(dice: Dice, noun: Noun) -> tuple[list[Word], list[Morph]]:
    """An adjective that fits the noun, or nothing."""
    fitting = QUALITIES_OF.get(noun.kinds, ())
    if not fitting or not dice.adds(0.35):
        return [], []
    chosen = dice.fresh(fitting)
    word = Word(chosen.english)
    kind = "는" if ends_in_exist(chosen.stem) else "past adnominal"
    return [word], [*morphs(f"{chosen.stem}-", word), Morph("-" + ending(kind, chosen.stem), (word,))]


def counted(dice: Dice, noun: Noun) -> NounPhrase:
    """A numeral with its counter: "three books" 책 세 권, "two cups of tea" 차 두 잔."""
    number, numeral = dice.pick(NUMERALS)
    front, before = adjective(dice, noun)
    amount = Word(number)
    if noun.container:
        container, head = Word(f"{noun.container}{'es' if noun.container == 'glass' else 's'}"), Word(noun.english)
        phrase = [amount, container, Word("of"), *front, head]
        counter = morphs(noun.counter, container)
    else:
        head = Word(english.plural(noun.english))
        phrase = [amount, *front, head]
        counter = morphs(noun.counter, head)
    korean = [*before, *morphs(noun.korean, head), *morphs(numeral, amount), *counter]
    return NounPhrase(phrase, korean, head, "they", False, noun, described=True)


def both(first: NounPhrase, second: NounPhrase) -> NounPhrase:
    """Two noun phrases joined: "Minsu and the child" 민수와 아이. The second is not counted: 개와 새 세 마리 are three."""
    joiner = Word("and")
    korean = [*first.marked("with", joiner), *second.korean]
    known = first.known and second.known
    return NounPhrase([*first.english, joiner, *second.english], korean, second.head, "they", known)
