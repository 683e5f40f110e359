"""What the text says: clauses with ``{h}`` and ``{t}`` for entities; ``[a|b]`` is a choice, ``[|b]`` an option.

Clauses start in lower case and end without a full stop; no abbreviation, so that sentences end where they seem to.
"""

from __future__ import annotations

from logire.corpus.sources.embedded.rules import (
    ETHNICITY,
    EVENT,
    LOCATION,
    MISC,
    MONEY,
    ORGANIZATION,
    PERSON,
    TIME,
)

FACTS: dict[str, tuple[str, ...]] = {
    "in0": (
        "{h} [lies in|is a town in] the [north|south|east|west] of {t}",
        "in {h}, [as elsewhere|as everywhere] in {t}, shops [stayed closed|closed early]",
        "{h} is among the [oldest|largest|poorest] places in {t}",
        "the road to {h} is the [busiest|longest] in {t}",
        "{h}, {t}, woke up to [heavy snow|clear skies|empty streets]",
    ),
    "in1": (
        "{h} is the [largest town|main market] of the {t} region",
        "the valley of {t}, with {h} at its centre, [was flooded|saw little rain]",
        "people in {h} and the rest of {t} [vote early|speak a dialect of their own]",
    ),
    "gpe0": (
        "the {h} parliament has its seat in the capital of {t}",
        "most newspapers in {t}, [even|above all] the {h} dailies, [agreed|were divided]",
        "{h} law applies in all of {t}",
        "in {t}, {h} [voters|families|farmers] [take another view|are worried|had expected more]",
    ),
    "citizen_of": (
        "{h}, [born and raised in|a citizen of|a native of] {t}, [spoke first|was applauded]",
        "{h} holds a passport of {t}",
        "{h} comes from {t}",
    ),
    "citizen_of-x": (
        "the {t} [writer|lawyer|singer|engineer] {h} [disagreed|welcomed the decision|was not surprised]",
        "{h}, a {t} national, [was present|said so twice]",
        "{h} is {t}[| by birth]",
    ),
    "head_of_gov": (
        "{h}, [the prime minister|head of government] of {t}, [called for patience|opened the meeting]",
        "in {t}, prime minister {h} [faces a vote|has lost support|promised reforms]",
    ),
    "head_of_gov-x": (
        "{t} prime minister {h} [called for patience|promised reforms|left early]",
        "{h}, the {t} [prime minister|premier], [said nothing new|was in good spirits]",
        "the {t} government of {h} [is divided|stands firm]",
    ),
    "head_of_state": (
        "{h}, [the president|head of state] of {t}, [signed the law|sent a message]",
        "{h} was sworn in as president of {t}",
    ),
    "minister_of": (
        "{h}, the [finance|foreign|defence|interior] minister of {t}, [resigned|warned of delays]",
        "in {t}, [finance|foreign|interior] minister {h} [presented the plan|came under fire]",
    ),
    "minister_of-x": (
        "{t} [finance|foreign|defence|interior] minister {h} [warned of delays|presented the plan]",
        "{h}, the {t} minister for [trade|health|culture], [agreed|had doubts]",
    ),
    "agent_of": (
        "{h}, [an envoy|a diplomat|the ambassador] of {t}, [joined the talks|stayed away]",
        "{h} spoke [on behalf of|for] {t}",
    ),
    "royalty_of": (
        "{h} [belongs to the royal house|sits on the throne|is a member of the royal family] of {t}",
        "crowds in {t} [cheered|greeted] {h}, [their sovereign|of the reigning family]",
    ),
    "spouse_of": (
        "{h} is married to {t}",
        "{h} and {t}, a couple for [ten|twenty] years, [waved to the crowd|arrived together]",
        "the wedding of {h} and {t} was [a quiet affair|shown on television]",
    ),
    "parent_of": (
        "{h} has a [son|daughter], {t}",
        "{h} came with [her|his] [eldest|youngest] child, {t}",
    ),
    "child_of": (
        "{h} is the [first|second|only] child of {t}",
        "{h} takes after {t}, say those who know [mother|father] and child",
    ),
    "head_of": (
        "{h}, [chief executive|head|director] of {t}, [saw no reason to worry|announced job cuts]",
        "{h} has [run|led|headed] {t} for [two|three|ten] years",
        "{t}, under [director|president] {h}, [is doing well|has changed course]",
    ),
    "member_of": (
        "{h}, [an employee|a member] of {t}, [told another story|asked not to be quoted]",
        "{h} joined {t} [last year|in spring]",
    ),
    "coach_of": (
        "{h}, the coach of {t}, [praised the defence|made three changes]",
        "{h} has trained {t} since [autumn|last season]",
    ),
    "player_of": (
        "{t} [striker|goalkeeper|captain|midfielder] {h} [scored twice|was injured|was sent off]",
        "{h} wears the number [seven|ten|four] shirt of {t}",
    ),
    "based_in0": (
        "{h}, [one of the best known names in|which is at home in] {t}, [had a good year|made no comment]",
        "{h} is based in {t}",
    ),
    "based_in2": (
        "{h} has its [home|seat|main office] in {t}",
        "{t} is proud of {h}, [founded there|a local institution]",
        "at the gates of {h} in {t} [a crowd gathered|all was quiet]",
    ),
    "agency_of": (
        "the {h} of {t} [published new figures|opened an inquiry]",
        "{h}, an authority of {t}, [issued a warning|denied the claim]",
    ),
    "agency_of-x": (
        "the {t} {h} [published new figures|opened an inquiry|issued a warning]",
        "{h}, a {t} authority, [denied the claim|is short of staff]",
    ),
    "event_in0": (
        "the {h} [takes place|was held] in {t}[| for the first time]",
        "{t} is [host to|the scene of] the {h}[| this year]",
    ),
    "event_in2": (
        "the {h} opened in {t}[| before a small crowd]",
        "in {t}, [guests of|visitors to] the {h} [queued for hours|were in high spirits]",
    ),
    "vs": (
        "{h} [play|meet|face] {t} in the next round",
        "the match between {h} and {t} was [called off|goalless]",
    ),
    "won_vs": (
        "{h} beat {t} [two to one|three to nil|after extra time]",
        "{t} lost to {h} [in the final|at home]",
    ),
    "character_in": (
        "{h} is the hero of the film {t}",
        "{t} tells the story of {h}",
    ),
    "played_by": (
        "{t} [took|was given] the role of {h}",
        "{h} is played by {t}",
    ),
    "plays_in": (
        "{h} [stars|has a part] in the film {t}",
        "{t}, with {h} [in the lead|in a small part], opens [soon|next month]",
    ),
}
"""Relation -> ways to tell it."""

UNRELATED: dict[tuple[str, str], tuple[str, ...]] = {
    (PERSON, PERSON): ("{h} [met|thanked|avoided|had lunch with] {t}", "{h} and {t} [have never met|shook hands]"),
    (PERSON, LOCATION): (
        "{h} [arrived in|travelled to|is on a visit to] {t}",
        "{h} has no plans to [leave for|move to] {t}",
    ),
    (PERSON, ORGANIZATION): (
        "{h} denied reports of [talks with|a move to|becoming head of] {t}",
        "{h} [criticised|thanked|sued] {t}",
    ),
    (PERSON, ETHNICITY): ("{h} spoke to {t} [reporters|television]",),
    (ORGANIZATION, LOCATION): ("{h} [opened a branch in|pulled out of|lost a case in] {t}",),
    (ORGANIZATION, ORGANIZATION): ("{h} [has no ties with|learned from|wrote to] {t}",),
    (EVENT, LOCATION): ("visitors from {t} were missing at the {h}",),
    (ETHNICITY, LOCATION): ("the {h} embassy in {t} [was closed|did not reply]", "{h} tourists avoid {t}"),
    (PERSON, EVENT): ("{h} was [not seen|seen] at the {t}",),
    (PERSON, MISC): ("{h} has not seen {t}, the film everybody talks about",),
}
"""(type, type) -> what is said of two entities between which no relation holds."""

ALONE: dict[str, tuple[str, ...]] = {
    PERSON: ("{h} gave no [details|reasons]", "[friends|critics] describe {h} as [cautious|ambitious|stubborn]"),
    LOCATION: ("[there was no comment from|calm has returned to|it is still raining in] {h}",),
    ORGANIZATION: ("{h} did not [comment|reply]", "the [mood|outlook] at {h} is [bright|grim]"),
    ETHNICITY: ("the {h} [flag was lowered|language is hard to learn]",),
    EVENT: ("the {h} [ended early|drew a record crowd]",),
    MISC: ("{h} [divided the critics|sold out in a day]",),
    TIME: ("a [decision|vote|reply] is expected on {h}", "the [office|court] was closed on {h}"),
    MONEY: ("the [damage|cost|budget] is put at {h}",),
}
"""Type -> what is said of one entity."""

FILLERS = (
    "[observers|experts|neighbours] were [divided|surprised|not surprised][| by the news]",
    "it was [not clear|too early to say] whether the [plan|deal|project] would [survive|go ahead]",
    "the [weather|traffic|mood] was [better|worse] than [expected|the year before]",
    "[many|few|some] of those present [left|spoke|listened] [in silence|without a word|for a long time]",
    "[prices|wages|rents] have [risen|fallen|hardly moved] since the [summer|winter|spring]",
    "[a spokeswoman|an official|a witness] [confirmed|denied] that there had been [delays|warnings|mistakes]",
    "the [talks|repairs|works] went on [behind closed doors|until late at night|without a break]",
    "[nobody|hardly anybody] had [expected|planned|asked for] such [a long|a short|a quiet] [day|week|year]",
    "[two|three|several] [streets|bridges|schools] were closed [for safety reasons|as a precaution]",
    "[in the end|after some hours|to general relief] [the lights came back|the crowd went home|an answer came]",
)
"""What is said without naming anybody."""

JOINTS = (", while ", "; ", ", and ", ", but ")
"""What two clauses are joined with."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CURRENCIES = ("crowns", "thalers", "florins", "ducats")
