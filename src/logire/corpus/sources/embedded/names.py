"""Invented names, put together from syllables; only first names and common nouns are taken from English."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

_words = str.split

_ONSETS = _words("b br d dr f g gl h k kr l m n p pr r s st t tr v w z")
_NUCLEI = _words("a e i o u a e o ai ei au")
_CODAS = _words("l n r s m nd lm st")
_COUNTRY_ENDINGS = (("ia", "ian"), ("ora", "oran"), ("istan", "istani"), ("ova", "ovan"), ("anda", "andan"))
_CITY_ENDINGS = _words("burg ford haven grad mouth ville holm stad port field")
_REGION_ENDINGS = _words("shire mark vale moor esse wald")
_SURNAME_ENDINGS = _words("er son ov ski ez ins ard elli man ek")
_WOMEN = _words("""Agnes Alice Anna Carla Clara Dora Elena Eva Frida Greta Hanna Ida Irene Julia Laura Lucia Maria Mila
Nina Nora Olga Paula Rita Rosa Sara Sofia Vera""")
_MEN = _words("""Adam Albert Boris Bruno Daniel David Edgar Emil Erik Felix George Henry Hugo Jan Jonas Karl Leo Martin
Oscar Peter Robert Samuel Simon Theo Thomas Victor""")
_CLUB_KINDS = _words("United Rovers Athletic Wanderers Rangers Dynamo")
_COMPANY_KINDS = _words("Holding Motors Bank Energy Foods Airlines Steel Telecom")
_AGENCY_SUBJECTS = _words("Statistics Health Transport Border Election Weather Energy Patent Prison Food")
_AGENCY_KINDS = _words("Office Agency Authority Commission")
_EVENT_KINDS = _words("Festival Games Summit Open Marathon Forum")
_TITLE_ADJECTIVES = _words("Silent Golden Last Broken Hidden Crooked Frozen Distant Burning Empty")
_TITLE_NOUNS = _words("Harbour Winter Bridge Garden Orchard Station Mirror Lantern Island Crossing")
_RANKS = _words("Inspector Captain Doctor Colonel Professor")


class Coin:
    """Makes up words from syllables; none comes twice from one object."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._used: set[str] = set()

    def word(self, endings: Sequence[str] = ("",), syllables: int = 1) -> str:
        while True:
            parts = [self._rng.choice(part) for _ in range(syllables) for part in (_ONSETS, _NUCLEI, _CODAS)]
            word = "".join((*parts, self._rng.choice(endings))).capitalize()
            if word not in self._used:
                self._used.add(word)
                return word

    def words(self, count: int, endings: Sequence[str] = ("",), syllables: int = 1) -> tuple[str, ...]:
        return tuple(self.word(endings, syllables) for _ in range(count))

    def country(self) -> tuple[str, str]:
        """A country and its demonym, as in (Vandoria, Vandorian)."""
        ending, demonym = self._rng.choice(_COUNTRY_ENDINGS)
        name = self.word((ending,))
        return name, name.removesuffix(ending) + demonym

    def cities(self, count: int) -> tuple[str, ...]:
        return self.words(count, _CITY_ENDINGS)

    def regions(self, count: int) -> tuple[str, ...]:
        return self.words(count, _REGION_ENDINGS)


class Lexicon:
    """The words that names are put together from: they recur from document to document, most names do not."""

    def __init__(self, coin: Coin) -> None:
        self.surnames = coin.words(300, _SURNAME_ENDINGS)
        self.royals = coin.words(60, syllables=2)
        self.stems = coin.words(120)
        self.companies = coin.words(120, ("ex", "ix", "on", "a"))


class Names:
    """Draws the names of one document, or of the world; no two of them share their distinctive word."""

    def __init__(self, rng: Random, lexicon: Lexicon) -> None:
        self._rng = rng
        self._lexicon = lexicon
        self._used: set[str] = set()

    def _word(self, words: Sequence[str]) -> str:
        word = self._rng.choice([word for word in words if word not in self._used])
        self._used.add(word)
        return word

    def person(self) -> tuple[str, str]:
        """A full name and the surname."""
        surname = self._word(self._lexicon.surnames)
        return f"{self._rng.choice(_WOMEN + _MEN)} {surname}", surname

    def royal(self, titles: tuple[str, str]) -> tuple[str, str]:
        """A royal's name with the title (a woman's, a man's), and without."""
        title, first_names = self._rng.choice(tuple(zip(titles, (_WOMEN, _MEN), strict=True)))
        name = f"{self._rng.choice(first_names)} {self._word(self._lexicon.royals)}"
        return f"{title} {name}", name

    def club(self) -> str:
        return f"{self._word(self._lexicon.stems)} {self._rng.choice(_CLUB_KINDS)}"

    def company(self) -> tuple[str, str]:
        """A company's full name and its short one."""
        name = self._word(self._lexicon.companies)
        return f"{name} {self._rng.choice(_COMPANY_KINDS)}", name

    def agency(self) -> str:
        return f"{self._word(_AGENCY_SUBJECTS)} {self._rng.choice(_AGENCY_KINDS)}"

    def event(self) -> str:
        return f"{self._word(self._lexicon.stems)} {self._rng.choice(_EVENT_KINDS)}"

    def film(self) -> str:
        return f"{self._rng.choice(_TITLE_ADJECTIVES)} {self._word(_TITLE_NOUNS)}"

    def character(self) -> str:
        return f"{self._rng.choice(_RANKS)} {self._word(self._lexicon.stems)}"
