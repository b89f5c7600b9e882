"""Denoise arrays in one call, with no training."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, cast, overload

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.arrays import (
    as_array,
    as_numbers,
    bridged,
    check_not_empty,
    with_channels,
)
from conv_denoiser._checks.axes import doubt_of_axes
from conv_denoiser._checks.elsewhere import is_lazy, refuse_elsewhere, room_of
from conv_denoiser._checks.kinds import in_kind, is_of_a_kind, sampling_rate_of, times_of
from conv_denoiser._checks.numbers import check_number
from conv_denoiser._checks.ragged import as_ragged, by_length
from conv_denoiser._checks.times import even_grid
from conv_denoiser._checks.warn import DenoisingWarning, warn
from conv_denoiser._typing import Array, RawArray
from conv_denoiser.gaps import Gaps, as_gaps, find_bad_samples, warn_of_nothing
from conv_denoiser.pretrained.blocks import denoise_rows
from conv_denoiser.pretrained.denoising import denoise_block
from conv_denoiser.pretrained.ecg import check_rate, denoise_ecgs
from conv_denoiser.pretrained.events import brief_events
from conv_denoiser.pretrained.universal import universal

__all__ = ["denoise"]

# The level of noise can be estimated from this many timesteps on.
SHORT = 32


@overload
def denoise(
    x: ArrayLike,
    *,
    model: str = "universal",
    time: ArrayLike | None = None,
    sampling_rate: float | None = None,
    noise_std: float | None = None,
    strength: float = 1.0,
    gaps: str | Gaps = "fill",
    max_gap: int | None = None,
    bad: str | None = None,
    return_std: Literal[False] = False,
) -> Array: ...


@overload
def denoise(
    x: ArrayLike,
    *,
    model: str = "universal",
    time: ArrayLike | None = None,
    sampling_rate: float | None = None,
    noise_std: float | None = None,
    strength: float = 1.0,
    gaps: str | Gaps = "fill",
    max_gap: int | None = None,
    bad: str | None = None,
    return_std: Literal[True],
) -> tuple[Array, Array]: ...


def denoise(
    x: ArrayLike,
    *,
    model: str = "universal",
    time: ArrayLike | None = None,
    sampling_rate: float | None = None,
    noise_std: float | None = None,
    strength: float = 1.0,
    gaps: str | Gaps = "fill",
    max_gap: int | None = None,
    bad: str | None = None,
    return_std: bool = False,
) -> Array | tuple[Array, Array]:
    """Remove white noise from signals of any kind, with no training; of ECGs other noise, too.

    A network that was trained once, on random signals of many kinds, estimates the noise in units
    of its level. What it removes is checked: where the quiet parts of it tell of a lower level,
    the signal is denoised again with that one.

    The model "ecg" learned from real ECGs, and removes wandering baselines, muscle noise and the
    motion of electrodes, too. It works at 360 samples a second, in windows of 1,024: signals of
    another rate are resampled to that one, denoised, and resampled back, so that above 1,000 Hz,
    for instance, what is faster than 180 Hz is lost. It checks nothing.

    Parameters
    ----------
    x : array-like of shape (n_timesteps,), (n_signals, n_timesteps[, n_channels])
        Noisy signals in any units, of 2 timesteps or more. NaN and masked samples are missing.
        Channels are denoised one by one. Signals of unequal lengths are a list. A pandas or polars
        table holds a signal in each row; with a DatetimeIndex or TimedeltaIndex, in each column.
        Raw data and epochs of MNE are denoised but for what is marked as bad, and traces and
        streams of ObsPy.
    model : {"universal", "ecg"}, default="universal"
        Name of the model, see `list_pretrained`.
    time : array-like of shape (n_timesteps,), default=None
        When the samples were taken, where that is not evenly: rising seconds, other numbers, dates
        or durations, the same for all signals. None is evenly, or what an index of pandas tells.
        Holes in time are gaps. Samples that stray from an even grid by less than half a step count
        as if they did not; others are averaged in the places of a grid of the mean step.
    sampling_rate : float, default=None
        Samples of `x` a second (Hz), from 50 to 50,000, for "ecg", which needs it. Objects of MNE
        and ObsPy tell theirs, and so does `time` in seconds or dates. To "universal" all rates are
        one.
    noise_std : float, default=None
        Standard deviation of the noise in the units of the signals, where it is known. None
        estimates it for each signal.
    strength : float, default=1
        Multiple of the level: less keeps more detail, more smooths. This and `noise_std` are for
        "universal" alone, and so is `return_std`.
    gaps : {"fill", "keep"} or Gaps, default="fill"
        What comes out where samples are missing: an estimate, or NaN.
    max_gap : int, default=None
        Longest gap that is filled, in samples; longer ones stay NaN. None fills all.
    bad : {"auto"} or None, default=None
        "auto" takes flat lines, clipping and spikes for missing, as `find_bad_samples` finds them.
    return_std : bool, default=False
        Whether to return how uncertain each sample is, too.

    Returns
    -------
    denoised : ndarray of x's shape
        Denoised signals in the units of `x`, float32 for float32 input and float64 otherwise. For
        lists of signals of unequal lengths, tables and objects of MNE and ObsPy: a copy of their
        kind, with all else that they hold.
    std : ndarray of x's shape
        With `return_std`: the standard deviation of the error of each sample, as the network
        predicts it, in the units of `x`. Where nothing was removed it is the level of the noise,
        and in gaps it is that of what fills them. NaN where gaps are left, and where the level is
        not known: for fewer than 32 timesteps without `noise_std`, and for signals without any
        sample.

    Raises
    ------
    ValueError, TypeError
        If `x` has another number of dimensions, fewer than 2 timesteps, infinity or values that
        are not real numbers, `noise_std`, `strength` or `max_gap` is not positive, or `gaps`,
        `bad` or `model` is none of the words above; if "ecg" is given no sampling rate, or what is
        not for it; if `time` does not rise, or less than a quarter of an even grid was sampled.
    ModelFileError
        If the file of the network is damaged.

    Warns
    -----
    UserWarning
        Of signals without any sample, which stay NaN; of fewer than 32 timesteps, from which no
        level can be estimated, so that signals stay as they are; of what may be transposed.
    DenoisingWarning
        If `time` is so uneven that samples have to share places of an even grid; if what was
        removed holds events of one or two samples, far beyond all else: they may be signal.

    See Also
    --------
    ConvDenoiser : Learns from your own signals, and noise that is not white.
    find_bad_samples : Which samples ``bad="auto"`` passes over, and why.

    Notes
    -----
    The network learned white noise. Noise that is correlated from sample to sample, such as hum or
    a wandering baseline, is taken for signal and stays. What is as fast and irregular as noise
    cannot be told from it: of random signals of 50 to 400 timesteps, up to 3 in 100 come back worse
    than they were. Pass `noise_std` where it is known.

    About 93 % of clean samples lie within two standard deviations (`std`) of the denoised ones, on
    random signals of every kind; of a signal alone, far more or fewer may. With `strength`, the
    distance from what the strength of 1 gives adds to the error.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser import SignalGenerator, denoise
    >>> from conv_denoiser.metrics import snr_db
    >>> ecg = {"n_timesteps": 1024, "sampling_rate": 360, "random_state": 0}
    >>> noisy, clean, _ = SignalGenerator("ecg", noise=0.1, **ecg).sample(3)
    >>> bool(snr_db(clean, denoise(noisy)) > snr_db(clean, noisy) + 5)
    True
    >>> denoised, std = denoise(noisy, return_std=True)
    >>> bool(np.mean(np.abs(denoised - clean) < 2 * std) > 0.8)
    True
    """
    options: dict[str, Any] = {"model": model, "sampling_rate": sampling_rate, "gaps": gaps}
    options |= {"noise_std": noise_std, "strength": strength, "max_gap": max_gap, "bad": bad}
    if is_of_a_kind(x):
        return _in_kind(x, time, return_std=return_std, **options)
    if (ragged := as_ragged(x, "x")) is not None:
        if time is not None:
            raise ValueError("time is for signals of one length. Pass those of a list one by one.")
        lists: Array = by_length(partial(denoise, return_std=return_std, **options), ragged)
        return lists
    noise_std = None if noise_std is None else check_number("noise_std", noise_std, above=0)
    strength = check_number("strength", strength, above=0)
    is_ecg = _check_model(model, noise_std, strength, return_std)
    choice = as_gaps(gaps, max_gap)
    if is_ecg and time is None:
        check_rate(sampling_rate)
    known: dict[str, Any] = {"noise_std": noise_std, "strength": strength, "return_std": return_std}
    if (room := room_of(x)) is not None:
        refuse_elsewhere(x, **{"model='ecg'": is_ecg, "time": time is not None})
        return _elsewhere(room, x, gaps=choice, bad=bad, **known)
    if is_ecg:
        evenly = partial(_ecgs, gaps=choice, sampling_rate=sampling_rate)
    else:
        evenly = partial(_white, gaps=choice, **known)
    results = _of_array(x, time, bad, evenly, is_ecg=is_ecg, knows_level=noise_std is not None)
    return (results[0], results[1]) if return_std else results[0]


def _elsewhere(room: Any, x: Any, *, noise_std: float | None, **options: Any) -> Any:
    """Denoise what is of another room, and warn of it as of arrays."""
    denoised = room.denoise(x, noise_std=noise_std, **options)
    if is_lazy(x):
        _warn_of_shape(x[np.newaxis] if x.ndim == 1 else x, noise_std is None)
    return denoised


def _of_array(
    x: ArrayLike,
    time: ArrayLike | None,
    bad: object,
    evenly: Callable[[Array, float | None], Array],
    *,
    is_ecg: bool,
    knows_level: bool,
) -> Array:
    """Denoise an array by what denoises signals that are sampled evenly; outputs come first."""
    array = as_array(x, "x")
    signals = _without_bad(_as_signals(array), bad)
    _warn_of_shape(signals, needs_level=not (knows_level or is_ecg))
    dtype = np.float32 if signals.dtype == np.float32 else np.float64
    # One row a channel, in float64 whatever came.
    by_channel = with_channels(signals.astype(np.float64)).transpose(0, 2, 1)
    rows = by_channel.reshape(-1, by_channel.shape[2])
    results = _at_times(rows, time, evenly)
    if not is_ecg:
        _warn_of_events(rows, results[0], array.ndim, by_channel.shape[1])
    if not knows_level and rows.shape[1] < SHORT:
        results[1:] = np.nan
    in_order = results.reshape(-1, *by_channel.shape).transpose(0, 1, 3, 2)
    return cast(Array, np.ascontiguousarray(in_order, dtype).reshape(-1, *array.shape))


def _in_kind(x: Any, time: Any, *, sampling_rate: float | None, model: str, **options: Any) -> Any:
    """Denoise what is of pandas, MNE and the like, which may tell when samples were taken."""
    options["time"] = times_of(x) if time is None else time
    if model == "ecg":
        options["sampling_rate"] = sampling_rate_of(x, sampling_rate)
    return in_kind(partial(denoise, model=model, **options), x, time_first=False)


def _at_times(
    rows: Array, time: ArrayLike | None, evenly: Callable[[Array, float | None], Array]
) -> Array:
    """Denoise signals whose samples are as far apart as `time` says, on a grid that is even."""
    if time is None:
        return evenly(rows, None)
    grid = even_grid(time, rows.shape[1])
    return grid.gather(evenly(grid.spread(rows), grid.step))


def _ecgs(rows: Array, step: float | None, *, gaps: Gaps, sampling_rate: float | None) -> Array:
    rate = check_rate(1 / step if sampling_rate is None and step is not None else sampling_rate)
    if rows.shape[1] < rate:
        warn(
            f"{rows.shape[1]} timesteps at {rate:g} Hz are less than a second of an ECG, in which "
            "model='ecg' may invent what it knows of hearts. Pass longer signals."
        )
    return _by_row(rows, lambda X: denoise_ecgs(X, rate)[np.newaxis], gaps, n_outputs=1)


def _white(
    rows: Array,
    step: float | None,
    *,
    gaps: Gaps,
    noise_std: float | None,
    strength: float,
    return_std: bool,
) -> Array:
    block = partial(denoise_block, run=universal(), noise_std=noise_std, strength=strength)
    run = partial(denoise_rows, denoise=block, with_std=return_std)
    return _by_row(rows, run, gaps, n_outputs=1 + return_std)


def _by_row(rows: Array, run: Callable[[Array], Array], gaps: Gaps, n_outputs: int) -> Array:
    """Denoise signals (n_signals, n_timesteps) that have samples; leave NaN in gaps that stay."""
    missing = np.isnan(rows)
    silent = missing.all(axis=1)
    warn_of_nothing(missing)
    results = np.full((n_outputs, *rows.shape), np.nan)
    if not silent.all():
        results[:, ~silent] = run(rows[~silent])
    results[:, gaps.left_in(missing)] = np.nan
    return results


def _as_signals(array: RawArray) -> RawArray:
    """Return signals (n_signals, n_timesteps[, n_channels]) that can be denoised."""
    signals = as_numbers(array[np.newaxis] if array.ndim == 1 else array, "x")
    check_not_empty(signals, "x")
    if signals.shape[1] < 2:
        raise ValueError(
            f"x has signals of {signals.shape[1]} timestep, of shape {array.shape}; noise shows "
            "from 2 on. Is it transposed? A recording (n_timesteps, n_channels) is passed as x.T."
        )
    if np.isinf(signals).any():
        raise ValueError(
            f"x holds {np.isinf(signals).sum()} infinite value(s). Where they stand for missing "
            "samples, put NaN there."
        )
    return signals


def _without_bad(signals: RawArray, bad: object) -> RawArray:
    """Put NaN in the place of bad samples, if those are to be found."""
    if bad is None:
        return signals
    if not (isinstance(bad, str) and bad == "auto"):
        raise ValueError(
            f"bad must be 'auto' or None. Got {bad!r}. Samples that you know to be bad are passed "
            "as NaN: numpy.where(mask, numpy.nan, x)."
        )
    mask = find_bad_samples(signals).mask
    if not mask.any():
        return signals
    dtype = np.float32 if signals.dtype == np.float32 else np.float64
    return np.where(mask, dtype(np.nan), signals.astype(dtype))


def _warn_of_events(rows: Array, denoised: Array, n_dimensions: int, n_channels: int) -> None:
    """Warn of brief events among what was removed from signals, channel by channel."""
    there = ~np.isnan(rows)
    removed = np.where(there, rows - denoised, 0)
    events = brief_events(bridged(np.where(there, rows, 0), there), removed)
    if events is None:
        return
    signal, channel = divmod(events.signal, n_channels)
    place = ("", f"[{signal}]", f"[{signal}, :, {channel}]")[n_dimensions - 1]
    warn(
        f"Of what is removed, {events.n_samples} samples lie far beyond all others, the largest, "
        f"{events.largest:.3g}, at timestep {events.timestep} of x{place}. Where these are events "
        "of one or two samples that matter, such as clicks or strikes, put them back: numpy.where("
        f"abs(x{place} - denoised{place}) > {events.limit:.3g}, x{place}, denoised{place}).",
        DenoisingWarning,
    )


def _check_model(model: object, noise_std: object, strength: object, return_std: object) -> bool:
    """Return whether ECGs are denoised; raise ValueError where options do not go together."""
    if model not in ("universal", "ecg"):
        raise ValueError(f"There is no model {model!r}. Expected 'universal' or 'ecg'.")
    if model == "ecg" and not (noise_std is None and strength == 1 and not return_std):
        raise ValueError(
            "noise_std, strength and return_std are for model='universal'. Leave them out: 'ecg' "
            "knows no level of noise."
        )
    return model == "ecg"


def _warn_of_shape(signals: RawArray, needs_level: bool) -> None:
    """Warn where the axes may be exchanged, or signals are too short to show their noise."""
    if signals.ndim == 3 and (doubt := doubt_of_axes(signals.shape, "x")) is not None:
        warn(doubt)
    n_signals, n_timesteps = signals.shape[:2]
    if n_timesteps >= SHORT:
        return
    if n_signals > n_timesteps:
        warn(
            f"x is taken for {n_signals} signals of {n_timesteps} timesteps. If it is a recording "
            f"of {n_timesteps} channels, pass x.T."
        )
    elif needs_level:
        warn(
            f"Signals of {n_timesteps} timesteps are too short to show the level of their noise, "
            f"and stay as they are. Give that level (noise_std), or {SHORT} timesteps and more."
        )
