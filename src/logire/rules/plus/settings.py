"""Every choice of LogiRE+, each a switch of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from logire.rules.context import GROUPS
from logire.rules.logire.settings import Count, Fraction, NotNegative, Positive
from logire.rules.plus.sources import SourceSettings

Share = Annotated[float, Field(gt=0, le=1)]

CHOICES = 20
"""Most values to choose from on dev."""

if TYPE_CHECKING:
    GroupName = str
else:
    GroupName = Literal[GROUPS]


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if twice is not None:
        raise ValueError(f"{twice} occurs twice")
    return names


class LogiREPlusSettings(SourceSettings):
    """Settings of LogiRE+: where its rules come from, and how they are fitted."""

    residual: bool = Field(
        True,
        description="the query's own logit enters the score with a weight of its own, pulled toward 1, so that no "
        "evidence gives the backbone back; without it the logit enters by the identity rule alone, as in "
        "the paper.",
    )
    context: Annotated[tuple[GroupName, ...], Field(strict=False), AfterValidator(_distinct)] = Field(
        GROUPS,
        description="context features beside the rules, which say how the candidate stands in its document: `text`, "
        "where and how often its entities are mentioned; `logits`, what else the backbone finds in the document. They "
        "are neither rules nor chains of inference; []: none.",
    )
    unseen: Annotated[tuple[NotNegative, ...], Field(min_length=1, max_length=CHOICES, strict=False)] = Field(
        (0.0,),
        description="how far the logits of candidates whose types no training fact of their relation has are lowered, "
        "before all else: choices, by the F1 of the backbone's own logits on dev. 0 leaves them as they are; [0, 1, 3] "
        "is for a scorer that was not trained on such documents, and needs few labelled ones.",
    )
    calibrate: bool = Field(
        False,
        description="first fit a scale and a shift for each relation's logits (Platt), and take the atoms' "
        "probabilities from the calibrated logits.",
    )
    l2: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=CHOICES, strict=False)] = Field(
        (10.0, 3.0, 1.0, 0.3), description="ridge penalties to choose from on dev."
    )
    blend: Annotated[tuple[Fraction, ...], Field(min_length=1, max_length=CHOICES, strict=False)] = Field(
        (0.0, 0.25, 0.5, 0.75, 1.0),
        description="weights of the rules to choose from on dev; 0 is the backbone unchanged, 1 the fitted score.",
    )
    rounds: Annotated[int, Field(ge=1, le=3)] = Field(
        2, description="how often to repeat: the atoms of round 2 are the scores of round 1."
    )
    closure: Annotated[tuple[Fraction, ...], Field(min_length=1, max_length=CHOICES, strict=False)] = Field(
        (0.0, 0.5),
        description="the knob between F1 and logic: how far a fact's score goes toward the weakest atom of a reliable"
        " rule's best grounding path, where that is higher. Strengths to choose from on dev, by F1 like "
        "everything; 0 leaves the scores as they are, 1 alone closes the predictions under the rules, at "
        "a price in F1.",
    )
    consistency: Annotated[tuple[Share, ...], Field(max_length=CHOICES, strict=False)] = Field(
        (),
        description="decide a document's facts together, by an integer programme: the body of a rule that is right for "
        "this share of its training pairs is not predicted without its head, nor what never holds together. Shares to "
        "choose from on dev; it takes the place of the closure. []: none. Predictions obey the rules nearly always; F1 "
        "may rise or fall.",
    )
    closure_confidence: Share = Field(
        0.9, description="share of the training pairs joined by a mined rule's body for which it must be right."
    )
    closure_length: Annotated[int, Field(ge=1, le=3)] = Field(2, description="longest body of such a rule.")
    closure_support: Count = Field(
        10, description="labelled training pairs that such a rule's body must join; cases that a denial must have."
    )
