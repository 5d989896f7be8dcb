"""Every token of both languages, from the lexicon and the grammar: the same vocabulary whatever sample is drawn."""

from attn_course.data.english_korean import conjugation, english, nouns, particles, verbs
from attn_course.data.english_korean.adverbials import DAYS, DAYTIMES, DISTANT
from attn_course.data.english_korean.clauses import SAYING
from attn_course.data.english_korean.encoding import Vocabulary
from attn_course.data.english_korean.noun_phrases import BEFORE_SUBJECT_PARTICLE, KOREAN_PRONOUNS, POSSESSIVES

ENGLISH_FUNCTION_WORDS = """
    a an the this of 's , and but so because before after when if that who whom to from with by at in on every
    today will would had can could cannot not n't want wants wanted do does did am is are was were
""".split()
KOREAN_FUNCTION_WORDS = "안 이 오늘 매일 날씨 자기 함께 -이-".split()
KOREAN_STEMS = "있 오 모르".split()


def english_vocabulary() -> Vocabulary:
    """All English tokens, in alphabetical order after the special ones."""
    found = [*ENGLISH_FUNCTION_WORDS, *verbs.MANNERS, *verbs.FREQUENCY, *POSSESSIVES]
    for noun in [*nouns.COUNTED, *nouns.FAMILY, *nouns.NAMES]:
        found.append(noun.english)
        if noun in nouns.COUNTED and not noun.mass:
            found.append(english.plural(noun.english))
        if noun.container:
            found.append(english.plural(noun.container))
    for verb in verbs.VERBS:
        found += [verb.base, verb.past, english.third_person(verb.base)]
        if not verb.state:
            found.append(verb.participle)
    found += [adjective.english for adjective in (*verbs.QUALITIES, *verbs.FEELINGS)]
    found += [word for word, _ in verbs.WEATHER]
    for base, past, _ in verbs.RAIN:
        found += [past, english.third_person(base)]
    for base, _ in SAYING["present"]:
        found += [base, english.third_person(base)]
    found += [form for form, _ in SAYING["past"]]
    found += [case for pronoun in KOREAN_PRONOUNS for case in english.PRONOUNS[pronoun][:2]]
    found.append("it")
    found += [place.english for place in nouns.PLACES]
    found += [noun for noun, _ in (*nouns.VEHICLES, *nouns.WEEKDAYS, *nouns.NUMERALS)]
    found += [noun for tools in nouns.TOOLS.values() for _, noun, _ in tools]
    found += [noun for _, noun, _ in DAYTIMES] + [word for word, _ in (*DAYS.values(), *DISTANT.values())]
    return Vocabulary(sorted(set(found)))


def korean_vocabulary() -> Vocabulary:
    """All Korean tokens, in the order of Unicode after the special ones."""
    found = [*KOREAN_FUNCTION_WORDS, *verbs.MANNERS.values(), *verbs.FREQUENCY.values(), *POSSESSIVES.values()]
    found += [*KOREAN_PRONOUNS.values(), *BEFORE_SUBJECT_PARTICLE.values()]
    for noun in [*nouns.COUNTED, *nouns.FAMILY, *nouns.NAMES]:
        found += [noun.korean, *([noun.counter] if noun.counter else [])]
    stems = [verb.stem for verb in verbs.VERBS] + [a.stem for a in (*verbs.QUALITIES, *verbs.FEELINGS)]
    stems += [stem for _, stem in (*verbs.WEATHER, *SAYING["past"])] + KOREAN_STEMS
    found += [f"{stem}-" for stem in stems]
    found += [falling for _, _, falling in verbs.RAIN]
    found += [place.korean for place in nouns.PLACES]
    found += [korean for _, korean in (*nouns.VEHICLES, *nouns.WEEKDAYS, *nouns.NUMERALS)]
    found += [korean for tools in nouns.TOOLS.values() for _, _, korean in tools]
    found += [korean for _, _, korean in DAYTIMES] + [word for _, word in (*DAYS.values(), *DISTANT.values())]
    found += [f"-{form}" for forms in particles.FORMS.values() for form in forms]
    found += [f"-{form}" for form in particles.SAME_EVERYWHERE]
    endings = conjugation.BY_FINAL | {kind: tuple(forms.split()) for kind, forms in conjugation.HARMONIC.items()}
    endings |= {kind: (kind,) for kind in conjugation.SAME_EVERYWHERE}
    found += [conjugation.token(kind, form) for kind, forms in endings.items() for form in forms]
    return Vocabulary(sorted(set(found)))
