"""The verbs and adjectives of the small language: their forms, and what they may be said of.

A verb's row gives its English base, past and participle, its Korean stem, who does it, to what, and then what may be
added to it: where ("at"), with which tools, how. A state (love, know, live) can hold while something else happens,
an event (eat, buy) cannot: that decides which English tense reports it and which Korean ending marks it in a relative
clause (see `tenses`).
"""

from typing import NamedTuple

from attn_course.data.english_korean.nouns import Noun, of_kinds


class Verb(NamedTuple):
    """A verb in both languages.

    Attributes:
        base: "eat"; past "ate", participle "eaten" (for "had eaten").
        past: see `base`.
        participle: see `base`.
        stem: 먹, without its hyphen.
        frame: which complements it takes: "alone", "object", "goal", "place", "giving" or "study".
        subjects: kinds of nouns that do it.
        objects: the nouns that it is done to.
        state: whether it goes on, as knowing does, or happens, as eating does.
        at: the use of a place at which it is done; "" where none is said.
        tools: a key of `nouns.TOOLS`, or "".
        manners: English adverbs of `MANNERS` that fit.
        person_object: whether pronouns and names can be its object.
        together: whether it is done "with" somebody.
    """

    base: str
    past: str
    participle: str
    stem: str
    frame: str
    subjects: str
    objects: tuple[Noun, ...]
    state: bool
    at: str
    tools: str
    manners: tuple[str, ...]
    person_object: bool
    together: bool


def _verbs(*rows: str) -> list[Verb]:
    """Read rows of "forms | stem | frame | subjects | objects | additions"."""
    found = []
    for row in rows:
        forms, stem, frame, subjects, objects, additions = (cell.strip() for cell in row.split("|"))
        base, past, *participle = forms.split()
        more = dict.fromkeys(["at", "with"], "") | dict(a.split("=") for a in additions.split() if "=" in a)
        manners = tuple(a for a in additions.split() if "=" not in a and a not in ("state", "together"))
        found.append(
            Verb(
                base, past, participle[0] if participle else past, stem, frame, subjects, tuple(of_kinds(objects)),
                "state" in additions.split(), more["at"], more["with"], manners, "person" in objects.split(),
                "together" in additions.split(),
            )
        )  # fmt: skip
    return found


MANNERS = {
    "quickly": "빨리",
    "slowly": "천천히",
    "quietly": "조용히",
    "diligently": "열심히",
    "well": "잘",
    "alone": "혼자",
}

VERBS = _verbs(
    "eat ate eaten | 먹 | object | person | food | at=eat with=eat quickly slowly alone together",
    "drink drank drunk | 마시 | object | person | drink | at=eat quickly slowly together",
    "read read | 읽 | object | person | text printed | at=read quietly slowly diligently together",
    "write wrote written | 쓰 | object | person | text | at=read with=write slowly diligently",
    "buy bought | 사 | object | person | ware dish | at=trade quickly together",
    "sell sold | 팔 | object | person | ware | at=trade",
    "draw drew drawn | 그리 | object | person | animal plant drawn | at=read with=draw quickly slowly together",
    "make made | 만들 | object | person | homemade clothes | at=cook quickly together",
    "see saw seen | 보 | object | person | person animal seen plant | at=meet together",
    "meet met | 만나 | object | person | person | at=meet",
    "help helped | 돕 | object | person | person | at=work diligently",
    "love loved | 사랑하 | object | person | person pet | state",
    "like liked | 좋아하 | object | person | person animal food drink music plant study | state",
    "know knew known | 알 | object | person | person music | state well",
    "call called | 부르 | object | person | person pet | quietly",
    "open opened | 열 | object | person | opening | quickly slowly quietly",
    "find found | 찾 | object | person | thing pet | at=meet quickly",
    "wear wore worn | 입 | object | person | clothes |",
    "sing sang sung | 부르 | object | person | music | at=feel quietly well together",
    "hear heard | 듣 | object | person | music | at=rest together",
    "teach taught | 가르치 | object | person | study | at=study state diligently",
    "learn learned | 배우 | object | person | study | at=study diligently quickly together",
    "chase chased | 쫓 | object | hunter | prey person pet | quickly",
    "catch caught | 잡 | object | hunter | prey | quickly",
    "like liked | 좋아하 | object | grazer pet | person feed plain | state",
    "eat ate eaten | 먹 | object | hunter | raw | quickly slowly",
    "eat ate eaten | 먹 | object | grazer pet | feed | quickly slowly",
    "drink drank drunk | 마시 | object | animal | plain | slowly",
    "sleep slept | 자 | alone | person animal | | at=rest",
    "run ran | 달리 | alone | person animal | | at=move quickly together",
    "walk walked | 걷 | alone | person animal | | at=move slowly quickly quietly alone together",
    "swim swam swum | 수영하 | alone | person | | alone together",
    "dance danced | 춤추 | alone | person | | at=feel alone together",
    "laugh laughed | 웃 | alone | person | | at=feel quietly together",
    "cry cried | 울 | alone | person songbird | | at=feel quietly alone",
    "wait waited | 기다리 | alone | person | | at=wait quietly together",
    "work worked | 일하 | alone | person | | at=work state diligently quietly alone together",
    "go went gone | 가 | goal | person animal | | quickly slowly alone together",
    "come came come | 오 | goal | person animal | | quickly slowly alone together",
    "live lived | 살 | place | person | | at=live state alone together",
    "give gave given | 주 | giving | person | gift carried text countable | ",
    "send sent | 보내 | giving | person | gift mail clothes | ",
)  # fmt: skip


class Adjective(NamedTuple):
    """An adjective, which in Korean is conjugated like a verb.

    Attributes:
        english: "small".
        stem: 작, without its hyphen.
        kinds: of nouns that it describes.
        feeling: passes, as hunger does, and gives a reason: it stands after "be" and not before a noun.
    """

    english: str
    stem: str
    kinds: tuple[str, ...]
    feeling: bool = False


def _adjectives(table: str, feeling: bool = False) -> list[Adjective]:
    rows = (line.split() for line in table.strip().splitlines())
    return [Adjective(english, stem, tuple(kinds), feeling) for english, stem, *kinds in rows]


QUALITIES = _adjectives("""
    big 크 animal thing ware plant opening
    small 작 animal thing ware plant opening
    cute 귀엽 pet prey
    kind 친절하 person
    young 젊 job
    famous 유명하 job
    delicious 맛있 food
    warm 따뜻하 drink clothes
    heavy 무겁 carried
    light 가볍 carried
    expensive 비싸 ware
    cheap 싸 ware
    pretty 예쁘 plant clothes drawn carried
    beautiful 아름답 plant drawn music
    dangerous 위험하 wild
    sad 슬프 film music text
    interesting 재미있 text film printed study
    difficult 어렵 study
    long 길 long film
""")
# What somebody does who feels like this, what the weather makes people and animals do, and what follows from what
# somebody does: the reasons of "because" and "so" are among these.
LEADS_TO = {
    "tired": "sleep wait drink",
    "hungry": "eat catch chase",
    "busy": "work run send",
    "sick": "sleep cry call",
    "sad": "cry write hear sing walk call",
    "happy": "laugh dance sing run swim give buy draw call",
    "cold": "wear run",
    "hot": "swim drink open sleep",
    "warm": "walk run swim open dance",
    "rain": "read sleep wait hear wear call",
    "snow": "wear run walk draw dance",
    "call": "go come run meet help wait open call",
    "help": "give send buy make help laugh learn find write draw read sell open",
    "love": "give send buy make write draw sing laugh dance help call meet wait",
    "like": "give send buy make write draw sing laugh dance help call meet wait",
    "meet": "laugh dance sing cry drink eat walk give",
    "know": "give send help call meet wait write",
}
FEELINGS = _adjectives(
    """
    tired 피곤하 person
    hungry 배고프 person animal
    busy 바쁘 person
    sick 아프 person animal
    sad 슬프 person
    happy 행복하 person
    """,
    feeling=True,
)
WEATHER = [("cold", "춥"), ("hot", "덥"), ("warm", "따뜻하")]
RAIN = [("rain", "rained", "비"), ("snow", "snowed", "눈")]
FREQUENCY = {"often": "자주", "always": "항상", "sometimes": "가끔", "usually": "보통"}
