"""Invented names, put together from syllables; only first names and common nouns are taken from English."""

from __future__ import annotations

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


class Names:
    """Draws names; none of those made from syllables comes twice from one object."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._used: set[str] = set()

    def _stem(self) -> str:
        return "".join(self._rng.choice(part) for part in (_ONSETS, _NUCLEI, _CODAS))

    def _fresh(self, endings: list[str] | tuple[str, ...], syllables: int = 1) -> str:
        while True:
            stem = "".join(self._stem() for _ in range(syllables))
            name = (stem + self._rng.choice(endings)).capitalize()
            if name not in self._used:
                self._used.add(name)
                return name

    def country(self) -> tuple[str, str]:
        """A country and its demonym, as in (Vandoria, Vandorian)."""
        ending, demonym = self._rng.choice(_COUNTRY_ENDINGS)
        name = self._fresh((ending,))
        return name, name.removesuffix(ending) + demonym

    def city(self) -> str:
        return self._fresh(_CITY_ENDINGS)

    def region(self) -> str:
        return self._fresh(_REGION_ENDINGS)

    def person(self) -> tuple[str, str]:
        """A full name and the surname."""
        surname = self._fresh(_SURNAME_ENDINGS)
        return f"{self._rng.choice(_WOMEN + _MEN)} {surname}", surname

    def royal(self, titles: tuple[str, str]) -> tuple[str, str]:
        """A royal's name with the title (a woman's, a man's), and without."""
        title, first_names = self._rng.choice(tuple(zip(titles, (_WOMEN, _MEN), strict=True)))
        name = f"{self._rng.choice(first_names)} {self._fresh(('',), 2)}"
        return f"{title} {name}", name

    def club(self) -> str:
        return f"{self._fresh(('',), 1)} {self._rng.choice(_CLUB_KINDS)}"

    def company(self) -> tuple[str, str]:
        """A company's full name and its short one."""
        name = self._fresh(("ex", "ix", "on", "a"))
        return f"{name} {self._rng.choice(_COMPANY_KINDS)}", name

    def agency(self) -> str:
        return self._phrase(_AGENCY_SUBJECTS, _AGENCY_KINDS)

    def event(self) -> str:
        return f"{self._fresh(('',), 1)} {self._rng.choice(_EVENT_KINDS)}"

    def film(self) -> str:
        return self._phrase(_TITLE_ADJECTIVES, _TITLE_NOUNS)

    def character(self) -> str:
        return f"{self._rng.choice(_RANKS)} {self._fresh(('',), 1)}"

    def _phrase(self, first: list[str], second: list[str]) -> str:
        """Two common words, a pair not drawn before."""
        while True:
            phrase = f"{self._rng.choice(first)} {self._rng.choice(second)}"
            if phrase not in self._used:
                self._used.add(phrase)
                return phrase
