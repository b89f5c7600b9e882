"""From X, y and a noise model to the batches that a network learns from.

A supervision is a function ``(X, y, rng, problem) -> (inputs, targets, weights)`` of some signals
of shape (n_signals, n_timesteps, n_channels). `weights`, of shape (n_signals, n_timesteps) or None,
say how much the loss of each point counts; the mean of each signal is 1.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from conv_denoiser._typing import Array
from conv_denoiser.noise import NoiseModel
from conv_denoiser.preprocessing import PerSampleScaler
from conv_denoiser.supervision.blind_spot import BlindSpot
from conv_denoiser.supervision.signals import Signals

__all__ = [
    "SUPERVISIONS",
    "Problem",
    "draw_pairs",
    "run_scaled",
]

Pairs = tuple[Array, Array, Array | None]


class Problem(NamedTuple):
    """What stays the same for all batches of one fit."""

    supervision: str
    noise: NoiseModel | None
    blind_spot: BlindSpot
    scaler: PerSampleScaler | None
    cross_entropy: bool
    length: int


def paired(X: Array, y: Array, rng: np.random.Generator, problem: Problem) -> Pairs:
    """Learn y from X."""
    return *_scaled(X, y, problem), None


def synthetic(X: Array, y: None, rng: np.random.Generator, problem: Problem) -> Pairs:
    """Learn X from X with noise that is drawn at every call."""
    assert problem.noise is not None
    return *_scaled(problem.noise(X, rng), X, problem), None


def blind_spot(X: Array, y: None, rng: np.random.Generator, problem: Problem) -> Pairs:
    """Learn some points of X from their neighbours; which ones is drawn at every call."""
    inputs, targets = _scaled(X, X, problem)
    inputs, predicted = problem.blind_spot.hide(inputs, rng)
    return inputs, targets, predicted / predicted.mean(axis=1, keepdims=True)


SUPERVISIONS: dict[str, Callable[..., Pairs]] = {
    "paired": paired,
    "synthetic": synthetic,
    "blind_spot": blind_spot,
}


def draw_pairs(signals: Signals, rng: np.random.Generator, problem: Problem) -> tuple[Array, ...]:
    """Draw inputs, targets and any weights as the network takes them: float32 and long enough."""
    inputs, targets, weights = SUPERVISIONS[problem.supervision](signals.X, signals.y, rng, problem)
    if problem.cross_entropy:
        targets = targets.clip(0, 1)
    inputs, targets = (
        pad_timesteps(array, problem.length).astype(np.float32, copy=False)
        for array in (inputs, targets)
    )
    if weights is not None:
        weights = np.pad(weights, ((0, 0), (0, problem.length - weights.shape[1])))
    elif signals.weight is not None:
        weights = np.ones(inputs.shape[:2])
    if weights is None:
        return inputs, targets
    if signals.weight is not None:
        weights = weights * signals.weight[:, np.newaxis]
    return inputs, targets, weights.astype(np.float32)


def pad_timesteps(x: Array, length: int) -> Array:
    """Repeat the last timestep up to `length`."""
    if x.shape[1] == length:
        return x
    return np.pad(x, ((0, 0), (0, length - x.shape[1]), (0, 0)), mode="edge")


def run_scaled(
    forward: Callable[[Array], Array], inputs: Array, reference: Array, scaler: Any, length: int
) -> Array:
    """Run a network on signals that are scaled by the statistics of `reference`, and padded."""
    if scaler is not None:
        statistics = scaler.statistics(reference)
        inputs = scaler.scale(inputs, statistics)
    output = forward(pad_timesteps(inputs, length))
    output = output[:, : inputs.shape[1]].astype(inputs.dtype, copy=False)
    return output if scaler is None else scaler.unscale(output, statistics)


def _scaled(noisy: Array, target: Array, problem: Problem) -> tuple[Array, Array]:
    if problem.scaler is None:
        return noisy, target
    statistics = problem.scaler.statistics(noisy)
    return problem.scaler.scale(noisy, statistics), problem.scaler.scale(target, statistics)
