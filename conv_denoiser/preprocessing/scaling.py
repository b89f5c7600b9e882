"""How signals are brought to a network: without artefacts, and scaled."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._typing import Array
from conv_denoiser.preprocessing.artefacts import (
    TakenOff,
    put_back,
    take_off_jumps,
    trend_of,
    usual_steps,
    within_reach,
)
from conv_denoiser.preprocessing.base import PerSampleScaler
from conv_denoiser.preprocessing.operations import NUMPY, Statistics

__all__ = ["Scaling", "ScalingStatistics"]

# Samples of all signals that are looked at together.
AT_ONCE = 2**17


class ScalingStatistics(NamedTuple):
    """Statistics of what is left of signals, and what was taken off some of them."""

    own: Statistics | None  # None without a scaler
    rows: NDArray[np.intp]  # the signals that something was taken off
    taken: TakenOff | None  # None where nothing was
    excess: Array | None


@dataclass(frozen=True)
class Scaling:
    """Brings signals to a network and back: a scaler, and the artefacts that do not disturb it.

    Jumps and slow trends are taken off before scaling, and put back after. Spikes are cut, so that
    the network can tell what to make of them, and get their height back where it keeps them.

    Parameters
    ----------
    scaler : PerSampleScaler or None
        Scales what is left; None leaves it as it is.
    jumps, trends : bool, default=False
        Whether jumps and spikes are artefacts, and whether slow trends are.
    """

    scaler: PerSampleScaler | None
    jumps: bool = False
    trends: bool = False

    def statistics(self, X: Array) -> ScalingStatistics:
        """Compute what `scale` and `unscale` need of finite signals, with channels."""
        rows, taken = self.taken_off(X)
        if taken is None:
            return ScalingStatistics(self._own_statistics(X), rows, None, None)
        flat = X.copy()
        flat[rows] = taken.flat
        excess = X[rows] - within_reach(X[rows], taken, NUMPY)
        return ScalingStatistics(self._own_statistics(flat), rows, taken, excess)

    def scale(self, X: Array, statistics: ScalingStatistics) -> Array:
        """Take artefacts off signals, and scale them."""
        own, rows, taken, _ = statistics
        if taken is not None:
            X = X.copy()
            X[rows] = within_reach(X[rows], taken, NUMPY) - taken.level
        return X if self.scaler is None or own is None else self.scaler.scale(X, own)

    def unscale(self, X: Array, statistics: ScalingStatistics) -> Array:
        """Undo `scale`."""
        own, rows, taken, excess = statistics
        if self.scaler is not None and own is not None:
            X = self.scaler.unscale(X, own)
        if taken is not None and excess is not None:
            X = X.copy()
            X[rows] = put_back(X[rows], taken, excess, NUMPY)
        return X

    def unscale_deviation(self, std: Array, mean: Array, statistics: ScalingStatistics) -> Array:
        """Return standard deviations of scaled signals in the units that those had."""
        if self.scaler is None or statistics.own is None:
            return std
        return self.scaler.unscale_deviation(std, mean, statistics.own)

    def taken_off(self, X: Array) -> tuple[NDArray[np.intp], TakenOff | None]:
        """Return which signals have artefacts, and those."""
        found = list(self._in_chunks(X)) if self.jumps or self.trends else []
        rows = np.concatenate([np.empty(0, np.intp), *(rows for rows, _ in found)])
        if rows.size == 0:
            return rows, None
        parts = zip(*(taken for _, taken in found), strict=True)
        return rows, TakenOff(*map(np.concatenate, parts))

    def _in_chunks(self, X: Array) -> Iterator[tuple[NDArray[np.intp], TakenOff]]:
        n_rows = max(1, AT_ONCE // X[0].size)
        for start in range(0, len(X), n_rows):
            some = X[start : start + n_rows]
            taken = self._found_in(some)
            rows = np.flatnonzero((taken.flat != some).any(axis=(1, 2)))
            yield start + rows, TakenOff(*(part[rows] for part in taken))

    def _found_in(self, X: Array) -> TakenOff:
        with np.errstate(over="ignore", invalid="ignore"):  # of what scalers refuse
            taken = _jumps_in(X) if self.jumps else _nothing_of(X)
            if self.trends:
                trend = trend_of(taken.flat, NUMPY)
                taken = taken._replace(flat=taken.flat - trend, level=taken.level + trend)
        return taken

    def _own_statistics(self, X: Array) -> Statistics | None:
        return None if self.scaler is None else self.scaler.statistics(X)


def _nothing_of(X: Array) -> TakenOff:
    return TakenOff(X, np.zeros_like(X), X, np.full_like(X[:, :1], np.inf))


def _jumps_in(X: Array) -> TakenOff:
    steps, reach = usual_steps(X, NUMPY)
    jumping = (steps > reach).any(axis=(1, 2))
    if not jumping.any():
        return _nothing_of(X)
    taken = TakenOff(*(part.copy() for part in _nothing_of(X)))
    found = take_off_jumps(X[jumping], reach[jumping], NUMPY)
    for whole, part in zip(taken, found, strict=True):
        whole[jumping] = part
    return taken
