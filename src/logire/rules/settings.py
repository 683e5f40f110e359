"""Every choice LogiRE leaves open, in one place."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from logire.settings import STRICT

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, config=STRICT)
class LogiRESettings:
    """Settings of LogiRE; the defaults are the paper's, made exact where it samples.

    Attributes:
        max_length: longest rule body (paper: 3).
        rules_per_query: N, rules drawn for each query type (paper: 50).
        iterations: EM iterations; the one with the best dev F1 is kept (paper: 10).
        patience: stop when dev F1 has not improved for this many iterations; 0 never stops early.
        identity_rule: ``always`` keeps r <- r in every rule set; ``sampled`` leaves it to the generator, as the
            authors' code does.
        unseen_types: a candidate whose (relation, head type, tail type) never occurs in training: ``reject`` it
            (the authors' type filter) or fall back on the ``backbone``'s own logit.
        posterior_prior: in H(rule), take the prior ``once`` (the paper's equation) or ``counted`` as often as the
            rule was drawn (the authors' code).
        posterior: ``exact`` expectation over the instances, or one rule ``sampled`` per instance (the authors').
        target: the generator learns the ``posterior``, or the mined table mixed with it by ``momentum`` (the
            authors' code).
        momentum: share of the posterior in that mixture (authors: 0.1).
        optimizer: extractor fit; ``adam`` is the paper's, ``newton`` reaches the optimum of the same loss plus L2.
        extractor_epochs: Adam epochs in each M-step (paper: 50).
        extractor_batch: documents a step (paper: 4).
        extractor_learning_rate: Adam's learning rate after warm-up (paper: 5e-3).
        extractor_final_rate: where its linear decay ends (paper: 1e-4).
        extractor_warmup: share of the steps that warm up (paper: 0.06).
        l2: Newton's ridge penalty l2/2 * |w|^2 a query type, on weights, not on the bias.
        hidden: width of the generator (paper: 256).
        layers: encoder layers, and decoder layers (paper: 2).
        heads: attention heads of the generator.
        feedforward: width of its feed-forward layers.
        positions: position embeddings in the generator (the authors' code has none).
        generator_learning_rate: Adam's peak learning rate when it learns the mined table; it decays to a tenth.
        generator_epochs: passes over the mined table in the first fit.
        update_learning_rate: peak learning rate in the M-steps.
        update_epochs: passes over the posterior table in each M-step.
        generator_batch: query types a step.
        reset_generator: start the generator anew in each M-step instead of from its current parameters.
        reset_extractor: start the extractor at zero in each M-step instead of from the rules' current weights.
    """

    max_length: Annotated[int, Field(ge=1, le=4)] = 3
    rules_per_query: Count = 50
    iterations: Count = 10
    patience: Annotated[int, Field(ge=0)] = 0
    identity_rule: Literal["always", "sampled"] = "always"
    unseen_types: Literal["reject", "backbone"] = "reject"
    posterior_prior: Literal["once", "counted"] = "once"
    posterior: Literal["exact", "sampled"] = "exact"
    target: Literal["posterior", "momentum"] = "posterior"
    momentum: Fraction = 0.1
    optimizer: Literal["adam", "newton"] = "adam"
    extractor_epochs: Count = 50
    extractor_batch: Count = 4
    extractor_learning_rate: Positive = 5e-3
    extractor_final_rate: NotNegative = 1e-4
    extractor_warmup: Fraction = 0.06
    l2: NotNegative = 1.0
    hidden: Count = 256
    layers: Count = 2
    heads: Count = 4
    feedforward: Count = 512
    positions: bool = True
    generator_learning_rate: Positive = 1e-3
    generator_epochs: Count = 40
    update_learning_rate: Positive = 5e-4
    update_epochs: Count = 20
    generator_batch: Count = 16
    reset_generator: bool = False
    reset_extractor: bool = True
