"""From X, y and a noise model to the batches that a network learns from.

A supervision is a function ``(X, y, rng, problem) -> (inputs, targets, weights)`` of some signals
of shape (n_signals, n_timesteps, n_channels). `weights`, of shape (n_signals, n_timesteps) or None,
say how much the loss of each point counts; the mean of each signal is 1.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from conv_denoiser._blind_spot import BlindSpot, check_blind_spot
from conv_denoiser.noise import NoiseModel
from conv_denoiser.preprocessing import PerSampleScaler

__all__ = [
    "SUPERVISIONS",
    "Problem",
    "Signals",
    "TrainingBatches",
    "check_problem",
    "cross_entropy_floor",
    "draw_pairs",
    "run_scaled",
    "split",
]

Array = NDArray[np.floating]
Pairs = tuple[Array, Array, Array | None]
# Signals whose targets are looked at before training, and what counts as rounding.
CHECKED_SIGNALS = 1000
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Signals:
    """What is learned from: X, y of the same shape or None, and how much each signal counts.

    X has the shape (n_signals, n_timesteps, n_channels), `weight` the shape (n_signals,), or is
    None where all count the same.
    """

    X: Array
    y: Array | None = None
    weight: Array | None = None

    def __len__(self) -> int:
        return len(self.X)

    @property
    def n_counting(self) -> int:
        """Number of signals whose weight is not zero."""
        return len(self) if self.weight is None else int(np.count_nonzero(self.weight))

    def rows(self, rows: Any) -> "Signals":
        """Take some of the signals."""
        y = None if self.y is None else self.y[rows]
        weight = None if self.weight is None else self.weight[rows]
        return Signals(self.X[rows], y, weight)

    def weighted(self) -> "Signals":
        """Leave out signals that do not count, and bring the mean of the weights to 1."""
        if self.weight is None:
            return self
        counts = self.weight > 0
        kept = self if counts.all() else self.rows(counts)
        assert kept.weight is not None
        weight = kept.weight / kept.weight.mean()
        return replace(kept, weight=None if (weight == 1).all() else weight)


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


class TrainingBatches:
    """Batches of signals, shuffled anew every epoch, by their number since the first epoch.

    What a batch holds depends on the seed and its number alone, so it is the same however far ahead
    batches are fetched.
    """

    def __init__(self, signals: Signals, problem: Problem, *, batch_size: int, seed: int) -> None:
        self._signals, self._problem, self._seed = signals, problem, seed
        self._epoch, self._order = -1, np.empty(0, dtype=np.intp)
        self.batch_size = batch_size
        self.n_batches = -(-len(signals) // batch_size)  # of one epoch

    def __getitem__(self, number: int) -> tuple[Array, ...]:
        epoch, index = divmod(int(number), self.n_batches)
        if epoch != self._epoch:
            rng = np.random.default_rng((self._seed, epoch))
            self._epoch, self._order = epoch, rng.permutation(len(self._signals))
        start = index * self.batch_size
        rows = np.sort(self._order[start : start + self.batch_size])
        rng = np.random.default_rng((self._seed, epoch, index))
        return draw_pairs(self._signals.rows(rows), rng, self._problem)

    def epoch(self, number: int) -> Iterator[tuple[Array, ...]]:
        """Iterate over the batches of one epoch."""
        start = number * self.n_batches
        return (self[start + index] for index in range(self.n_batches))


def check_problem(problem: Problem, signals: Signals) -> None:
    """Raise or warn where signals are not what the supervision or the loss needs.

    Noise should be independent in blind-spot training. Cross-entropy needs targets within [0, 1].
    Without a scaler that is an error. With one, targets that stick out of the scaled range of the
    noisy signals are clipped; a warning tells when that touches more than 1 % of the points of up
    to 1,000 signals.
    """
    if problem.supervision == "blind_spot":
        check_blind_spot(problem.blind_spot, signals.X)
    if not problem.cross_entropy:
        return
    if problem.scaler is None:
        name, targets = "X", signals.X
        if signals.y is not None and problem.supervision == "paired":
            name, targets = "y", signals.y
        low, high = targets.min(), targets.max()
        if low < -TOLERANCE or high > 1 + TOLERANCE:
            raise ValueError(
                f"Binary cross-entropy needs targets within [0, 1], but {name} goes from "
                f"{low:.4g} to {high:.4g} and scaler=None. Scale the targets with "
                "MinMaxPerSample, or choose loss='mean_squared_error'."
            )
        return
    some = signals.rows(slice(None, None, -(-len(signals) // CHECKED_SIGNALS)))
    unclipped = problem._replace(cross_entropy=False)
    inputs, targets, *_ = draw_pairs(some, np.random.default_rng(0), unclipped)
    if inputs.min() < -TOLERANCE or inputs.max() > 1 + TOLERANCE:
        raise ValueError(
            f"Binary cross-entropy needs signals scaled to [0, 1], but {problem.scaler!r} scales "
            f"to {inputs.min():.4g} .. {inputs.max():.4g}. Choose scaler=MinMaxPerSample(), or "
            "loss='mean_squared_error'."
        )
    share = np.mean((targets < -TOLERANCE) | (targets > 1 + TOLERANCE))
    if share > 0.01:
        warnings.warn(
            f"{share:.1%} of the target points lie outside the range of their noisy signal, which "
            "a sigmoid cannot leave, and are clipped to it. If the clean signals have another "
            "offset or amplitude than the noisy ones, choose loss='mean_squared_error'.",
            UserWarning,
            stacklevel=5,  # the caller of fit
        )


def split(
    signals: Signals,
    problem: Problem,
    rows: tuple[Any, Any | None],
    *,
    batch_size: int,
    seed: int,
) -> tuple[TrainingBatches, tuple[Array, ...] | None]:
    """Split signals into training batches and fixed validation pairs, by two selections of rows."""
    training, validation = rows
    train = TrainingBatches(
        signals.rows(training).weighted(), problem, batch_size=batch_size, seed=seed
    )
    if validation is None:
        return train, None
    rng = np.random.default_rng(seed)
    return train, draw_pairs(signals.rows(validation).weighted(), rng, problem)


def cross_entropy_floor(batches: Iterable[tuple[Array, ...]], problem: Problem) -> float | None:
    """Return the mean entropy of the targets, below which cross-entropy cannot fall."""
    if not problem.cross_entropy:
        return None
    total, n_signals = 0.0, 0
    for _, targets, *weights in batches:
        targets = targets.astype(np.float64)
        entropy = (entr(targets) + entr(1 - targets)).mean(axis=2)
        total += np.sum(np.mean(entropy * weights[0] if weights else entropy, axis=1))
        n_signals += len(targets)
    return float(total / n_signals)


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
