"""From signals and a supervision to the batches that a network learns from."""

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from conv_denoiser._checks.arrays import pad_timesteps
from conv_denoiser._typing import Array
from conv_denoiser.gaps import without_gaps
from conv_denoiser.noise import NoiseModel
from conv_denoiser.preprocessing.scaling import Scaling
from conv_denoiser.supervision.base import Drawn, Supervision, scaled
from conv_denoiser.supervision.missing import weight_of_present
from conv_denoiser.supervision.signals import Signals

__all__ = ["Paired", "Problem", "Synthetic", "draw_pairs", "why_weighted"]


@dataclass(frozen=True)
class Paired(Supervision):
    """Learn y, clean signals or a second noisy take, from noisy X."""

    name: ClassVar[str] = "paired"
    target: ClassVar[Literal["X", "y"]] = "y"

    def draw(self, signals: Signals, rng: np.random.Generator, scaling: Scaling) -> Drawn:
        """Return X and y; gaps in X are filled from y, those in y do not count."""
        assert signals.y is not None
        weight = weight_of_present(signals.y)
        return Drawn(*scaled(signals.X, signals.y, scaling), weight)


@dataclass(frozen=True)
class Synthetic(Supervision):
    """Learn clean X from X with noise that is drawn at every call."""

    noise: NoiseModel

    name: ClassVar[str] = "synthetic"
    target: ClassVar[Literal["X", "y"]] = "X"

    def draw(self, signals: Signals, rng: np.random.Generator, scaling: Scaling) -> Drawn:
        """Return X with noise, and X, whose gaps do not count."""
        X = signals.X
        noisy = self.noise(without_gaps(X), rng)
        noisy = np.where(np.isnan(X), X, noisy) if signals.has_gaps else noisy
        return Drawn(*scaled(noisy, X, scaling), weight_of_present(X))


class Problem(NamedTuple):
    """Everything that stays the same for all batches of one fit."""

    supervision: Supervision
    scaling: Scaling
    cross_entropy: bool
    length: int


def draw_pairs(signals: Signals, rng: np.random.Generator, problem: Problem) -> tuple[Array, ...]:
    """Draw inputs, targets and any weights as the network takes them: float32 and long enough."""
    inputs, targets, weight = problem.supervision.draw(signals, rng, problem.scaling)
    if problem.cross_entropy:
        targets = targets.clip(0, 1)
    if weight is None and why_weighted(problem, signals) is not None:
        weight = np.ones(inputs.shape[:2])
    n_missing = problem.length - inputs.shape[1]
    inputs = pad_timesteps(inputs, problem.length).astype(np.float32, copy=False)
    targets = pad_timesteps(targets, problem.length).astype(np.float32, copy=False)
    if weight is None:
        return inputs, targets
    if n_missing:  # padding does not count
        weight = np.pad(weight, ((0, 0), (0, n_missing)))
        weight *= problem.length / (problem.length - n_missing)
    if signals.weight is not None:
        weight = weight * signals.weight[:, np.newaxis]
    return inputs, targets, weight.astype(np.float32)


def why_weighted(problem: Problem, signals: Signals) -> str | None:
    """Say why samples do not all count the same, or return None where they do."""
    if problem.supervision.name == "blind_spot":
        return "supervision='blind_spot' counts the loss at hidden points only"
    if signals.weight is not None:
        return "sample_weight weights the loss of each signal"
    if signals.has_gaps:
        return "samples are missing (NaN), which do not count"
    if problem.length > signals.X.shape[1]:
        return f"signals are padded to {problem.length} timesteps, which do not count"
    return None
