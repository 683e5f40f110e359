"""Every choice of LogiRE+, each a switch of its own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from logire.ground.settings import Settings
from logire.rules.settings import Count, Fraction, Positive


class LogiREPlusSettings(Settings):
    """Settings of LogiRE+."""

    rules: Literal["frequent", "confident", "generated", "gold"] = Field(
        "frequent",
        description="where the bodies come from: ``frequent`` or ``confident`` mined ones, ``generated`` by the "
        "neural generator after it has learnt the mined table, or ``gold``, a file of rules written by "
        "hand.",
    )
    gold_rules: str | None = Field(
        None, description="that file, ``head <- atom ^ ~inverse`` a line; needed for ``gold`` alone."
    )
    rules_per_query: Count = Field(
        20,
        description="bodies for each query type, at most (of hand-written ones all are taken); the identity rule "
        "comes on top where it is not among them.",
    )
    max_length: Annotated[int, Field(ge=1, le=4)] = Field(3, description="longest rule body.")
    open_rules: Annotated[int, Field(ge=0)] = Field(
        20,
        description="open bodies for each query type, at most: ``r1 ^ any`` (the head has r1 to an entity other than "
        "the tail) and ``any ^ r1``, those that hold for the most facts; the four of the relation itself "
        "come on top. 0: none, closed rules alone, as in the paper.",
    )
    tied: bool = Field(
        True,
        description="fit the weights of a relation's query types together (each body one weight, each type pair an "
        "offset) instead of each query type alone.",
    )
    residual: bool = Field(
        True,
        description="the query's own logit enters the score with a weight of its own, pulled toward 1, so that no "
        "evidence gives the backbone back; without it the logit enters by the identity rule alone, as in "
        "the paper.",
    )
    calibrate: bool = Field(
        False,
        description="first fit a scale and a shift for each relation's logits (Platt), and take the atoms' "
        "probabilities from the calibrated logits.",
    )
    l2: Annotated[tuple[Positive, ...], Field(min_length=1, strict=False)] = Field(
        (10.0, 3.0, 1.0, 0.3), description="ridge penalties to choose from on dev."
    )
    blend: Annotated[tuple[Fraction, ...], Field(min_length=1, strict=False)] = Field(
        (0.0, 0.25, 0.5, 0.75, 1.0),
        description="weights of the rules to choose from on dev; 0 is the backbone unchanged, 1 the fitted score.",
    )
    rounds: Annotated[int, Field(ge=1, le=3)] = Field(
        2, description="how often to repeat: the atoms of round 2 are the scores of round 1."
    )
    closure: Annotated[tuple[Fraction, ...], Field(min_length=1, strict=False)] = Field(
        (0.0, 0.5),
        description="the knob between F1 and logic: how far a fact's score goes toward the weakest atom of a reliable"
        " rule's best grounding path, where that is higher. Strengths to choose from on dev, by F1 like "
        "everything; 0 leaves the scores as they are, 1 alone closes the predictions under the rules, at "
        "a price in F1.",
    )
    closure_confidence: Annotated[float, Field(gt=0, le=1)] = Field(
        0.9, description="share of the training pairs joined by a mined rule's body for which it must be right."
    )
    closure_length: Annotated[int, Field(ge=1, le=3)] = Field(2, description="longest body of such a rule.")
    closure_support: Count = Field(10, description="labelled training pairs that such a rule's body must join.")
    generator_epochs: Count = Field(
        40, description="passes of the generator over the mined table (``generated`` alone)."
    )
