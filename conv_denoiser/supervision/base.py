"""The base class of all supervisions."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from conv_denoiser._typing import Array
from conv_denoiser.gaps import without_gaps
from conv_denoiser.preprocessing.scaling import Scaling
from conv_denoiser.supervision.signals import Signals

__all__ = ["Drawn", "Supervision", "scaled"]


class Drawn(NamedTuple):
    """Inputs and targets that a network learns from, and how much each sample counts.

    Inputs and targets have the shape (n_signals, n_timesteps, n_channels). `weight`, of shape
    (n_signals, n_timesteps), is 0 for samples that do not count, and has the mean 1 over each
    signal; None lets all samples count the same.
    """

    inputs: Array
    targets: Array
    weight: Array | None = None


class Supervision(ABC):
    """A way to draw pairs to learn from out of signals."""

    name: ClassVar[str]
    target: ClassVar[Literal["X", "y"]]  # what is learned

    @abstractmethod
    def draw(self, signals: Signals, rng: np.random.Generator, scaling: Scaling) -> Drawn:
        """Draw inputs, targets and weights, scaled by the statistics of the inputs."""

    def check(self, signals: Signals) -> list[str]:
        """Raise if signals cannot be learned from; return warnings about what may mislead."""
        return []


def scaled(noisy: Array, target: Array, scaling: Scaling) -> tuple[Array, Array]:
    """Bridge gaps, and scale noisy signals and targets by the statistics of the noisy ones."""
    noisy, target = without_gaps(noisy), without_gaps(target)
    statistics = scaling.statistics(noisy)
    return scaling.scale(noisy, statistics), scaling.scale(target, statistics)
