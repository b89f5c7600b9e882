"""Families of signals that oscillate: random processes, tones, chirps, periodic signals.

A family is a function ``family(n_signals, n_timesteps, rng)`` that returns clean signals of shape
(n_signals, n_timesteps) in any units.
"""

import numpy as np

from conv_denoiser._checks.arrays import centred
from conv_denoiser._typing import Array

__all__ = [
    "band_noise",
    "bursts_of_tones",
    "chirps",
    "log_uniform",
    "periodic",
    "power_law",
    "rough_gaussian_process",
    "slow_curves",
    "smooth_gaussian_process",
    "square_and_triangle",
    "standardized",
    "tones",
]


def log_uniform(
    rng: np.random.Generator, low: float, high: float, size: int | tuple[int, ...]
) -> Array:
    """Draw numbers whose logarithms are uniform."""
    drawn: Array = np.exp(rng.uniform(np.log(low), np.log(high), size))
    return drawn


def standardized(signals: Array) -> Array:
    """Bring each signal to mean 0 and standard deviation 1; constant ones become 0."""
    deviations = centred(signals)
    deviation = deviations.std(axis=1, keepdims=True)
    return deviations / np.where(deviation > 1e-12, deviation, 1)


def _noise_with_spectrum(amplitude: Array, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw Gaussian noise of a given spectrum, cut from twice its length so that ends differ."""
    shape = amplitude.shape
    spectrum = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return np.fft.irfft(spectrum * amplitude, axis=1)[:, :n_timesteps]


def _frequencies(n_timesteps: int) -> Array:
    return np.fft.rfftfreq(2 * n_timesteps)


def smooth_gaussian_process(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw Gaussian processes of squared-exponential kernels of every length."""
    length = log_uniform(rng, 1.5, n_timesteps / 2, (n, 1))
    amplitude = np.exp(-((2 * np.pi * _frequencies(n_timesteps) * length) ** 2) / 4)
    return _noise_with_spectrum(amplitude, n_timesteps, rng)


def rough_gaussian_process(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw Gaussian processes of Matern kernels (1/2, 3/2, 5/2, others) of every length."""
    length = log_uniform(rng, 3, n_timesteps, (n, 1))
    smoothness = rng.choice([0.5, 1.5, 2.5, 0], (n, 1))
    smoothness = np.where(smoothness == 0, rng.uniform(0.3, 4, (n, 1)), smoothness)
    scaled = (2 * np.pi * _frequencies(n_timesteps) * length) ** 2 / (2 * smoothness)
    return _noise_with_spectrum((1 + scaled) ** (-smoothness / 2 - 0.25), n_timesteps, rng)


def power_law(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw noise whose power falls with frequency as 1/f^a, a from 1 to 4."""
    exponent = rng.uniform(1, 4, (n, 1))
    frequencies = np.maximum(_frequencies(n_timesteps), 0.25 / n_timesteps)
    return _noise_with_spectrum(frequencies ** (-exponent / 2), n_timesteps, rng)


def band_noise(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw noise in one or two narrow bands, as of a resonance or a rhythm."""
    frequencies = _frequencies(n_timesteps)
    amplitude: Array = np.zeros((n, frequencies.size))
    for strength in (1.0, rng.uniform(0, 1, (n, 1)) ** 3):
        centre = log_uniform(rng, 2 / n_timesteps, 0.4, (n, 1))
        width = centre * log_uniform(rng, 0.005, 0.5, (n, 1))
        amplitude += strength * np.exp(-(((frequencies - centre) / width) ** 2) / 4)
    return _noise_with_spectrum(amplitude, n_timesteps, rng)


def slow_curves(n: int, n_timesteps: int, rng: np.random.Generator, longest: float = 1.0) -> Array:
    """Draw slow smooth curves of standard deviation 1."""
    length = log_uniform(rng, n_timesteps / 30, n_timesteps * longest, (n, 1))
    amplitude = np.exp(-((2 * np.pi * _frequencies(n_timesteps) * length) ** 2) / 4)
    return standardized(_noise_with_spectrum(amplitude, n_timesteps, rng))


def _any_frequency(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw frequencies (cycles a sample), uniform or log-uniform, slow ones included."""
    uniform = rng.uniform(0.3 / n_timesteps, 0.49, (n, 1))
    return np.where(rng.random((n, 1)) < 0.4, uniform,
                    log_uniform(rng, 0.3 / n_timesteps, 0.49, (n, 1)))  # fmt: skip


def _envelope(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw envelopes: constant for most, else modulated, or decaying or growing."""
    x = np.linspace(0, 1, n_timesteps)
    kind = rng.choice(4, (n, 1), p=[0.5, 0.2, 0.2, 0.1])
    modulated = 1 + rng.uniform(0.1, 1, (n, 1)) * np.sin(
        2 * np.pi * (log_uniform(rng, 0.5, n_timesteps / 40, (n, 1)) * x + rng.random((n, 1)))
    )
    decaying = np.exp(-log_uniform(rng, 0.5, 30, (n, 1)) * x)
    slow = np.abs(slow_curves(n, n_timesteps, rng))
    return np.select([kind == 0, kind == 1, kind == 2], [1.0, modulated, decaying], slow)


def tones(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw one to five sines of any frequency, pure or with envelopes."""
    t = np.arange(n_timesteps)
    signals: Array = np.zeros((n, n_timesteps))
    n_tones = rng.choice([1, 1, 1, 2, 3, 5], (n, 1))
    enveloped = rng.random((n, 1)) < 0.4
    for k in range(5):
        amplitude = log_uniform(rng, 0.1, 1, (n, 1)) * (k < n_tones)
        phase = 2 * np.pi * (_any_frequency(n, n_timesteps, rng) * t + rng.random((n, 1)))
        signals += amplitude * np.sin(phase)
    return signals * np.where(enveloped, _envelope(n, n_timesteps, rng), 1)


def chirps(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw sines whose frequency sweeps from any value to any other, or wanders."""
    x = np.linspace(0, 1, n_timesteps)
    start, end = _any_frequency(n, n_timesteps, rng), _any_frequency(n, n_timesteps, rng)
    power = log_uniform(rng, 0.3, 4, (n, 1))
    linear = start + (end - start) * x**power
    exponential = start * (end / start) ** x
    wandering = start * np.exp(rng.uniform(0.02, 0.7, (n, 1)) * slow_curves(n, n_timesteps, rng))
    kind = rng.integers(0, 3, (n, 1))
    frequency = np.select([kind == 0, kind == 1], [linear, exponential], wandering)
    phase = np.cumsum(np.minimum(frequency, 0.49), axis=1) + rng.random((n, 1))
    return np.sin(2 * np.pi * phase) * _envelope(n, n_timesteps, rng)


def bursts_of_tones(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw a few wave packets of any frequency, apart or overlapping."""
    t = np.arange(n_timesteps)
    signals: Array = np.zeros((n, n_timesteps))
    n_packets = rng.integers(1, 7, (n, 1))
    for k in range(6):
        centre = rng.uniform(0, n_timesteps, (n, 1))
        width = log_uniform(rng, 5, n_timesteps / 4, (n, 1))
        phase = 2 * np.pi * (_any_frequency(n, n_timesteps, rng) * t + rng.random((n, 1)))
        packet = np.exp(-(((t - centre) / width) ** 2)) * np.sin(phase)
        signals += packet * (k < n_packets) * log_uniform(rng, 0.1, 1, (n, 1))
    return signals


def periodic(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw random waveforms that repeat, exactly or nearly, with a period of 4 samples or more."""
    period = log_uniform(rng, 4, n_timesteps, (n, 1))
    wander = rng.choice([0, 0, 1], (n, 1)) * log_uniform(rng, 0.01, 1, (n, 1))
    phase = np.arange(n_timesteps) / period + wander * slow_curves(n, n_timesteps, rng)
    turn = np.exp(2j * np.pi * phase)
    decay = rng.uniform(0, 3, (n, 1))
    harmonic = np.ones_like(turn)
    signals: Array = np.zeros((n, n_timesteps))
    for k in range(1, 17):
        harmonic = harmonic * turn
        coefficient = rng.standard_normal((n, 1)) + 1j * rng.standard_normal((n, 1))
        coefficient *= k**-decay * (k < 0.45 * period)
        signals += (coefficient * harmonic).real
    return signals * np.where(rng.random((n, 1)) < 0.3, _envelope(n, n_timesteps, rng), 1)


def square_and_triangle(n: int, n_timesteps: int, rng: np.random.Generator) -> Array:
    """Draw square, trapezoidal, triangular and sawtooth waves of any period and duty."""
    period = log_uniform(rng, 8, 2 * n_timesteps, (n, 1))
    phase = (np.arange(n_timesteps) / period + rng.random((n, 1))) % 1
    duty = rng.uniform(0.1, 0.9, (n, 1))
    square = np.where(phase < duty, 1.0, 0.0)
    triangle = np.where(phase < duty, phase / duty, (1 - phase) / (1 - duty))
    edge = rng.uniform(0.02, 0.5, (n, 1))
    trapezoid = np.clip((triangle - 0.5) / edge, -1, 1)
    kind = rng.integers(0, 4, (n, 1))
    waves = np.select([kind == 0, kind == 1, kind == 2], [square, triangle, trapezoid], phase)
    return waves * np.where(rng.random((n, 1)) < 0.2, _envelope(n, n_timesteps, rng), 1)
