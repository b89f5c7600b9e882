"""Waveforms: pure functions that draw clean signals.

Each is called as ``waveform(n_signals, time, rng)`` with `time` of shape (n_timesteps,), and
returns clean signals of shape (n_signals, n_timesteps). A new one is a function and a line in
`WAVEFORMS`.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["WAVEFORMS"]

Array = NDArray[np.floating]
Waveform = Callable[[int, Array, np.random.Generator], Array]


def x_squared(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Repeat the recipe's parabola, the same for every signal."""
    return np.broadcast_to(time**2, (n_signals, time.size))


def sine(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Draw sines of 1 to 8 periods, amplitude 0.5 to 1.5 and any phase."""
    amplitude, periods, phase = _columns(rng, n_signals, (0.5, 1.5), (1, 8), (0, 1))
    return amplitude * np.sin(2 * np.pi * (periods * _fraction(time) + phase))


def chirp(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Draw sines whose frequency rises linearly, from 1-3 to 6-15 periods a signal length."""
    amplitude, start, end, phase = _columns(rng, n_signals, (0.5, 1.5), (1, 3), (6, 15), (0, 1))
    x = _fraction(time)
    return amplitude * np.sin(2 * np.pi * (start * x + (end - start) * x**2 / 2 + phase))


def gaussian_peaks(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Draw spectra of 1 to 6 Gaussian peaks on a flat baseline of 0."""
    n_peaks = 6
    shape = (n_signals, n_peaks, 1)
    centre, width = rng.uniform(0, 1, shape), rng.uniform(0.01, 0.05, shape)
    height = rng.uniform(0.2, 1, shape)
    present = np.arange(n_peaks)[:, None] < rng.integers(1, n_peaks + 1, (n_signals, 1, 1))
    peaks = present * height * np.exp(-0.5 * ((_fraction(time) - centre) / width) ** 2)
    return peaks.sum(axis=1)


# Waves P, Q, R, S, T: angle in the heart cycle (radians, R at 0), height (mV) and width (radians),
# after table 1 of McSharry et al. (2003); heights are those of the resulting waves. Two more stand
# for notches of the QRS complex and the slope of the ST segment.
_ECG_ANGLE = np.array([-np.pi / 3, -np.pi / 12, 0, np.pi / 12, np.pi / 2, np.pi / 24, np.pi / 5])
_ECG_HEIGHT = np.array([0.12, -0.12, 1.1, -0.22, 0.28, 0.2, 0.1])
_ECG_WIDTH = np.array([0.25, 0.1, 0.1, 0.1, 0.35, 0.05, 0.2])
_N_WAVES = _ECG_ANGLE.size


def ecg(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Draw synthetic electrocardiograms in millivolts, with `time` in seconds.

    Each heart cycle is a sum of Gaussian waves (P, Q, R, S, T) over the angle of the cycle: the
    model of McSharry et al. [1]_ in the closed form of Sameni et al. [2]_, on a baseline that moves
    with breathing. Beyond their model, waves are skewed and two small ones are added, for notches
    of the QRS complex and the slope of the ST segment.

    From signal to signal vary the heart rate (45 to 110 beats a minute), amplitude and polarity,
    and the height, width, skewness and place of every wave; within a signal, the length of each
    cycle, with breathing and at random, and slightly the height of each wave. In one signal in
    five, each beat is ventricular with a probability of up to 0.1, drawn for that signal: early,
    with a wide QRS complex and no P wave. Of 10-second signals, 9 % have such a beat.

    References
    ----------
    .. [1] P. E. McSharry, G. D. Clifford, L. Tarassenko, L. A. Smith. "A dynamical model for
       generating synthetic electrocardiogram signals". IEEE Trans. Biomed. Eng. 50(3), 2003.
       doi:10.1109/TBME.2003.808805
    .. [2] R. Sameni, M. B. Shamsollahi, C. Jutten, G. D. Clifford. "A nonlinear Bayesian filtering
       framework for ECG denoising". IEEE Trans. Biomed. Eng. 54(12), 2007.
       doi:10.1109/TBME.2007.897817
    """
    onset, cycle_length, ventricular = _heart_cycles(n_signals, time, rng)
    beats = onset.shape
    angle, height, width = _wave_shapes(n_signals, rng)
    skew = np.exp(rng.uniform(-0.7, 0.7, (n_signals, _N_WAVES)))

    signals = _baseline(n_signals, time, rng)
    rows = np.arange(n_signals)[:, None]
    beat = _beat_of(time, onset)
    # Angle of every sample in its cycle, R peak at 0, and the square root by which waves of a
    # fast heart come closer together without becoming narrower in the same measure.
    position = (time - onset[rows, beat]) / cycle_length[rows, beat] * 2 * np.pi - np.pi * 0.8
    stretch = 1 / np.sqrt(cycle_length[rows, beat])
    wide = ventricular[rows, beat]
    for wave in range(_N_WAVES):
        jitter = 1 + 0.04 * rng.standard_normal(beats)
        wave_height = height[:, wave, None] * jitter[rows, beat]
        wave_width = width[:, wave, None] * stretch
        wave_angle = angle[:, wave, None] * stretch
        if wave == 0:
            wave_height = np.where(wide, 0, wave_height)
        elif wave < 4:
            wave_width = np.where(wide, 2.5 * wave_width, wave_width)
        distance = (position - wave_angle) / wave_width
        distance *= np.where(distance > 0, skew[:, wave, None], 1)
        signals += wave_height * np.exp(-0.5 * distance**2)
    return signals


WAVEFORMS: dict[str, Waveform] = {
    "x_squared": x_squared,
    "sine": sine,
    "chirp": chirp,
    "gaussian_peaks": gaussian_peaks,
    "ecg": ecg,
}


def _heart_cycles(
    n_signals: int, time: Array, rng: np.random.Generator
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Onset (s), length (s) and kind of every heart cycle, arrays (n_signals, n_beats)."""
    rate, breath, phase, chance = _columns(
        rng, n_signals, (45, 110), (0.15, 0.35), (0, 1), (-0.4, 0.1)
    )
    shortest = 60 / 110 * 0.6
    n_beats = int(np.ceil((time[-1] - time[0]) / shortest)) + 4
    beat = np.arange(n_beats)
    mean_length = 60 / rate
    breathing = 0.04 * np.sin(2 * np.pi * (breath * mean_length * beat + phase))
    random = 0.03 * np.clip(rng.standard_normal((n_signals, n_beats)), -3, 3)
    length = mean_length * (1 + breathing + random)
    ventricular = rng.uniform(size=length.shape) < chance
    length = np.where(np.roll(ventricular, -1, axis=1), 0.75 * length, length)
    start = time[0] - rng.uniform(1, 2, (n_signals, 1)) * mean_length
    onset = start + np.cumsum(length, axis=1) - length
    return onset, length, ventricular


def _baseline(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Slow movement of the baseline with breathing, of up to 0.15 mV."""
    amplitude, frequency, phase = _columns(rng, n_signals, (0, 0.15), (0.15, 0.35), (0, 1))
    return amplitude * np.sin(2 * np.pi * (frequency * time + phase))


def _wave_shapes(n_signals: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Angle, height and width of the waves of every signal, arrays (n_signals, n_waves)."""
    shape = (n_signals, _N_WAVES)
    angle = _ECG_ANGLE * rng.uniform(0.9, 1.1, shape)
    height = _ECG_HEIGHT * rng.uniform(0.2, 1.8, shape)
    height[:, 4] *= rng.choice([1, 1, 1, -1], n_signals)
    height[:, 5:] *= rng.uniform(-1, 1, (n_signals, _N_WAVES - 5))
    width = _ECG_WIDTH * rng.uniform(0.6, 1.25, shape)
    width[:, 1:4] *= rng.uniform(0.35, 1.1, (n_signals, 1))
    polarity = rng.choice([1, 1, 1, 1, -1], (n_signals, 1))
    return angle, height * polarity * rng.uniform(0.6, 1.6, (n_signals, 1)), width


def _beat_of(time: Array, onset: Array) -> NDArray[np.intp]:
    """Index of the heart cycle that every sample lies in, (n_signals, n_timesteps)."""
    return np.stack([np.searchsorted(row, time, side="right") for row in onset]) - 1


def _fraction(time: Array) -> Array:
    """Time as a fraction of the signal's length, from 0 up to but not including 1."""
    return np.arange(time.size) / time.size


def _columns(rng: np.random.Generator, n_signals: int, *ranges: tuple[float, float]) -> list[Array]:
    """One uniform draw a signal from each range, as columns."""
    return [rng.uniform(low, high, (n_signals, 1)) for low, high in ranges]
