"""Verb groups: an English verb with its auxiliaries, a Korean stem, and the endings that close it.

| English               | Korean             | in                                             |
|-----------------------|--------------------|------------------------------------------------|
| eats                  | 먹는다             | "present"                                      |
| ate                   | 먹었다             | "past"                                         |
| will eat              | 먹을 것이다        | "future"                                       |
| had eaten             | 먹었다             | "earlier": past seen from the past             |
| would eat             | 먹을 것이다        | "later": future seen from the past             |
| liked                 | 좋아한다           | "meanwhile": present seen from the past        |

The last three stand after "said that" and "thought that": English moves the tense one step back, Korean keeps the tense
that was said. Negation is "did not eat" 먹지 않았다, and "didn't eat" 안 먹었다; ability is "can eat" 먹을 수 있다; a wish
is "wants to eat" 먹고 싶어 한다, of oneself and of "you" 먹고 싶다.

A group's stem is linked to the verb, the ending of tense and mood (-었다, -는다, -ㄹ 것이다) to the English word that
carries the tense: the verb itself, or its auxiliary.
"""

from dataclasses import dataclass

from attn_course.data.english_korean import english
from attn_course.data.english_korean.conjugation import ending, token
from attn_course.data.english_korean.verbs import Verb
from attn_course.data.english_korean.writing import Morph, Word, words

KOREAN_TENSE = {"earlier": "past", "later": "future", "meanwhile": "present"}
PAST_FORMS = ("past", "meanwhile")  # written with the English past


@dataclass
class VerbGroup:
    """A verb in both languages, its last Korean ending still open.

    Attributes:
        english: auxiliaries and verb.
        stem: Korean tokens, of which the last ends in a hyphen and waits for an ending.
        kind: "verb" or "adjective": how the plain present and the present before a noun are formed.
        tense: the Korean one: "past", "present" or "future".
        tensed: the English word that carries the tense.
        verb: the English word that says what is done.
    """

    english: list[Word]
    stem: list[Morph]
    kind: str
    tense: str
    tensed: Word
    verb: Word

    def add(self, kind: str, *linked: Word) -> Morph:
        """The form of an ending that follows the stem, linked to these words."""
        return after(self.stem, kind, *linked)

    def plain(self) -> list[Morph]:
        """Stem and the ending that closes a sentence: 먹는다, 먹었다, 먹을 것이다."""
        present = "plain" if self.kind == "verb" else "다"
        kind = {"past": "past plain", "future": "future"}.get(self.tense, present)
        return [*self.stem, self.add(kind, self.tensed)]

    def quoted(self, that: Word) -> list[Morph]:
        """Stem and ending before 말했다 and 생각했다: 먹었다고, 먹을 것이라고, 의사라고."""
        if self.tense == "future":
            return [*self.stem, self.add("future quoted", self.tensed), Morph("-라고", (that,))]
        if self.stem[-1].text == "-이-" and self.tense == "present":
            return [*self.stem, Morph("-라고", (that,))]
        return [*self.plain(), Morph("-고", (that,))]

    def joined(self, kind: str, joiner: Word) -> list[Morph]:
        """Stem and an ending without tense that joins clauses: 먹고, 가서, 먹으면, 먹기 전에."""
        return [*self.stem, self.add(kind, joiner)]

    def tensed_joined(self, kind: str, joiner: Word) -> list[Morph]:
        """Stem, -었- in the past, and an ending that joins clauses: 먹었고, 먹었지만, 먹지만, 먹었을 때."""
        if self.tense != "past":
            return self.joined(kind, joiner)
        stem = [*self.stem, self.add("past", self.tensed)]
        return [*stem, after(stem, kind, joiner)]

    def before_noun(self, relative: Word) -> list[Morph]:
        """Stem and the ending that makes the clause describe a noun: 먹은, 먹는, 먹을."""
        if self.tense == "future":
            return self.joined("future adnominal", relative)
        quality = self.kind == "adjective" and not ends_in_exist(self.stem[-1].text)
        return self.joined("past adnominal" if self.tense == "past" or quality else "는", relative)


def after(stem: list[Morph], kind: str, *linked: Word) -> Morph:
    """The form of an ending that follows the last of these tokens, linked to these words."""
    return Morph(token(kind, ending(kind, stem[-1].text.strip("-"))), linked)


def ends_in_exist(stem: str) -> bool:
    """Stems in 있 and 없 take -는 before a noun even as adjectives: 맛있는."""
    return stem.strip("-").endswith(("있", "없"))


def verb_group(verb: Verb, subject: str, tense: str, mood: str = "") -> VerbGroup:
    """Conjugate a verb.

    Args:
        verb: of the lexicon.
        subject: the pronoun that stands for its subject.
        tense: one of the table above.
        mood: "", "not", "n't", "can", "cannot" or "want"; moods other than "" go with "present" and "past", and "not"
            with "future" too.
    """
    korean_tense = KOREAN_TENSE.get(tense, tense)
    past = tense in PAST_FORMS
    if mood == "want":
        return _wish(verb, subject, past)
    if mood in ("can", "cannot"):
        return _ability(verb, past, mood == "cannot")
    if tense in ("future", "earlier", "later"):
        auxiliary = {"future": "will", "earlier": "had", "later": "would"}[tense]
        parts = [auxiliary, "not"] if mood else [auxiliary]
        form = verb.participle if tense == "earlier" else verb.base
    elif mood:
        parts, form = [english.do(subject, past), mood], verb.base
    else:
        parts = []
        form = (
            verb.past if past else english.third_person(verb.base) if subject in english.THIRD_SINGULAR else verb.base
        )
    auxiliaries, word = words(" ".join(parts)), Word(form)
    tensed = auxiliaries[0] if auxiliaries else word
    stem = [Morph(f"{verb.stem}-", (word,))]
    if mood and verb.base == "know":  # not to know is a verb of its own in Korean
        stem = [Morph("모르-", (word, auxiliaries[1]))]
    elif mood == "not":
        stem.append(after(stem, "지 않", auxiliaries[1]))
    elif mood == "n't":
        stem = [Morph("안", (auxiliaries[1],)), *stem]
    return VerbGroup([*auxiliaries, word], stem, "verb", korean_tense, tensed, word)


def _ability(verb: Verb, past: bool, negative: bool) -> VerbGroup:
    """Can eat 먹을 수 있다, could eat 먹을 수 있었다, cannot eat 먹을 수 없다."""
    auxiliary = Word("could" if past else "cannot" if negative else "can")
    word = Word(verb.base)
    stem = [Morph(f"{verb.stem}-", (word,))]
    stem.append(after(stem, "cannot" if negative else "can", auxiliary))
    return VerbGroup([auxiliary, word], stem, "adjective", "past" if past else "present", auxiliary, word)


def _wish(verb: Verb, subject: str, past: bool) -> VerbGroup:
    """I want to eat 먹고 싶다, she wants to eat 먹고 싶어 한다."""
    form = "wanted" if past else english.third_person("want") if subject in english.THIRD_SINGULAR else "want"
    want, word = Word(form), Word(verb.base)
    stem = [Morph(f"{verb.stem}-", (word,))]
    own = subject in ("I", "we", "you")
    stem.append(after(stem, "고 싶" if own else "고 싶어 하", want))
    kind = "adjective" if own else "verb"
    return VerbGroup([want, Word("to"), word], stem, kind, "past" if past else "present", want, word)


def adjective_group(text: str, stem: str, subject: str, tense: str, mood: str = "") -> VerbGroup:
    """Conjugate an adjective: "is small" 작다, "was not small" 작지 않았다; `mood` is "" or "not"."""
    be, word = Word(english.be(subject, tense in PAST_FORMS)), Word(text)
    korean = [Morph(f"{stem}-", (word,))]
    negation = words(mood)
    if negation:
        korean.append(after(korean, "지 않", negation[0]))
    return VerbGroup([be, *negation, word], korean, "adjective", KOREAN_TENSE.get(tense, tense), be, word)


def copula_group(subject: str, tense: str) -> VerbGroup:
    """Conjugate "be" between nouns: 의사이다, 의사였다; the second noun is written by the caller."""
    be = Word(english.be(subject, tense in PAST_FORMS))
    return VerbGroup([be], [Morph("-이-", (be,))], "adjective", KOREAN_TENSE.get(tense, tense), be, be)


def being_group(subject: str, tense: str) -> VerbGroup:
    """Conjugate "be" with a place: 방에 있다, 방에 있었다."""
    be = Word(english.be(subject, tense in PAST_FORMS))
    return VerbGroup([be], [Morph("있-", (be,))], "adjective", KOREAN_TENSE.get(tense, tense), be, be)
