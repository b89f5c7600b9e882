"""Signals in shuffled batches, as a network learns from them."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._typing import Array
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.supervision.task import Problem, draw_pairs

__all__ = ["Array", "Rows", "TrainingBatches", "cross_entropy_floor", "split"]

Rows = slice | NDArray[np.intp]  # a selection of signals


class TrainingBatches:
    """Batches of signals, shuffled anew every epoch, numbered on from the first epoch.

    A batch depends on the seed and its number alone, so it is the same however far ahead batches
    are fetched.
    """

    def __init__(self, signals: Signals, problem: Problem, *, batch_size: int, seed: int) -> None:
        self._signals = signals
        self._problem = problem
        self._seed = seed
        self._epoch = -1
        self._order = np.empty(0, dtype=np.intp)
        self.batch_size = batch_size
        self.n_batches = ceil_div(len(signals), batch_size)  # of one epoch

    def __getitem__(self, number: int) -> tuple[Array, ...]:
        epoch, index = divmod(int(number), self.n_batches)
        if epoch != self._epoch:
            rng = np.random.default_rng((self._seed, epoch))
            self._order = rng.permutation(len(self._signals))
            self._epoch = epoch
        start = index * self.batch_size
        rows = np.sort(self._order[start : start + self.batch_size])
        rng = np.random.default_rng((self._seed, epoch, index))
        return draw_pairs(self._signals.rows(rows), rng, self._problem)

    def epoch(self, number: int) -> Iterator[tuple[Array, ...]]:
        """Iterate over the batches of one epoch."""
        start = number * self.n_batches
        return (self[start + index] for index in range(self.n_batches))


def split(
    signals: Signals,
    problem: Problem,
    rows: tuple[Rows, Rows | None],
    *,
    batch_size: int,
    seed: int,
) -> tuple[TrainingBatches, tuple[Array, ...] | None]:
    """Make training batches and fixed validation pairs of two selections of rows."""
    training, validation = rows
    train = TrainingBatches(
        signals.rows(training).weighted(), problem, batch_size=batch_size, seed=seed
    )
    if validation is None:
        return train, None
    rng = np.random.default_rng(seed)
    return train, draw_pairs(signals.rows(validation).weighted(), rng, problem)


def cross_entropy_floor(batches: Iterable[tuple[Array, ...]], problem: Problem) -> float | None:
    """Return the mean entropy of the targets, which cross-entropy cannot fall below."""
    if not problem.cross_entropy:
        return None
    total = 0.0
    n_signals = 0
    for _, targets, *weights in batches:
        targets = targets.astype(np.float64)
        entropy = (entr(targets) + entr(1 - targets)).mean(axis=2)
        total += np.sum(np.mean(entropy * weights[0] if weights else entropy, axis=1))
        n_signals += len(targets)
    return float(total / n_signals)
