"""The parts of metrics: pure functions of arrays (n_signals, n_outputs, n_points)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.arrays import (
    centred,
    check_finite,
    greatest_along,
    mean_along,
    with_channels,
)
from conv_denoiser._checks.numbers import check_sampling_rate
from conv_denoiser._checks.ragged import as_ragged, check_same_lengths, padded
from conv_denoiser._checks.validation import check_signal_array, check_weight
from conv_denoiser._checks.warn import warn
from conv_denoiser._typing import Array

__all__ = [
    "Multioutput",
    "Score",
    "arranged",
    "averaged",
    "centred_unit",
    "checked",
    "compared",
    "outputs",
    "power_spectra",
    "relative_error",
    "root_mean_square",
    "signal_to_noise_db",
    "snr_gain_db",
    "welch_spectra",
]

Multioutput = str | Sequence[float]
Score = Any  # a float or an array of them, as the options say
# Beyond this ratio, float64 no longer tells signal from rounding error.
SNR_LIMIT_DB = 300.0
RELATIVE_LIMIT = 1e15
# Beyond this amplitude, sums of many errors would leave the range of float64.
AMPLITUDE_LIMIT = 1e300
# Timesteps of a segment of a power spectrum, at most.
SEGMENT = 256


def outputs(multioutput: Multioutput, **named: ArrayLike) -> list[Array]:
    """Check arrays or lists of signals, and arrange them as `arranged` does."""
    return [arranged(array, multioutput) for array in checked(**_padded(named))]


def checked(**named: ArrayLike) -> list[Array]:
    """Return signals as float64 arrays of one shape (n_signals, n_timesteps, n_channels).

    What is missing in one is NaN in all; estimates may lack nothing that others have.
    """
    arrays = {name: check_signal_array(array, name) for name, array in named.items()}
    shape = arrays["y_true"].shape
    for name, array in arrays.items():
        if array.shape != shape:
            raise ValueError(f"y_true has shape {shape}, but {name} has shape {array.shape}.")
        if (reached := float(np.fmax.reduce(np.abs(array), axis=None))) > AMPLITUDE_LIMIT:
            raise ValueError(
                f"{name} reaches {reached:.3g}, but errors can only be computed up "
                f"to {AMPLITUDE_LIMIT:g}. Divide all signals by a constant first."
            )
    floats = {name: with_channels(array.astype(np.float64)) for name, array in arrays.items()}
    return _without_missing(floats)


def _padded(named: dict[str, ArrayLike]) -> dict[str, ArrayLike]:
    """Return lists of signals of unequal lengths as arrays, in which NaN follows shorter ones."""
    ragged = {name: as_ragged(array, name) for name, array in named.items()}
    true = ragged["y_true"]
    if true is None:
        return named
    check_same_lengths(true, **ragged)
    return {name: padded(signals or []) for name, signals in ragged.items()}


def _without_missing(arrays: dict[str, Array]) -> list[Array]:
    """Put NaN in all arrays where clean or noisy signals have it."""
    known = [~np.isnan(array) for name, array in arrays.items() if name != "y_pred"]
    counts = np.logical_and.reduce(known)
    if counts.all():
        check_finite(arrays["y_pred"], "y_pred")
        return list(arrays.values())
    check_finite(np.where(counts, arrays["y_pred"], 0), "y_pred")
    if not counts.any():
        raise ValueError(
            f"There is nothing to compare: every sample is missing (NaN) in {' or '.join(arrays)}."
        )
    return [np.where(counts, array, np.nan) for array in arrays.values()]


def arranged(array: Array, multioutput: Multioutput) -> Array:
    """Bring (n_signals, n_points, n_channels) to (n_signals, n_outputs, n_points of each)."""
    if isinstance(multioutput, str):
        names = ("joint", "uniform_average", "raw_values")
        if multioutput not in names:
            raise ValueError(
                f"multioutput must be one of {names} or weights of the channels. "
                f"Got {multioutput!r}."
            )
        if multioutput == "joint":
            return array.reshape(len(array), 1, -1)
    else:
        weights = np.asarray(multioutput)
        numeric = weights.dtype.kind in "fiu" and weights.shape == array.shape[2:]
        if not (numeric and np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
            raise ValueError(
                f"multioutput must hold one weight for each of {array.shape[2]} channel(s), none "
                f"negative and not all zero. Got {multioutput!r}."
            )
    return np.moveaxis(array, 2, 1)


def averaged(
    values: Array,
    sample_weight: ArrayLike | None,
    multioutput: Multioutput,
    average: bool,
    *,
    power: Array | None = None,
) -> Score:
    """Average values of shape (n_signals, n_outputs) over outputs, signals or both.

    NaN is the value of nothing, and does not count. Nor do signals without power (n_signals,
    n_outputs, n_points) in a mean over those that have some.
    """
    if sample_weight is not None and not average:
        raise ValueError(
            "sample_weight weights the mean over signals: pass average=True, or no sample_weight."
        )
    if average:
        weight = check_weight(sample_weight, values)
        values = values if power is None else _of_those_with_power(values, power)
        values = _average(values, 0, weight)
    if isinstance(multioutput, str):
        result = values if multioutput == "raw_values" else _average(values, -1)
    else:
        result = _average(values, -1, np.asarray(multioutput) / np.max(multioutput))
    return float(result) if np.ndim(result) == 0 else result


def _of_those_with_power(values: Array, power: Array) -> Array:
    """Put NaN where a signal has no power but others have, and warn."""
    silent = np.logical_or(power == 0, np.isnan(power)).all(axis=-1) & ~np.isnan(values)
    silent &= ~silent.all(axis=0)
    if not silent.any():
        return values
    n_silent = np.count_nonzero(silent.any(axis=1))
    warn(
        f"{n_silent} of {len(values)} signals have no power, as they are constant, and are left "
        "out of the mean. average=False shows them."
    )
    return np.where(silent, np.nan, values)


def _average(values: Array, axis: int, weight: Array | None = None) -> Array:
    """Average what is not NaN."""
    if not np.isnan(values).any():
        return np.asarray(np.average(values, axis=axis, weights=weight))
    average = np.ma.average(np.ma.masked_invalid(values), axis=axis, weights=weight)
    return np.ma.filled(average, np.nan)


def compared(
    multioutput: Multioutput, centered: bool, *, y_true: ArrayLike, y_pred: ArrayLike
) -> tuple[Array, Array]:
    """Return what clean signals have power in, and the error of estimates, as `arranged` does."""
    true, pred = checked(**_padded({"y_true": y_true, "y_pred": y_pred}))
    power = centred(true) if centered else true
    return arranged(power, multioutput), arranged(pred - true, multioutput)


def signal_to_noise_db(power: Array, error: Array) -> Array:
    """Return signal-to-noise ratios, limited; without any error, that of a perfect estimate."""
    signal, noise = root_mean_square(power), root_mean_square(error)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = 20 * np.log10(signal / noise)
    return np.where(noise == 0, SNR_LIMIT_DB, ratio).clip(-SNR_LIMIT_DB, SNR_LIMIT_DB)


def snr_gain_db(true: Array, pred: Array, noisy: Array) -> Array:
    """Return the signal-to-noise ratios of estimates minus those of noisy signals."""
    return signal_to_noise_db(true, pred - true) - signal_to_noise_db(true, noisy - true)


def relative_error(power: Array, error: Array) -> Array:
    """Return root mean square errors over root mean squares, limited; without any error, 0."""
    signal, noise = root_mean_square(power), root_mean_square(error)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = noise / signal
    return np.where(noise == 0, 0, ratio).clip(None, RELATIVE_LIMIT)


def root_mean_square(values: Array) -> Array:
    """Return root mean squares along the last axis, also where squares exceed the floats."""
    peak = greatest_along(np.abs(values), -1)
    unit = values / np.where(peak == 0, 1, peak)
    return (peak * np.sqrt(mean_along(unit**2, -1)))[..., 0]


def centred_unit(values: Array) -> Array:
    """Bring values to zero mean and unit length along the last axis; flat ones become 0.

    So do missing ones, but where there is nothing else.
    """
    peak = greatest_along(np.abs(values), -1)
    deviations = centred(values / np.where(peak == 0, 1, peak), axis=-1)
    deviations[np.isnan(deviations) & ~np.isnan(peak)] = 0
    length = np.linalg.norm(deviations, axis=-1, keepdims=True)
    return deviations / np.where(length == 0, 1, length)


def welch_spectra(values: Array, sampling_rate: float = 1.0, axis: int = -1) -> tuple[Array, Array]:
    """Return the frequencies and power densities, along an axis, of Welch's segments."""
    from scipy.signal import welch

    segment = min(SEGMENT, values.shape[axis])
    frequencies, densities = welch(values, fs=sampling_rate, nperseg=segment, axis=axis)
    return frequencies, densities


def power_spectra(
    arrays: list[Array], sampling_rate: float | None, frequency_range: tuple[float, float] | None
) -> list[Array]:
    """Return power spectra along time, in units of the largest deviation from the means.

    Missing samples are 0 in all arrays, which takes as much from one spectrum as from the other.
    """
    rate = check_sampling_rate(sampling_rate) or 1.0
    n_timesteps = arrays[0].shape[1]
    if n_timesteps < 2:
        raise ValueError("A spectrum needs signals of two timesteps or more. Got one.")
    deviations = np.stack([np.moveaxis(centred(array), 2, 1) for array in arrays])
    nothing = np.isnan(deviations).all(axis=-1, keepdims=True)
    deviations[np.isnan(deviations)] = 0
    peak = np.abs(deviations).max(axis=(0, 2, 3), keepdims=True)
    frequencies, spectra = welch_spectra(deviations / np.where(peak == 0, 1, peak))
    spectra = np.where(nothing, np.nan, spectra)
    frequencies = frequencies * rate
    spectra = np.moveaxis(spectra, 3, 2)
    if frequency_range is None:
        return list(spectra)
    try:
        low, high = map(float, frequency_range)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"frequency_range must be a pair of numbers (low, high). Got {frequency_range!r}."
        ) from error
    inside = (frequencies >= low) & (frequencies <= high)
    if not inside.any():
        raise ValueError(
            f"frequency_range={frequency_range!r} holds none of the frequencies of a spectrum of "
            f"{min(SEGMENT, n_timesteps)} timesteps at sampling_rate={rate:g}: "
            f"{frequencies[0]:g} to {frequencies[-1]:g}, {frequencies[1]:g} apart."
        )
    return list(spectra[:, :, inside])
