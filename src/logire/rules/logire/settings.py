"""Every choice LogiRE leaves open, in one place."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from logire.ground.settings import DEEPEST, MOST, Settings
from logire.rules.queries import LONGEST

Count = Annotated[int, Field(ge=1, le=MOST)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class LogiRESettings(Settings):
    """Settings of LogiRE; the defaults are the paper's, made exact where it samples.

    What the authors' released code does and the paper does not say is off by default; params/authors.yaml turns all
    of it on.
    """

    max_length: Annotated[int, Field(ge=1, le=LONGEST)] = Field(3, description="longest rule body (paper: 3).")
    rules_per_query: Count = Field(50, description="N, rules drawn for each query type (paper: 50).")
    iterations: Count = Field(10, description="EM iterations; the one with the best dev F1 is kept (paper: 10).")
    patience: Annotated[int, Field(ge=0)] = Field(
        0, description="stop when dev F1 has not improved for this many iterations; 0 never stops early."
    )
    identity_rule: Literal["always", "sampled"] = Field(
        "always",
        description="`always` keeps r <- r in every rule set; `sampled` leaves it to the generator, as the "
        "authors' code does.",
    )
    unseen_types: Literal["reject", "backbone"] = Field(
        "reject",
        description="a candidate whose (relation, head type, tail type) never occurs in training: `reject` it (the "
        "authors' type filter) or fall back on the `backbone`'s own logit.",
    )
    self_relations: bool = Field(
        False,
        description="mine labelled relations of an entity to itself too (h = t): as facts of a query type, and as the "
        "first atom of a path from that entity (the authors' code).",
    )
    self_pairs: bool = Field(
        False,
        description="candidates h = t in training too, negative unless labelled (the authors' code); they are never "
        "predicted.",
    )
    posterior_prior: Literal["once", "counted"] = Field(
        "once",
        description="in H(rule), take the prior `once` (the paper's equation) or `counted` as often as the rule "
        "was drawn, its evidence w phi then divided by that number (the authors' code).",
    )
    posterior: Literal["exact", "sampled"] = Field(
        "exact",
        description="`exact` expectation over the instances, or one rule `sampled` per instance (the authors').",
    )
    target: Literal["posterior", "momentum"] = Field(
        "posterior",
        description="the generator learns the `posterior`, or the mined table mixed with it by `momentum` (the "
        "authors' code).",
    )
    momentum: Fraction = Field(0.1, description="share of the posterior in that mixture (authors: 0.1).")
    optimizer: Literal["adam", "newton"] = Field(
        "adam",
        description="extractor fit; `adam` is the paper's, `newton` reaches the optimum of the same loss plus L2.",
    )
    extractor_epochs: Count = Field(50, description="Adam epochs in each M-step (paper: 50).")
    extractor_epoch: Literal["last", "best"] = Field(
        "last",
        description="which of these epochs is kept: the `last`, or the `best` by ign F1 on dev (the authors' code and "
        "their definition: precision over all predictions, recall over the facts that training does not know). "
        "`newton` has no epochs.",
    )
    extractor_start: Literal["zero", "uniform"] = Field(
        "zero",
        description="where weights and biases start: at `zero`, or `uniform` in [-1, 1] (the authors' code).",
    )
    extractor_batch: Count = Field(4, description="documents a step (paper: 4).")
    extractor_learning_rate: Positive = Field(5e-3, description="Adam's learning rate after warm-up (paper: 5e-3).")
    extractor_final_rate: NotNegative = Field(1e-4, description="where its linear decay ends (paper: 1e-4).")
    extractor_warmup: Fraction = Field(0.06, description="share of the steps that warm up (paper: 0.06).")
    l2: NotNegative = Field(
        1.0, description="Newton's ridge penalty l2/2 * |w|^2 a query type, on weights, not on the bias."
    )
    hidden: Count = Field(256, description="width of the generator (paper: 256).")
    layers: Annotated[int, Field(ge=1, le=DEEPEST)] = Field(
        2, description="encoder layers, and decoder layers (paper: 2)."
    )
    heads: Count = Field(
        4,
        validate_default=True,
        description="attention heads of the generator (authors: 8); they must divide `hidden`.",
    )
    feedforward: Count = Field(512, description="width of its feed-forward layers (authors: 2048).")
    norm: Literal["before", "after"] = Field(
        "before", description="layer normalisation `before` each sublayer, or `after` its residual sum (the authors')."
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0,
        description="of the generator's sublayer outputs and inside its feed-forward layers, and of the encoder's "
        "attention weights, not of the decoder's (authors: 0.1, there too).",
    )
    positions: bool = Field(True, description="position embeddings in the generator (the authors' code has none).")
    past_end: bool = Field(
        False,
        description="draw max_length symbols for every rule, past EOS, and learn bodies filled up with EOS (the "
        "authors' code); a rule is read without its EOS.",
    )
    generator_learning_rate: Positive = Field(
        1e-3, description="Adam's peak learning rate when it learns the mined table; it decays to a tenth."
    )
    generator_epochs: Count = Field(40, description="passes over the mined table in the first fit.")
    exploration: Fraction = Field(
        0.0,
        description="share of the uniform distribution over a query type's mined bodies in the table of the first fit "
        "(authors: 0.1).",
    )
    update_learning_rate: Positive = Field(5e-4, description="peak learning rate in the M-steps.")
    update_epochs: Count = Field(20, description="passes over the posterior table in each M-step.")
    generator_batch: Count = Field(16, description="query types a step.")
    reset_generator: bool = Field(
        False, description="start the generator anew in each M-step instead of from its current parameters."
    )
    reset_extractor: bool = Field(
        True, description="start the extractor anew in each M-step instead of from the rules' current weights."
    )

    @field_validator("heads")
    @classmethod
    def _divide_hidden(cls, heads: int, others: ValidationInfo) -> int:
        if others.data.get("hidden", 0) % heads:
            raise ValueError(f"{heads} heads do not divide hidden, {others.data['hidden']}")
        return heads
