"""Signals of unequal lengths: lists of arrays, worked on length by length, or as one with gaps."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conv_denoiser._checks.arrays import as_array
from conv_denoiser._checks.tables import objects_as_numbers
from conv_denoiser._checks.warn import warn
from conv_denoiser._typing import Array, RawArray

__all__ = ["as_ragged", "by_length", "check_same_lengths", "padded", "pieces", "score_by_length"]

# Lists in which the longest signal is at most so many times as long as the shortest are padded.
ALIKE = 2


def as_ragged(value: Any, name: str) -> list[RawArray] | None:
    """Return a list of signals of unequal lengths, (n_timesteps[, n_channels]); None for others."""
    if type(value) not in (list, tuple) or not all(map(_is_series, value)):
        return None
    if len({len(signal) for signal in value}) < 2:
        return None
    signals = [_signal(signal, f"{name}[{place}]") for place, signal in enumerate(value)]
    shapes = {signal.shape[1:] for signal in signals}
    if len(shapes) > 1 or min(map(len, signals)) == 0 or max(map(len, shapes)) > 1:
        found = ", ".join(str(signal.shape) for signal in signals[:4])
        raise ValueError(
            f"{name} is a list of signals of unequal lengths, which must have one number of "
            f"channels and a sample at least: (n_timesteps,) or (n_timesteps, n_channels). Got "
            f"{found}{', ...' * (len(signals) > 4)}."
        )
    return signals


def _is_series(value: object) -> bool:
    if isinstance(value, (str, bytes, dict)) or not hasattr(value, "__len__"):
        return False
    return getattr(value, "ndim", 1) > 0


def _signal(value: ArrayLike, name: str) -> RawArray:
    signal = as_array(value, name)
    signal = objects_as_numbers(signal, name) if signal.dtype == object else signal
    if signal.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers. Got dtype {signal.dtype}.")
    return signal


def check_same_lengths(signals: Sequence[RawArray], **others: Sequence[RawArray] | None) -> None:
    """Raise ValueError where lists do not hold signals of the same shapes."""
    shapes = [signal.shape for signal in signals]
    for name, other in others.items():
        found = None if other is None else [signal.shape for signal in other]
        if found == shapes:
            continue
        if found is None or len(found) != len(shapes):
            count = "an array" if found is None else f"{len(found)} signals"
            raise ValueError(
                f"{name} must be a list of {len(shapes)} signals, as long as the others. Got "
                f"{count}."
            )
        place = next(k for k, shape in enumerate(shapes) if shape != found[k])
        raise ValueError(
            f"{name}[{place}] has the shape {found[place]}, but {shapes[place]} is needed: signals "
            "that belong together must have one length."
        )


def by_length(function: Callable[[RawArray], Any], signals: Sequence[RawArray]) -> Any:
    """Apply a function of arrays to the signals of each length; return what it does as a list.

    A function that returns several arrays makes several lists.
    """
    results: list[Any] = [None] * len(signals)
    lengths = [len(signal) for signal in signals]
    several = False
    for length in sorted(set(lengths)):
        places = [place for place, found in enumerate(lengths) if found == length]
        result = _told_apart(function, np.stack([signals[place] for place in places]))
        several = isinstance(result, tuple)
        rows = zip(*result, strict=True) if several else result
        for place, row in zip(places, rows, strict=True):
            results[place] = row
    return tuple(map(list, zip(*results, strict=True))) if several else results


def _told_apart(function: Callable[[RawArray], Any], array: RawArray) -> Any:
    """Apply a function, whose warnings are made to say which signals they are about."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        result = function(array)
    for warning in said:
        of_which = f"Of the {len(array)} signal(s) of {array.shape[1]} timesteps in the list: "
        warn(f"{of_which}{warning.message}", warning.category)
    return result


def score_by_length(
    score: Callable[..., float],
    signals: Sequence[RawArray],
    y: Any,
    sample_weight: Any,
) -> float:
    """Return the mean of the scores of single signals, each an array of one row."""
    clean = None if y is None else as_ragged(y, "y")
    if clean is not None or (y is not None and np.shape(y) != (len(signals),)):  # no labels
        check_same_lengths(signals, y=clean)
    targets = [None] * len(signals) if clean is None else [target[np.newaxis] for target in clean]
    scores = [
        score(signal[np.newaxis], target) for signal, target in zip(signals, targets, strict=True)
    ]
    return float(np.average(scores, weights=sample_weight))


def padded(signals: Sequence[RawArray], length: int | None = None) -> Array:
    """Return signals as an array, in which NaN follows the shorter ones."""
    length = length or max(map(len, signals))
    is_single = all(signal.dtype == np.float32 for signal in signals)
    shape = (len(signals), length, *signals[0].shape[1:])
    array = np.full(shape, np.nan, np.float32 if is_single else np.float64)
    for row, signal in zip(array, signals, strict=True):
        row[: len(signal)] = signal
    return array


def pieces(signals: Sequence[RawArray]) -> tuple[list[slice], NDArray[np.intp], int]:
    """Cut signals so that they can be padded to one length with little waste.

    Returns
    -------
    parts : list of slice
        Timesteps of each piece. Those of a signal overlap, but for the shorter ones, which are
        whole.
    origins : ndarray of int
        The signal that each piece is of.
    length : int
        Length to which pieces are padded.
    """
    lengths = [len(signal) for signal in signals]
    is_alike = max(lengths) <= ALIKE * min(lengths)
    length = max(lengths) if is_alike else int(np.median(lengths))
    parts, origins = [], []
    for origin, n_timesteps in enumerate(lengths):
        n_pieces = -(-n_timesteps // length)
        for start in np.linspace(0, max(n_timesteps - length, 0), n_pieces).round().astype(int):
            parts.append(slice(start, start + length))
            origins.append(origin)
    return parts, np.array(origins), length
