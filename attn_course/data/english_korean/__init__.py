"""A small English and Korean, written together sentence by sentence, with the true links between their tokens.

English puts the verb between subject and object, Korean puts it last, and what describes a noun stands before it, so
a translation must look back and forth:

    Yesterday she met the man who ate an apple
    어제 그녀는 사과를 먹은 남자를 만났다
    yesterday she-TOPIC apple-OBJECT eat-who man-OBJECT met

A synchronous grammar writes both sides at once and remembers which word said what. Subjects do what such people and animals
do (readers read texts, cats chase mice), verbs agree, clauses share a tense, pronouns refer.

    from attn_course.data import english_korean as ek

    training, held_out = ek.split(ek.pairs(20000, seed=0))  # share no sentence, neither English nor Korean
    english, korean = ek.english_vocabulary(), ek.korean_vocabulary()
    for batch in ek.batches(training, 64, torch.Generator().manual_seed(0)):
        tensors = ek.encode(batch, english, korean)  # source, source_lengths, target_in, target_out, target_mask
    gold = ek.gold_links(held_out[:64])  # (64, target, source), True at a link
    print(ek.draw(held_out[0]))

From a terminal: `python -m attn_course.data.english_korean --count 10 --seed 3`. A file of real sentence pairs, without
links, is read by `read_sentence_pairs`.

**Tokens.** English tokens are words; "'s", "n't" and the comma are tokens of their own. Korean tokens are stems
with a hyphen on their right (먹-), particles and endings with one on their left (-를, -었다), and words (학교).
`korean_text` writes them together: 먹- -었다 is 먹었다, 가- -았다 is 갔다. A past that another ending follows is a
token, -었- -지만; at the end of a sentence it is one with that end, -었다. Endings of several written words are one token
each: "-ㄹ 것이다", "-ㄹ 수 있-", "-지 않-", "-고 싶-", "-기 때문에", "-기 전에", "-ㄴ 후에", "-ㄹ 때".

**The same English is always the same Korean**, so a translation is right or wrong, and exact match is a fair measure.
Several English sentences may have one Korean translation (Korean has no articles); `pairs` keeps one of them.

**Links.** Every Korean token has exactly one link, save 모르- "not to know", which has two.

- A noun, pronoun, stem, adverb or numeral is linked to the English word that it translates. Where one English word is
  several in Korean, all are linked to it: 비 -가 오- -았다 to "rained", 날씨 -가 춥- to "cold". 자기, "him" where he is the
  subject too, is linked to "him".
- A particle is linked to the English word that says the same: -에, -에서, -에게, -로, -와 함께 to the preposition, -의
  to "'s", -와 between nouns to "and", -마다 to "every". Where English has none (-은/는, -이/가, -을/를, -들, -에 of
  "last Monday"), it is linked to the noun that it marks; so is a counter (두 마리), but 잔 is linked to "cups" and
  "glasses".
- An ending of tense or mood is linked to the English word that carries the tense: the verb (-었다 to "ate"), or its
  auxiliary (-었다 to "did" and "had", -ㄹ 것이다 to "will", -ㄹ 수 있- -다 to "can"). -지 않- and 안 are linked to "not"
  and "n't", -고 싶- to "want".
- An ending that joins clauses is linked to the English word that joins them: -고, -아서/어서, -지만, -(으)면, -기 때문에,
  -ㄹ 때, -기 전에, -ㄴ 후에 to the conjunction (-고 inside an enumeration to the comma), -는/-(으)ㄴ/-(으)ㄹ before a noun
  to the relative pronoun, -고 before 말하- and 생각하- to "that", -(으)러 to "to". The -었- before one carries the tense.
- The ending of an adjective before its noun is linked to the adjective.

Some English words are linked to nothing: articles, "of", pronouns that repeat a subject ("because she ..."), "it" of
the weather, the comma before "and", "but" and "so" and after "when ..." and "if ...", and a "be", "will" or "would"
whose Korean clause ends without tense (피곤해서, "because he was tired").

**Tenses.** See `tenses` for verbs and reported speech, `clauses` for what each joining ending says, `sentences` for the
order of time and reason, and for topic against subject.
"""

from attn_course.data.english_korean.corpus import Pair, Split, is_held_out, pairs, split
from attn_course.data.english_korean.drawing import draw, draw_all
from attn_course.data.english_korean.encoding import Vocabulary, batches, encode, gold_links
from attn_course.data.english_korean.files import SentencePair, read_sentence_pairs
from attn_course.data.english_korean.spelling import english_text, korean_text
from attn_course.data.english_korean.vocabulary import english_vocabulary, korean_vocabulary

__all__ = [
    "Pair",
    "SentencePair",
    "Split",
    "Vocabulary",
    "batches",
    "draw",
    "draw_all",
    "encode",
    "english_text",
    "english_vocabulary",
    "gold_links",
    "is_held_out",
    "korean_text",
    "korean_vocabulary",
    "pairs",
    "read_sentence_pairs",
    "split",
]
