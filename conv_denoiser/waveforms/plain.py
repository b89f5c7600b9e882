"""Waveforms with a shape: the recipe's, plain ones, standard test signals, and ECGs."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._typing import Array

__all__ = ["WAVEFORMS"]

Waveform = Callable[[int, Array, np.random.Generator], Array]


def x_squared(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Repeat the recipe's parabola, the same for every signal."""
    return _repeated(time**2, n_signals)


def polynomial(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Draw polynomials of degree 1 to 5: sums of Legendre polynomials, within -1 to 1."""
    coefficients = rng.uniform(-1, 1, (n_signals, 6))
    coefficients *= np.arange(6) <= rng.integers(1, 6, (n_signals, 1))
    coefficients /= np.abs(coefficients).sum(axis=1, keepdims=True)
    return np.polynomial.legendre.legval(2 * _fraction(time) - 1, coefficients.T)


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
    centre = rng.uniform(0, 1, shape)
    width = rng.uniform(0.01, 0.05, shape)
    height = rng.uniform(0.2, 1, shape)
    present = np.arange(n_peaks)[:, None] < rng.integers(1, n_peaks + 1, (n_signals, 1, 1))
    peaks = present * height * np.exp(-0.5 * ((_fraction(time) - centre) / width) ** 2)
    return peaks.sum(axis=1)


def square(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Draw square waves of 1 to 8 periods, amplitude 0.5 to 1.5, duty cycle 0.2 to 0.8."""
    amplitude, periods, phase, duty = _columns(
        rng, n_signals, (0.5, 1.5), (1, 8), (0, 1), (0.2, 0.8)
    )
    return np.where((periods * _fraction(time) + phase) % 1 < duty, amplitude, -amplitude)


def sawtooth(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Draw sawtooth waves of 1 to 8 periods and amplitude 0.5 to 1.5, rising or falling."""
    amplitude, periods, phase = _columns(rng, n_signals, (0.5, 1.5), (1, 8), (0, 1))
    direction = rng.choice([-1, 1], (n_signals, 1))
    return direction * amplitude * (2 * ((periods * _fraction(time) + phase) % 1) - 1)


def damped_oscillation(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Draw the ringing after a blow: silence, then a sine of 5 to 20 periods that dies away.

    It starts in the first half, with an amplitude of 0.5 to 1.5, and falls to 1/e within 0.05 to
    0.3 of the signal's length.
    """
    amplitude, periods, start, decay = _columns(
        rng, n_signals, (0.5, 1.5), (5, 20), (0, 0.5), (0.05, 0.3)
    )
    since = np.maximum(_fraction(time) - start, 0)
    return amplitude * np.exp(-since / decay) * np.sin(2 * np.pi * periods * since)


def piecewise_constant(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Draw 2 to 8 levels between -1 and 1, with jumps at random places."""
    piece, _ = _pieces(n_signals, time, rng)
    return np.take_along_axis(rng.uniform(-1, 1, (n_signals, _MAX_PIECES)), piece, axis=1)


def piecewise_polynomial(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Draw 2 to 8 parabolas, with jumps between them, each within -1 to 1."""
    piece, inside = _pieces(n_signals, time, rng)
    coefficients = rng.uniform(-1, 1, (3, n_signals, _MAX_PIECES))
    coefficients /= np.abs(coefficients).sum(axis=0)
    a, b, c = (np.take_along_axis(part, piece, axis=1) for part in coefficients)
    return a + b * inside + c * inside**2


def random_walk(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Draw random walks from 0, whose last point has a standard deviation of 1."""
    steps = rng.standard_normal((n_signals, time.size)) / np.sqrt(time.size)
    return np.cumsum(steps, axis=1)


# Places, heights and widths of the signals "blocks" and "bumps" of Donoho and Johnstone (1994).
_JUMP = np.array([0.1, 0.13, 0.15, 0.23, 0.25, 0.40, 0.44, 0.65, 0.76, 0.78, 0.81])
_BLOCK_HEIGHT = np.array([4, -5, 3, -4, 5, -4.2, 2.1, 4.3, -3.1, 2.1, -4.2])
_BUMP_HEIGHT = np.array([4, 5, 3, 4, 5, 4.2, 2.1, 4.3, 3.1, 5.1, 4.2])
_BUMP_WIDTH = np.array([0.005, 0.005, 0.006, 0.01, 0.01, 0.03, 0.01, 0.01, 0.005, 0.008, 0.005])


def blocks(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Repeat the test signal "Blocks" of Donoho and Johnstone [1]_: steps.

    References
    ----------
    .. [1] D. L. Donoho, I. M. Johnstone. "Ideal spatial adaptation by wavelet shrinkage".
       Biometrika 81(3), 1994. doi:10.1093/biomet/81.3.425
    """
    x = _fraction(time)[:, None]
    return _repeated(((x >= _JUMP) * _BLOCK_HEIGHT).sum(axis=1), n_signals)


def bumps(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Repeat the test signal "Bumps" of Donoho and Johnstone (see `blocks`): sharp peaks."""
    x = _fraction(time)[:, None]
    bump = _BUMP_HEIGHT / (1 + np.abs((x - _JUMP) / _BUMP_WIDTH)) ** 4
    return _repeated(bump.sum(axis=1), n_signals)


def heavisine(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Repeat the test signal "HeaviSine" of Donoho and Johnstone (see `blocks`): a broken sine."""
    x = _fraction(time)
    signal = 4 * np.sin(4 * np.pi * x) - np.sign(x - 0.3) - np.sign(0.72 - x)
    return _repeated(signal, n_signals)


def doppler(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Repeat the test signal "Doppler" of Donoho and Johnstone (see `blocks`): a falling chirp."""
    x = _fraction(time)
    signal = np.sqrt(x * (1 - x)) * np.sin(2.1 * np.pi / (x + 0.05))
    return _repeated(signal, n_signals)


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

    The heart rate (45 to 110 beats a minute), amplitude and polarity, and the height, width,
    skewness and place of every wave vary from signal to signal. Within a signal, the length of each
    cycle varies with breathing and at random, and the height of each wave slightly. In one signal
    in five, each beat is ventricular with a probability of up to 0.1, drawn for that signal: early,
    with a wide QRS complex and no P wave. Such a beat occurs in 9 % of 10-second signals.

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
    # Angle of every sample in its cycle, with the R peak at 0; and a square root, so that the waves
    # of a fast heart come closer together without becoming as much narrower.
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
    waveform.__name__: waveform
    for waveform in (
        x_squared,
        polynomial,
        sine,
        chirp,
        square,
        sawtooth,
        damped_oscillation,
        gaussian_peaks,
        piecewise_constant,
        piecewise_polynomial,
        random_walk,
        ecg,
        blocks,
        bumps,
        heavisine,
        doppler,
    )
}


_MAX_PIECES = 8


def _pieces(
    n_signals: int, time: Array, rng: np.random.Generator
) -> tuple[NDArray[np.intp], Array]:
    """Cut signals into 2 to 8 pieces: number of the piece, and place in it from -1 to 1."""
    x = _fraction(time)
    cuts = rng.uniform(0, 1, (n_signals, _MAX_PIECES - 1))
    cuts[np.arange(_MAX_PIECES - 1) >= rng.integers(1, _MAX_PIECES, (n_signals, 1))] = 1
    borders = np.sort(np.pad(cuts, ((0, 0), (1, 1)), constant_values=(0, 1)), axis=1)
    piece = (x >= borders[:, 1:-1, None]).sum(axis=1)
    start = np.take_along_axis(borders, piece, axis=1)
    end = np.take_along_axis(borders, piece + 1, axis=1)
    return piece, 2 * (x - start) / (end - start) - 1


def _repeated(signal: Array, n_signals: int) -> Array:
    return np.broadcast_to(signal, (n_signals, signal.size))


def _heart_cycles(
    n_signals: int, time: Array, rng: np.random.Generator
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Draw onset (s), length (s) and kind of every heart cycle, arrays (n_signals, n_beats)."""
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
    """Draw the slow movement of the baseline with breathing, of up to 0.15 mV."""
    amplitude, frequency, phase = _columns(rng, n_signals, (0, 0.15), (0.15, 0.35), (0, 1))
    return amplitude * np.sin(2 * np.pi * (frequency * time + phase))


def _wave_shapes(n_signals: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Draw angle, height and width of the waves of every signal, arrays (n_signals, n_waves)."""
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
    """Return the index of the heart cycle of every sample, (n_signals, n_timesteps)."""
    return np.stack([np.searchsorted(row, time, side="right") for row in onset]) - 1


def _fraction(time: Array) -> Array:
    """Return time as a fraction of the signal's length, from 0 up to but not including 1."""
    return np.arange(time.size) / time.size


def _columns(rng: np.random.Generator, n_signals: int, *ranges: tuple[float, float]) -> list[Array]:
    """Draw one uniform number a signal from each range, as columns."""
    return [rng.uniform(low, high, (n_signals, 1)) for low, high in ranges]
