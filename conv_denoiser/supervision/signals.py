"""Signals to learn from: noisy, perhaps clean, and how much each counts."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._typing import Array

__all__ = ["Array", "Signals"]


@dataclass(frozen=True)
class Signals:
    """Signals to learn from: X, y of the same shape or None, and how much each signal counts.

    X has the shape (n_signals, n_timesteps, n_channels), `weight` the shape (n_signals,), or is
    None where all count the same. With `has_gaps`, NaN stands for samples that are missing.
    `numbers` are their places among those that were given, None where these are all of them.
    """

    X: Array
    y: Array | None = None
    weight: Array | None = None
    has_gaps: bool = False
    numbers: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.X)

    @property
    def n_counting(self) -> int:
        """Number of signals whose weight is not zero."""
        return len(self) if self.weight is None else int(np.count_nonzero(self.weight))

    def rows(self, rows: slice | NDArray[np.intp] | NDArray[np.bool_]) -> "Signals":
        """Take some of the signals."""
        y = None if self.y is None else self.y[rows]
        weight = None if self.weight is None else self.weight[rows]
        numbers = (np.arange(len(self)) if self.numbers is None else self.numbers)[rows]
        return Signals(self.X[rows], y, weight, self.has_gaps, numbers)

    def weighted(self) -> "Signals":
        """Leave out signals that do not count, and bring the mean of the weights to 1."""
        if self.weight is None:
            return self
        counts = self.weight > 0
        kept = self if counts.all() else self.rows(counts)
        assert kept.weight is not None
        weight = kept.weight / kept.weight.mean()
        return replace(kept, weight=None if (weight == 1).all() else weight)
