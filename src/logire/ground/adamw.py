"""AdamW (Loshchilov and Hutter, 2019), with torch's fused kernel.

``torch.optim`` has the same optimiser around the same kernel, but imports torch's compiler with the first step: 1.3
seconds of CPU time in each job, more than the steps of a short training take.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

BETA1, BETA2 = 0.9, 0.999


@dataclass
class Group:
    """Parameters with the same learning rate and weight decay.

    Attributes:
        peak: the learning rate that a schedule takes its shares of.
        rate: the learning rate of the next step.
        weight_decay: decoupled: each step takes the share ``rate * weight_decay`` from the parameters.
    """

    parameters: list[torch.nn.Parameter]
    peak: float
    weight_decay: float = 0.0
    rate: float = field(init=False)

    def __post_init__(self) -> None:
        self.rate = self.peak


class AdamW:
    """Updates parameters by their gradients.

    Args:
        groups: each parameter in one of them.
        epsilon: added to the root of the second moment.
    """

    def __init__(self, groups: Iterable[Group], *, epsilon: float = 1e-8) -> None:
        self.groups = list(groups)
        self.epsilon = epsilon
        self._moments: dict[str, dict[torch.nn.Parameter, Tensor]] = {"step": {}, "mean": {}, "square": {}}

    def step(self, share: float = 1.0) -> None:
        """One step for every parameter that has a gradient, at ``share`` of each group's peak learning rate."""
        for group in self.groups:
            group.rate = group.peak * share
            learning = [p for p in group.parameters if p.grad is not None]
            if not learning:
                continue
            self._start(learning)
            with torch.no_grad():
                torch._fused_adamw_(
                    list[Tensor](learning),
                    [p.grad for p in learning if p.grad is not None],
                    [self._moments["mean"][p] for p in learning],
                    [self._moments["square"][p] for p in learning],
                    [],
                    [self._moments["step"][p].add_(1) for p in learning],
                    lr=group.rate,
                    beta1=BETA1,
                    beta2=BETA2,
                    weight_decay=group.weight_decay,
                    eps=self.epsilon,
                    amsgrad=False,
                    maximize=False,
                )

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def moments(self) -> dict[str, Tensor]:
        """The state, for a checkpoint: ``NUMBER/NAME`` -> tensor, for each parameter that has had a gradient."""
        return {
            f"{number}/{name}": found[parameter]
            for number, parameter in enumerate(self._parameters)
            for name, found in self._moments.items()
            if parameter in found
        }

    def restore(self, moments: Mapping[str, Tensor]) -> None:
        """Go on from what :meth:`moments` gave, with the same groups."""
        for number, parameter in enumerate(self._parameters):
            for name, found in self._moments.items():
                if f"{number}/{name}" in moments:
                    found[parameter] = moments[f"{number}/{name}"].to(parameter.device)

    @property
    def _parameters(self) -> Sequence[torch.nn.Parameter]:
        return [parameter for group in self.groups for parameter in group.parameters]

    def _start(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        for parameter in parameters:
            if parameter not in self._moments["step"]:
                self._moments["step"][parameter] = torch.zeros((), dtype=torch.float32, device=parameter.device)
                self._moments["mean"][parameter] = torch.zeros_like(parameter)
                self._moments["square"][parameter] = torch.zeros_like(parameter)
