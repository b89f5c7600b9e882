"""What people hold signals in besides arrays: opened as arrays, and what comes out put back.

Libraries are recognised by the names of their types, so that none is imported; an object of theirs
is here only where its library has been imported.
"""

import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from conv_denoiser._typing import RawArray

__all__ = ["in_kind", "is_of_a_kind", "sampling_rate_of", "times_of"]

# Channels of MNE that are no signals.
NO_SIGNALS = frozenset({"stim", "misc", "syst", "exci", "ias", "chpi", "dipole", "gof", "bio_code"})

Function = Callable[[Any], Any]


class Opened(NamedTuple):
    """An array, and how to put another one of the same shape in its place."""

    values: RawArray
    wrap: Callable[[RawArray], Any]
    no_news: str = "(?!)"  # warnings that say nothing that is true of the object; none


def is_of_a_kind(value: object) -> bool:
    """Tell whether signals are held in an object of a library that is known here."""
    return _opener(value) is not None or _is_stream(value)


def in_kind(function: Function, value: Any, *, time_first: bool) -> Any:
    """Apply a function of arrays, and return an object of the same kind, with all that it knows.

    Parameters
    ----------
    function : callable
        Maps an array to another of the same shape, or to several.
    value : object
        Series, table, raw data, epochs, trace or stream.
    time_first : bool
        Whether the function takes recordings (n_timesteps[, n_channels]), and not signals
        (n_signals, n_timesteps[, n_channels]).

    Returns
    -------
    object
        One of the same kind, or as many as the function returns arrays.
    """
    if _is_stream(value):
        parts = [in_kind(function, trace, time_first=time_first) for trace in value]
        if parts and isinstance(parts[0], tuple):
            return tuple(type(value)(traces) for traces in zip(*parts, strict=True))
        return type(value)(parts)
    opener = _opener(value)
    if opener is None:
        raise TypeError(f"{type(value).__name__} is of no known kind.")
    values, wrap, no_news = opener(value, time_first)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", no_news)
        result = function(values)
    return tuple(map(wrap, result)) if isinstance(result, tuple) else wrap(result)


def sampling_rate_of(value: Any, given: float | None = None) -> float | None:
    """Return the sampling rate (Hz) that an object tells, or else the given one.

    Raise ValueError if they differ, or those of the traces of a stream do.
    """
    parts = value if _is_stream(value) else [value]
    rates = {part.stats.sampling_rate for part in parts if hasattr(part, "stats")}
    rates |= {part.info["sfreq"] for part in parts if hasattr(part, "get_channel_types")}
    told = sorted(float(rate) for rate in rates)
    if len(told) > 1 or (told and given is not None and told != [given]):
        raise ValueError(
            f"{type(value).__name__} has {' and '.join(f'{rate:g}' for rate in told)} samples a "
            f"second, and sampling_rate={given!r}. Leave sampling_rate out, and denoise what has "
            "other rates by itself."
        )
    return told[0] if told else given


def times_of(value: Any) -> RawArray | None:
    """Return the times of samples, dates or durations, that the index of pandas tells, or None."""
    if not any(name in ("pandas.Series", "pandas.DataFrame") for name in _names(value)):
        return None
    pandas, index = sys.modules["pandas"], value.index
    if not isinstance(index, (pandas.DatetimeIndex, pandas.TimedeltaIndex)):
        return None
    if value.ndim == 1 and value.dtype == object:  # each cell may be a signal
        return None
    kind = "datetime64[ns]" if isinstance(index, pandas.DatetimeIndex) else "timedelta64[ns]"
    return np.asarray(index, kind)


def _names(value: object) -> list[str]:
    """Return the names of the types of an object, after the libraries that they are from."""
    return [f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(value).__mro__]


def _is_stream(value: object) -> bool:
    return "obspy.Stream" in _names(value)


def _opener(value: object) -> Callable[[Any, bool], Opened] | None:
    return next((OPENERS[name] for name in _names(value) if name in OPENERS), None)


def _pandas(value: Any, time_first: bool) -> Opened:
    """Open a series or a table, in which each row is a signal unless the index holds times."""
    pandas = sys.modules["pandas"]
    by_time = isinstance(value.index, (pandas.DatetimeIndex, pandas.TimedeltaIndex))
    turned = value.ndim == 2 and by_time and not time_first

    def wrap(array: RawArray) -> Any:
        array = array.T if turned else array
        if array.shape != value.shape:  # each cell was a signal
            return array
        axes = {"columns": value.columns} if value.ndim == 2 else {"name": value.name}
        made = (pandas.Series, pandas.DataFrame)[value.ndim - 1](array, index=value.index, **axes)
        made.attrs = dict(value.attrs)
        return made

    array = value.to_numpy()
    return Opened(array.T if turned else array, wrap)


def _polars(value: Any, time_first: bool) -> Opened:
    polars = sys.modules["polars"]

    def wrap(array: RawArray) -> Any:
        if array.shape != value.shape:  # each cell was a signal
            return array
        if array.ndim == 1:
            return polars.Series(value.name, array)
        return polars.DataFrame(array, schema=value.columns)

    return Opened(value.to_numpy(), wrap)


def _raw(value: Any, time_first: bool) -> Opened:
    """Open raw data of MNE: all channels that hold signals, but for what is marked as bad."""
    picks = _signals_of(value)
    array = value.get_data(picks, reject_by_annotation="NaN", verbose="warning")
    bad = np.isnan(array)

    def wrap(denoised: RawArray) -> Any:
        made = value.copy().load_data()
        new = denoised.T if time_first else denoised
        made[picks] = np.where(bad, made[picks][0], new)
        return made

    return Opened(array.T if time_first else array, wrap, no_news=".*stays? NaN")


def _epochs(value: Any, time_first: bool) -> Opened:
    """Open epochs of MNE, which are signals of several channels."""
    picks = _signals_of(value)
    array = value.get_data(picks, copy=True)

    def wrap(denoised: RawArray) -> Any:
        made = value.copy().load_data()
        made.get_data(copy=False)[:, picks] = denoised.transpose(0, 2, 1)
        return made

    return Opened(array.transpose(0, 2, 1), wrap)


def _signals_of(value: Any) -> list[int]:
    kinds = value.get_channel_types()
    return [place for place, kind in enumerate(kinds) if kind not in NO_SIGNALS]


def _trace(value: Any, time_first: bool) -> Opened:
    """Open a trace of ObsPy; what was done is noted as its own methods note it."""

    def wrap(denoised: RawArray) -> Any:
        made = value.copy()
        made.data = np.ascontiguousarray(denoised)
        made.stats.processing = [*made.stats.get("processing", []), "conv_denoiser: denoised"]
        return made

    return Opened(value.data, wrap)


OPENERS = {
    "pandas.Series": _pandas,
    "pandas.DataFrame": _pandas,
    "polars.Series": _polars,
    "polars.DataFrame": _polars,
    "mne.BaseRaw": _raw,
    "mne.BaseEpochs": _epochs,
    "obspy.Trace": _trace,
}
