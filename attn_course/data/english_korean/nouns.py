"""The nouns of the small language, with what a Korean numeral needs to count them.

Each noun belongs to one or more kinds, and verbs and adjectives say of which kinds their subjects and objects are:
eaters eat food, readers read texts. The counter is the word that stands after a numeral, 고양이 두 마리; 명 counts
people, 마리 animals, 권 books, 잔 cups and glasses, and so on. Nouns without a counter are never counted here.
"""

from typing import NamedTuple


class Noun(NamedTuple):
    """A noun in both languages.

    Attributes:
        english: singular.
        korean: the same, in Hangul.
        kinds: what may be said about it.
        counter: for numerals; "" where it is not counted.
        container: for drinks, the English noun before "of".
        mass: has neither plural nor "a".
        pronouns: that may stand for it in English.
    """

    english: str
    korean: str
    kinds: tuple[str, ...]
    counter: str = ""
    container: str = ""
    mass: bool = False
    pronouns: tuple[str, ...] = ("it",)


def _nouns(table: str, kinds: str, counter: str = "", **more: object) -> list[Noun]:
    """Read lines of "english korean" pairs; a pair may bring its own counter, as in flower:꽃:송이."""
    found = []
    for entry in table.split():
        english, korean, *own = entry.split(":")
        found.append(Noun(english, korean, tuple(kinds.split()), own[0] if own else counter, **more))
    return found


PEOPLE = [
    *_nouns("man:남자 boy:소년", "person", "명", pronouns=("he",)),
    *_nouns("woman:여자 girl:소녀", "person", "명", pronouns=("she",)),
    *_nouns(
        "teacher:선생님 doctor:의사 student:학생 farmer:농부 singer:가수",
        "person job",
        "명",
        pronouns=("he", "she"),
    ),
    *_nouns("friend:친구", "person relation", "명", pronouns=("he", "she")),
    *_nouns("child:아이", "person", "명", pronouns=("he", "she")),
]
FAMILY = [
    *_nouns("mother:어머니 grandmother:할머니", "person", pronouns=("she",)),
    *_nouns("father:아버지 grandfather:할아버지", "person", pronouns=("he",)),
]
NAMES = [
    *_nouns("Minsu:민수 Jiho:지호 Dongmin:동민", "person", pronouns=("he",)),
    *_nouns("Sumi:수미 Yuna:유나 Hyejin:혜진", "person", pronouns=("she",)),
]
ANIMALS = [
    *_nouns("dog:개 cat:고양이", "animal hunter pet", "마리"),
    *_nouns("fox:여우 tiger:호랑이 bear:곰", "animal hunter wild", "마리"),
    *_nouns("rabbit:토끼 mouse:쥐", "animal prey grazer", "마리"),
    *_nouns("horse:말", "animal grazer", "마리"),
    *_nouns("bird:새", "animal prey grazer songbird", "마리"),
]
FOOD = [
    *_nouns("apple:사과 pear:배 potato:감자", "food feed ware countable", "개"),
    *_nouns("orange:오렌지 egg:달걀", "food ware countable", "개"),
    *_nouns("bread:빵", "food feed dish homemade", mass=True),
    *_nouns("rice:밥", "food feed", mass=True),
    *_nouns("meat:고기", "food raw dish", mass=True),
    *_nouns("kimchi:김치", "food dish homemade", mass=True),
]
DRINKS = [
    *_nouns("coffee:커피 tea:차", "drink hot", "잔", container="cup", mass=True),
    *_nouns("milk:우유 water:물", "drink plain", "잔", container="glass", mass=True),
]
TEXTS = [
    *_nouns("book:책", "text ware long", "권"),
    *_nouns("letter:편지", "text long mail", "통"),
    *_nouns("poem:시", "text", "편"),
    *_nouns("newspaper:신문", "printed ware", "부"),
]
THINGS = [
    *_nouns("bag:가방 hat:모자 chair:의자 umbrella:우산", "thing ware carried", "개"),
    *_nouns("car:자동차 bicycle:자전거", "thing ware vehicle", "대"),
    *_nouns("flower:꽃", "gift ware plant", "송이"),
    *_nouns("picture:그림", "gift ware drawn seen", "장"),
    *_nouns("song:노래", "music", "곡"),
    *_nouns("movie:영화", "film seen", "편"),
    *_nouns("door:문 window:창문", "opening", "개"),
    *_nouns("coat:코트", "clothes ware", "벌"),
]
SUBJECTS_OF_STUDY = _nouns("English:영어 Korean:한국어 history:역사 music:음악", "study", mass=True)


class Place(NamedTuple):
    """A place: where something happens, or the goal of a way.

    Attributes:
        english: the noun.
        korean: the same, in Hangul.
        at: the English preposition for what happens there.
        article: whether "the" stands before it.
        uses: what people do there.
    """

    english: str
    korean: str
    at: str
    article: bool
    uses: tuple[str, ...]


def _places(*rows: str) -> list[Place]:
    found = []
    for row in rows:
        english, korean, at, article, *uses = row.split()
        found.append(Place(english, korean, at, article == "the", tuple(uses)))
    return found


PLACES = _places(
    "school 학교 at - goal work meet read eat move study",
    "park 공원 in the goal roam meet read move rest eat feel",
    "market 시장 at the goal work trade meet eat",
    "hospital 병원 at the goal work meet",
    "library 도서관 in the goal read work meet study",
    "restaurant 식당 at the goal work meet eat",
    "station 역 at the goal meet wait",
    "office 사무실 in the goal work read study",
    "room 방 in the goal read rest eat feel",
    "house 집 in the goal rest cook eat read feel",
    "garden 정원 in the goal roam rest move eat read feel",
    "village 마을 in the goal roam live work",
    "beach 해변 at the goal move rest feel",
    "forest 숲 in the goal roam move rest feel",
    "Seoul 서울 in - goal live work meet",
    "Busan 부산 in - goal live work meet",
)
VEHICLES = [("bus", "버스"), ("train", "기차"), ("subway", "지하철"), ("bicycle", "자전거")]
TOOLS = {
    "eat": [("a", "spoon", "숟가락"), ("", "chopsticks", "젓가락"), ("a", "fork", "포크")],
    "write": [("a", "pencil", "연필"), ("a", "pen", "펜")],
    "draw": [("a", "pencil", "연필"), ("a", "brush", "붓")],
}
WEEKDAYS = [("Monday", "월요일"), ("Saturday", "토요일"), ("Sunday", "일요일")]
NUMERALS = [("two", "두"), ("three", "세"), ("four", "네"), ("five", "다섯")]

COUNTED = [*PEOPLE, *ANIMALS, *FOOD, *DRINKS, *TEXTS, *THINGS, *SUBJECTS_OF_STUDY]


def of_kinds(kinds: str) -> list[Noun]:
    """The nouns, names and families left out, that belong to any of these kinds."""
    wanted = kinds.split()
    return [noun for noun in COUNTED if any(kind in wanted for kind in noun.kinds)]
