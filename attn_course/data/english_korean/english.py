"""English forms: plurals, the third person, articles, the verb "be" and pronouns."""

IRREGULAR_PLURALS = {"child": "children", "man": "men", "woman": "women", "mouse": "mice", "wife": "wives"}
# subject, object, possessive
PRONOUNS = {
    "I": ("I", "me", "my"),
    "you": ("you", "you", "your"),
    "he": ("he", "him", "his"),
    "she": ("she", "her", "her"),
    "it": ("it", "it", "its"),
    "we": ("we", "us", "our"),
    "they": ("they", "them", "their"),
}
THIRD_SINGULAR = ("he", "she", "it")


def plural(noun: str) -> str:
    """The plural of a countable noun."""
    if noun in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[noun]
    return _with_s(noun)


def third_person(verb: str) -> str:
    """The form of the present tense after he, she and it."""
    return {"have": "has"}.get(verb) or _with_s(verb)


def _with_s(word: str) -> str:
    if word.endswith(("s", "x", "ch", "sh", "z", "o")):
        return word if word.endswith("photo") else word + "es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def article(next_word: str) -> str:
    """The indefinite article, "an" before a vowel, "a" elsewhere: the letter decides for every word of the lexicon."""
    return "an" if next_word[0] in "aeiou" else "a"


def be(pronoun: str, past: bool) -> str:
    """The form of "be" that agrees with a pronoun."""
    if past:
        return "was" if pronoun == "I" or pronoun in THIRD_SINGULAR else "were"
    return "am" if pronoun == "I" else "is" if pronoun in THIRD_SINGULAR else "are"


def do(pronoun: str, past: bool) -> str:
    """The form of "do" that agrees with a pronoun."""
    return "did" if past else "does" if pronoun in THIRD_SINGULAR else "do"
