"""The spectrum of noise, from the quiet places of noisy signals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._checks.arrays import bridged
from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._typing import Array

__all__ = [
    "SLOWEST",
    "NoiseSpectrum",
    "channels_as_rows",
    "fitted_autocovariance",
    "looks_white",
    "noise_spectrum",
    "tone",
]

# Slower than this, in cycles per timestep, noise is not told from signals.
SLOWEST = 0.2
MAX_FRAMES = 20_000
MANY_GAPS = 0.1  # of all timesteps; what bridges them would look like correlated noise
# A quiet place has at most this multiple of the fast power that a fifth of all places have.
QUIET_SHARE, QUIET_FACTOR = 0.2, 2.0
# Less fast power than this, beside all power, is rounding.
ROUNDING = 1e-13
# White noise over signals of many kinds has less than this fall, and this gap; factors of power.
CLEAR_FALL, CLEAR_GAP = 1.41, 2.0
# Spectra are compared down to this share of their highest value.
FAINT = 1e-3
# A tone stands out by this factor in most places, in frames of this many timesteps.
TONE_FACTOR, TONE_FRAME = 10.0, 256
# What a tone leaves at other frequencies of a tapered frame.
LEAKAGE = 0.003


class NoiseSpectrum(NamedTuple):
    """Power by frequency, in cycles per timestep."""

    frequencies: Array
    power: Array


def channels_as_rows(signals: Array) -> NDArray[np.float64]:
    """Bring (n_signals, n_timesteps[, n_channels]) to rows of mean 0 and deviation 1, or all 0.

    Straight lines bridge what is missing; rows with nothing else, or with many gaps, are left out.
    """
    rows = (
        signals if signals.ndim == 2 else np.moveaxis(signals, 2, 1).reshape(-1, signals.shape[1])
    )
    missing = np.isnan(rows)
    if missing.any():
        n_gaps = np.count_nonzero(missing[:, 1:] & ~missing[:, :-1], axis=1)
        enough = (n_gaps < MANY_GAPS * rows.shape[1]) & ~missing.all(axis=1)
        rows = bridged(rows[enough], ~missing[enough])
    peak = np.abs(rows).max(axis=1, keepdims=True)  # squares would leave the range of floats
    rows = (rows / np.where(peak == 0, 1, peak)).astype(np.float64)
    rows -= rows.mean(axis=1, keepdims=True)
    deviation = rows.std(axis=1, keepdims=True)
    return rows / np.where(deviation == 0, 1, deviation)


def noise_spectrum(rows: Array, size: int) -> NoiseSpectrum | None:
    """Return the mean spectrum of the quiet frames of signals, or None where none has any power.

    Frames, of `size` timesteps, are quiet where they have the least power beyond `SLOWEST`: between
    the beats of an ECG, or the events of a seismogram. The spectrum is brought to the level that
    half of all frames exceed.
    """
    if len(rows) == 0:
        return None
    spectra = _spectra(rows, size)
    frequencies = np.fft.rfftfreq(size)
    fast = spectra[:, frequencies >= SLOWEST].mean(axis=1)
    alive = fast > ROUNDING * spectra.max(initial=0)
    if not alive.any():
        return None
    spectra, fast = spectra[alive], fast[alive]
    quiet = fast <= QUIET_FACTOR * np.quantile(fast, QUIET_SHARE)
    level = min(np.median(fast) / fast[quiet].mean(), QUIET_FACTOR)
    return NoiseSpectrum(frequencies, spectra[quiet].mean(axis=0) * level)


def looks_white(rows: Array) -> bool:
    """Tell whether the quiet places of signals hold noise whose fast half is flat.

    It neither falls from a quarter to half of the sampling rate, as noise does that neighbours
    share, nor has a gap, as after a moving average. One of two lengths of frames is enough, as
    what is left of signals has its own length.
    """
    for size in (32, 64):
        spectrum = noise_spectrum(rows, min(size, rows.shape[1]))
        if spectrum is None:
            return True
        frequencies, power = spectrum
        middle = power[(frequencies >= SLOWEST) & (frequencies <= 0.3)].mean()
        top = power[(frequencies >= 0.4) & (frequencies < 0.5)].mean()
        fast = power[(frequencies >= SLOWEST) & (frequencies < 0.5)]
        lowest = np.convolve(fast, np.full(3, 1 / 3), mode="valid").min()
        if middle < CLEAR_FALL * top and np.median(fast) < CLEAR_GAP * lowest:
            return True
    return False


def fitted_autocovariance(spectrum: NoiseSpectrum, n_lags: int) -> NDArray[np.float64]:
    """Return that of the autoregressive noise, or moving average, whose spectrum is most alike."""
    frequencies, power = spectrum
    size = 2 * (len(frequencies) - 1)
    fast = (frequencies >= SLOWEST) & (frequencies < 0.5)
    lags = np.arange(max(n_lags, size))
    taper = np.hanning(size + 1)[:-1]
    smeared = np.correlate(taper, taper, "full")[size - 1 :] / np.sum(taper**2)
    waves = 2 * np.cos(2 * np.pi * np.outer(frequencies[fast], lags[:size])) * smeared
    waves[:, 0] /= 2
    candidates = [decay**lags for decay in np.arange(0, 0.96, 0.05)]
    candidates += [np.maximum(0, 1 - lags / length) for length in range(2, 10)]
    errors, levels = [], []
    for autocorrelation in candidates:
        expected = waves @ autocorrelation[:size]
        ratio = np.log(power[fast] / np.maximum(expected, FAINT * expected.max()))
        errors.append(ratio.std())
        levels.append(np.exp(ratio.mean()))
    best = int(np.argmin(errors))
    return levels[best] * candidates[best][:n_lags]


def tone(rows: Array) -> float | None:
    """Return the frequency of a tone that lies upon other signals nearly everywhere, or None.

    A tone alone is a signal: others must be there, at half of the lower frequencies.
    """
    size = min(TONE_FRAME, rows.shape[1])
    spectra = _spectra(rows, size)
    steady, mean = np.quantile(spectra, QUIET_SHARE, axis=0), spectra.mean(axis=0)
    floor = np.median(mean[len(mean) // 2 :]) + ROUNDING * mean.max()
    around = np.max([np.roll(steady, shift) for shift in (-4, -3, 3, 4)], axis=0)
    stands_out = steady > TONE_FACTOR * np.maximum(around, ROUNDING * mean.max())
    for place in range(8, len(steady) - 4):
        others = mean[1 : place - 3] > max(4 * floor, LEAKAGE * mean[place])
        if stands_out[place] and np.mean(others) > 0.5:
            return float(np.fft.rfftfreq(size)[place])
    return None


def _spectra(rows: Array, size: int) -> Array:
    """Return the power of frames that overlap by half, (n_frames, n_frequencies)."""
    windows = np.lib.stride_tricks.sliding_window_view(rows, size, axis=1)[:, :: max(1, size // 2)]
    n_frames = windows.shape[0] * windows.shape[1]
    step = ceil_div(n_frames, MAX_FRAMES)
    frames = windows[::step] if step < len(windows) else windows[:, ::step]
    frames = frames.reshape(-1, size)
    line = np.linspace(-1, 1, size)
    frames = frames - frames.mean(axis=1, keepdims=True)
    frames = frames - np.outer(frames @ line / (line @ line), line)
    taper = np.hanning(size + 1)[:-1]
    power: Array = np.abs(np.fft.rfft(frames * taper, axis=1)) ** 2 / np.sum(taper**2)
    return power
