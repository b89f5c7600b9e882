"""Noise made of sines: the hum of power lines and the slow wander of a baseline."""

from dataclasses import dataclass

import numpy as np

from conv_denoiser._checks.numbers import check_count
from conv_denoiser.noise.base import Array, ScaledNoise, Strength

__all__ = ["BaselineWander", "LineNoise"]


@dataclass(frozen=True, repr=False)
class LineNoise(ScaledNoise):
    """Power-line hum: a sine and its harmonics, whose common phase drifts.

    Parameters
    ----------
    sampling_rate : float
        Samples a second (Hz).
    frequency : float, default=50.0
        Frequency of the line in Hz, below half the sampling rate; 60 in the Americas.
    n_harmonics : int, default=3
        Number of sines, the first included; those at or above half the sampling rate are left
        out. The amplitude of harmonic h is drawn between 0 and 1 / h of the first one's.
    phase_drift : float, default=0.5
        Standard deviation, in radians, of the random walk of the phase after one second.
    scale : float or (low, high), default=None
        Root mean square in the units of the signal; a lone sine has 1.41 times this amplitude.
    snr_db : float or (low, high), default=None
        Signal-to-noise ratio in decibels; a constant signal stays clean.

    Raises
    ------
    ValueError
        If a number is out of its range, the frequency is not below half the sampling rate, or
        the strength is not valid.

    Notes
    -----
    All channels of a signal share frequency, drift and amplitudes, but not phases.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser.noise import LineNoise
    >>> hum = LineNoise(sampling_rate=360, frequency=60, scale=0.1)(np.zeros((1, 720)), rng=0)
    >>> int(np.abs(np.fft.rfft(hum[0])).argmax()) // 2  # Hz
    60
    """

    sampling_rate: float
    frequency: float = 50.0
    n_harmonics: int = 3
    phase_drift: float = 0.5
    scale: Strength | None = None
    snr_db: Strength | None = None

    def __post_init__(self) -> None:
        self._check("sampling_rate", above=0)
        self._check("frequency", above=0)
        self._check("phase_drift", at_least=0)
        object.__setattr__(self, "n_harmonics", check_count("n_harmonics", self.n_harmonics))
        if self.frequency >= self.sampling_rate / 2:
            raise ValueError(
                f"frequency={self.frequency:g} Hz is not below half of sampling_rate="
                f"{self.sampling_rate:g} Hz, so samples cannot hold it."
            )
        super().__post_init__()

    def _unit_noise(self, clean: Array, rng: np.random.Generator) -> Array:
        n_signals, n_timesteps, *channels = clean.shape
        column = (n_signals, 1) + (1,) * len(channels)
        steps = rng.standard_normal((n_signals, n_timesteps))
        drift = np.cumsum(steps, axis=1) * self.phase_drift / np.sqrt(self.sampling_rate)
        turns = self.frequency / self.sampling_rate * np.arange(n_timesteps)
        phase = (2 * np.pi * turns + drift).reshape(n_signals, n_timesteps, *column[2:])
        audible = np.ceil(self.sampling_rate / 2 / self.frequency) - 1
        total = np.zeros(clean.shape)
        power = np.zeros(column)
        for harmonic in range(1, int(min(self.n_harmonics, audible)) + 1):
            amplitude = rng.uniform(harmonic == 1, 1, column) / harmonic
            offset = rng.uniform(0, 2 * np.pi, (n_signals, 1, *channels))
            total += amplitude * np.sin(harmonic * phase + offset)
            power += amplitude**2 / 2
        return (total / np.sqrt(power)).astype(clean.dtype)


@dataclass(frozen=True, repr=False)
class BaselineWander(ScaledNoise):
    """Slow movement of the baseline, as by breathing, sweat or temperature: a few slow sines.

    Parameters
    ----------
    sampling_rate : float
        Samples a second (Hz).
    max_frequency : float, default=0.5
        Highest frequency in Hz, below half the sampling rate; each sine has a random one, from a
        tenth of this up to it.
    scale : float or (low, high), default=None
        Root mean square, the mean over many draws, in the units of the signal.
    snr_db : float or (low, high), default=None
        Signal-to-noise ratio in decibels; a constant signal stays clean.

    Raises
    ------
    ValueError
        If a number is out of its range, or the strength is not valid.

    Notes
    -----
    Signals shorter than a period get a piece of a wave: a tilted or shifted baseline. Channels
    wander independently.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser.noise import BaselineWander
    >>> noisy = BaselineWander(sampling_rate=360, scale=0.2)(np.zeros((500, 360)), rng=0)
    >>> float(noisy.std().round(1))
    0.2
    """

    sampling_rate: float
    max_frequency: float = 0.5
    scale: Strength | None = None
    snr_db: Strength | None = None

    def __post_init__(self) -> None:
        self._check("sampling_rate", above=0)
        self._check("max_frequency", above=0)
        if self.max_frequency >= self.sampling_rate / 2:
            raise ValueError(
                f"max_frequency={self.max_frequency:g} Hz is not below half of sampling_rate="
                f"{self.sampling_rate:g} Hz, so samples cannot hold it."
            )
        super().__post_init__()

    def _unit_noise(self, clean: Array, rng: np.random.Generator) -> Array:
        n_signals, n_timesteps, *channels = clean.shape
        column = (n_signals, 1, *channels)
        time = np.arange(n_timesteps) / self.sampling_rate
        time = time.reshape((1, n_timesteps) + (1,) * len(channels))
        n_sines = 4
        total = np.zeros(clean.shape)
        for _ in range(n_sines):
            frequency = rng.uniform(0.1, 1, column) * self.max_frequency
            # Gaussian amplitudes of sine and cosine: a power of 1 at every timestep.
            for wave in (np.sin, np.cos):
                total += rng.standard_normal(column) * wave(2 * np.pi * frequency * time)
        return (total / np.sqrt(n_sines)).astype(clean.dtype)
