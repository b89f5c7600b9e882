"""Gaps in signals: samples that are missing, and samples that had better be. NumPy alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conv_denoiser._checks.arrays import (
    as_array,
    as_numbers,
    bridged,
    check_not_empty,
    check_not_infinite,
)
from conv_denoiser._checks.numbers import check_count
from conv_denoiser._checks.parameters import FrozenParameters
from conv_denoiser._checks.warn import warn
from conv_denoiser._typing import Array

__all__ = [
    "BadSamples",
    "Gaps",
    "as_gaps",
    "denoised_around_gaps",
    "find_bad_samples",
    "in_long_runs",
    "warn_of_nothing",
    "without_gaps",
]

Mask = NDArray[np.bool_]
# So many equal samples in a row are suspicious, and where chance makes them this rarely, bad.
SHORTEST_FLAT, CHANCE = 6, 1e-3
# So many samples in a row at an extreme are clipped, unless they are the top of something round.
SHORTEST_CLIPPED, ROUND_TOP = 3, 6
# A spike is so many times farther from the median of its neighbourhood than others are.
SPIKE, AROUND = 16.0, 7


@dataclass(frozen=True)
class Gaps(FrozenParameters):
    """What a denoiser puts where samples are missing: NaN, or masked.

    Gaps are bridged by straight lines before denoising. What comes out there is the denoiser's
    estimate, or stays NaN. Signals without any sample stay NaN.

    Parameters
    ----------
    fill : bool, default=True
        Whether estimates fill gaps.
    max_gap : int or None, default=None
        Longest gap that is filled, in samples; None fills all.

    Raises
    ------
    ValueError
        If a parameter is not of the kind above, or `max_gap` is given where nothing is filled.

    Examples
    --------
    >>> from conv_denoiser import ConvDenoiser, Gaps
    >>> ConvDenoiser(gaps=Gaps(max_gap=20))
    ConvDenoiser(gaps=Gaps(fill=True, max_gap=20))
    """

    fill: bool = True
    max_gap: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.fill, (bool, np.bool_)):
            raise ValueError(f"fill must be True or False. Got {self.fill!r}.")
        object.__setattr__(self, "fill", bool(self.fill))
        if self.max_gap is not None:
            object.__setattr__(self, "max_gap", check_count("max_gap, in samples,", self.max_gap))
        if self.max_gap is not None and not self.fill:
            raise ValueError(
                f"max_gap={self.max_gap} is the longest gap to fill, but no gap is filled. Leave "
                "it out, or fill gaps."
            )

    def left_in(self, missing: Mask) -> Mask:
        """Tell which missing samples stay missing.

        Parameters
        ----------
        missing : ndarray of bool, shape (n_signals, n_timesteps[, n_channels])
            Samples that are missing.

        Returns
        -------
        ndarray of bool, missing's shape
            Those that are not filled.
        """
        if not self.fill:
            return missing
        left: Mask = missing & missing.all(axis=1, keepdims=True)
        if self.max_gap is not None:
            by_time = np.moveaxis(missing, 1, -1)
            long = in_long_runs(by_time.reshape(-1, missing.shape[1]), self.max_gap + 1)
            left |= np.moveaxis(long.reshape(by_time.shape), -1, 1)
        return left


def as_gaps(gaps: object, max_gap: int | None = None) -> Gaps:
    """Return what a parameter says of gaps: "fill", "keep", or `Gaps` themselves."""
    if isinstance(gaps, Gaps) and max_gap is None:
        return gaps
    if isinstance(gaps, str) and gaps in ("fill", "keep"):
        return Gaps(gaps == "fill", max_gap)
    if isinstance(gaps, Gaps):
        raise ValueError(f"{gaps!r} says it all: leave out max_gap={max_gap!r}.")
    raise ValueError(f"gaps must be 'fill', 'keep' or Gaps(fill=..., max_gap=...). Got {gaps!r}.")


def denoised_around_gaps(
    denoise: Callable[[Array], Array], X: Array, gaps: Gaps, *, warns: bool = True
) -> Array:
    """Denoise signals (n_signals, n_timesteps, n_channels), of which samples are missing (NaN).

    What `denoise` says of their uncertainty, in further channels, does not hold in gaps: NaN.
    """
    missing = np.isnan(X)
    if not missing.any():
        return denoise(X)
    denoised = denoise(without_gaps(X))
    if warns:
        warn_of_nothing(missing)
    left = gaps.left_in(missing)
    if denoised.shape != X.shape:
        left = np.concatenate([left, missing], axis=2)
    return np.where(left, denoised.dtype.type(np.nan), denoised)


def warn_of_nothing(missing: Mask) -> None:
    """Warn of signals, or channels of them, that have no sample at all."""
    nothing = missing.all(axis=1)
    if nothing.any():
        warn(f"{nothing.sum()} of {nothing.size} signals have no sample at all, and stay NaN.")


def without_gaps(X: Array) -> Array:
    """Bridge the gaps of signals (n_signals, n_timesteps, n_channels); all are 0 if all is gap."""
    if not np.isnan(X).any():
        return X
    n_timesteps = X.shape[1]
    rows = X.transpose(0, 2, 1).reshape(-1, n_timesteps)
    filled = bridged(rows, ~np.isnan(rows)).reshape(len(X), -1, n_timesteps)
    return np.ascontiguousarray(filled.transpose(0, 2, 1))


def in_long_runs(
    marked: Mask, length: int, t: NDArray[np.int_] | None = None, n_timesteps: int | None = None
) -> Mask:
    """Keep the marks that stand in a row with so many others at least, themselves counted.

    Where runs go on beyond what is at hand, `t` are the numbers of the timesteps, the next one
    without a mark among them, of `n_timesteps` in all.
    """
    n_timesteps = marked.shape[1] if n_timesteps is None else n_timesteps
    t = np.arange(n_timesteps) if t is None else t
    before = np.maximum.accumulate(np.where(marked, -1, t), axis=1)
    after = np.where(marked, n_timesteps, t)[:, ::-1]
    after = np.minimum.accumulate(after, axis=1)[:, ::-1]
    kept: Mask = marked & (after - before > length)
    return kept


class BadSamples(NamedTuple):
    """Samples that tell nothing of the signal, as `find_bad_samples` finds them.

    Parameters
    ----------
    mask : ndarray of bool
        Samples that are bad for any reason, of the signals' shape.
    reasons : dict of str to ndarray of bool
        The samples that are "flat", "clipped" and "spike", each of the signals' shape.
    """

    mask: Mask
    reasons: dict[str, Mask]


def find_bad_samples(x: ArrayLike) -> BadSamples:
    """Find flat lines, clipping and spikes in noisy signals.

    Parameters
    ----------
    x : array-like of shape (n_timesteps,), (n_signals, n_timesteps[, n_channels])
        Noisy signals. NaN and masked samples are missing, and never bad. Each channel is looked at
        by itself.

    Returns
    -------
    BadSamples
        The mask of all bad samples, and the ``reasons``, masks by name:

        - ``"flat"``: 6 equal samples in a row or more, and more than rounding explains;
        - ``"clipped"``: 3 or more in a row at the signal's least or greatest value, between steep
          flanks or far longer than the rounded top of a slow wave;
        - ``"spike"``: up to 3 in a row that are far from all around them, 16 times as far as
          samples usually are.

    Raises
    ------
    ValueError, TypeError
        If `x` has another number of dimensions, infinity or values that are not real numbers.

    See Also
    --------
    denoise : With ``bad="auto"``, treats these samples as missing.

    Notes
    -----
    Noise is what tells a bad sample from a good one: in a signal without any, a plateau looks like
    a flat line. A lonely peak of few samples looks like a spike, as do heartbeats at 100 Hz.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser import find_bad_samples
    >>> x = np.sin(np.arange(200) / 9) + 0.1 * np.random.default_rng(0).normal(size=200)
    >>> x[50:80], x[120] = x[50], 40
    >>> bad = find_bad_samples(x)
    >>> {reason: int(mask.sum()) for reason, mask in bad.reasons.items()}
    {'flat': 30, 'clipped': 0, 'spike': 1}
    """
    array = as_array(x, "x")
    signals = as_numbers(array[np.newaxis] if array.ndim == 1 else array, "x")
    check_not_empty(signals, "x")
    check_not_infinite(signals, "x")
    by_time: Array = np.moveaxis(signals, 1, -1).astype(np.float64)
    rows = by_time.reshape(-1, signals.shape[1])
    found = {name: np.zeros(rows.shape, bool) for name in ("flat", "clipped", "spike")}
    for row, values in enumerate(rows):
        there = ~np.isnan(values)
        for name, mask in _bad_in(values[there]).items():
            found[name][row, there] = mask
    reasons = {
        name: np.moveaxis(mask.reshape(by_time.shape), -1, 1).reshape(array.shape)
        for name, mask in found.items()
    }
    return BadSamples(np.logical_or.reduce(list(reasons.values())), reasons)


def _bad_in(x: Array) -> dict[str, Mask]:
    """Return the bad samples of one signal that lacks none, by reason."""
    if x.size < AROUND:
        return {}
    starts = np.flatnonzero(np.diff(x, prepend=np.nan))  # of runs of equal samples
    lengths = np.diff(starts, append=x.size)
    flat, clipped = _flat(lengths), _clipped(x[starts], lengths)
    return {
        "flat": np.repeat(flat & ~clipped, lengths),
        "clipped": np.repeat(clipped, lengths),
        "spike": _spikes(x),
    }


def _flat(lengths: NDArray[np.intp]) -> Mask:
    """Tell which runs of equal samples are longer than rounding explains."""
    # How often a sample equals the one before; one long run counts no more than a short one.
    share = (np.count_nonzero(lengths > 1) + 1) / (lengths.size + 2)
    by_chance = np.log(CHANCE / lengths.size) / np.log(share)
    flat: Mask = (lengths >= SHORTEST_FLAT) & (lengths > by_chance)
    return flat


def _clipped(values: Array, lengths: NDArray[np.intp]) -> Mask:
    """Tell which runs of equal samples are cut off at the least or the greatest value."""
    if values.size == 1:
        return np.zeros(1, bool)
    steps = np.abs(np.diff(values))
    before, after = np.append(np.inf, steps), np.append(steps, np.inf)
    is_steep = np.minimum(before, after) > 1.5 * steps.min()  # more than the unit of rounding
    around = np.maximum(np.append(0, lengths[:-1]), np.append(lengths[1:], 0))
    is_extreme = (values == values.min()) | (values == values.max())
    is_cut = is_steep | (lengths > ROUND_TOP * around)
    clipped: Mask = is_extreme & (lengths >= SHORTEST_CLIPPED) & is_cut
    return clipped


def _spikes(x: Array) -> Mask:
    """Tell which samples are far from those around them."""
    padded = np.pad(x, AROUND // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, AROUND)
    middle = np.median(windows, axis=1)
    spread = np.median(np.abs(windows - middle[:, np.newaxis]), axis=1)
    steps = np.abs(np.diff(x))
    unit = steps.min(initial=np.inf, where=steps > 0)  # of rounding
    usual = max(np.median(spread), unit)
    spikes: Mask = np.abs(x - middle) > SPIKE * np.maximum(usual, spread)
    return spikes
