"""Random noise: white, coloured, and in rare spikes."""

from dataclasses import dataclass

import numpy as np
from scipy import fft

from conv_denoiser.noise.base import Array, ScaledNoise, Strength

__all__ = ["ColoredNoise", "GaussianNoise", "ImpulseNoise"]


@dataclass(frozen=True, repr=False)
class GaussianNoise(ScaledNoise):
    """White Gaussian noise, independent from point to point and from channel to channel.

    Parameters
    ----------
    scale : float or (low, high), default=None
        Standard deviation in the units of the signal.
    snr_db : float or (low, high), default=None
        Signal-to-noise ratio in decibels, from the power of each clean signal about its mean. A
        constant signal, for which the ratio is not defined, stays clean.

    Raises
    ------
    ValueError
        If not exactly one of the two is given, `scale` is negative, a value is not finite, or the
        low end of a range is above the high one.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser.noise import GaussianNoise
    >>> clean = np.zeros((2, 1000))
    >>> noisy = GaussianNoise(0.05)(clean, rng=0)
    >>> noisy.std(axis=1).round(2)
    array([0.05, 0.05])
    """

    scale: Strength | None = None
    snr_db: Strength | None = None

    def _unit_noise(self, clean: Array, rng: np.random.Generator) -> Array:
        return rng.standard_normal(clean.shape, dtype=clean.dtype.type)


@dataclass(frozen=True, repr=False)
class ColoredNoise(ScaledNoise):
    """Gaussian noise whose power falls with frequency as ``1 / frequency**exponent``.

    Parameters
    ----------
    exponent : float, default=1.0
        0 is white, 1 pink (flicker noise of electronics), 2 brown (a random walk); negative
        values favour high frequencies. Between -4 and 4.
    scale : float or (low, high), default=None
        Root mean square, the mean over many draws, in the units of the signal.
    snr_db : float or (low, high), default=None
        Signal-to-noise ratio in decibels; a constant signal stays clean.

    Raises
    ------
    ValueError
        If the exponent is not a number between -4 and 4, or the strength is not valid.

    Notes
    -----
    White noise, twice as long as needed, is filtered in the frequency domain [1]_, and half of it
    is kept, so that the end of a signal does not continue at its beginning. There is no power at
    frequency 0; movements slower than two signal lengths are left out.

    References
    ----------
    .. [1] J. Timmer, M. König. "On generating power law noise". Astronomy and Astrophysics 300,
       1995. https://ui.adsabs.harvard.edu/abs/1995A&A...300..707T

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser.noise import ColoredNoise
    >>> noise = ColoredNoise(2, scale=1.0)(np.zeros((100, 500)), rng=0)
    >>> steps = np.diff(noise, axis=1)  # brown noise: small steps, large excursions
    >>> bool(steps.std() < 0.2 * noise.std())
    True
    """

    exponent: float = 1.0
    scale: Strength | None = None
    snr_db: Strength | None = None

    def __post_init__(self) -> None:
        self._check("exponent", at_least=-4, at_most=4)
        super().__post_init__()

    def _unit_noise(self, clean: Array, rng: np.random.Generator) -> Array:
        n_timesteps = clean.shape[1]
        length = fft.next_fast_len(2 * n_timesteps, real=True)
        frequency = fft.rfftfreq(length)
        gain = np.zeros(frequency.size)
        gain[1:] = frequency[1:] ** (-self.exponent / 2)
        both_sides = np.append(np.square(gain), np.square(gain[1 : (length + 1) // 2]))
        gain /= np.sqrt(both_sides.sum() / length)
        gain = gain.astype(clean.dtype).reshape((-1,) + (1,) * (clean.ndim - 2))
        shape = (len(clean), length, *clean.shape[2:])
        spectrum = fft.rfft(rng.standard_normal(shape, dtype=clean.dtype.type), axis=1)
        return fft.irfft(spectrum * gain, length, axis=1)[:, :n_timesteps].copy()


@dataclass(frozen=True, repr=False)
class ImpulseNoise(ScaledNoise):
    """Rare spikes of Gaussian height: clicks, electrode pops, dropped samples.

    Parameters
    ----------
    rate : float, default=0.01
        Probability that a sample is hit; above 0 and at most 1.
    scale : float or (low, high), default=None
        Root mean square over all samples, hit or not, in the units of the signal. The spikes
        alone have a standard deviation of ``scale / sqrt(rate)``.
    snr_db : float or (low, high), default=None
        Signal-to-noise ratio in decibels; a constant signal stays clean.

    Raises
    ------
    ValueError
        If the rate is not a number above 0 and at most 1, or the strength is not valid.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser.noise import ImpulseNoise
    >>> noisy = ImpulseNoise(rate=0.02, scale=0.1)(np.zeros((1, 10000)), rng=0)
    >>> float(np.mean(noisy != 0).round(2))
    0.02
    """

    rate: float = 0.01
    scale: Strength | None = None
    snr_db: Strength | None = None

    def __post_init__(self) -> None:
        self._check("rate", above=0, at_most=1)
        super().__post_init__()

    def _unit_noise(self, clean: Array, rng: np.random.Generator) -> Array:
        hit = rng.random(clean.shape, dtype=np.float32) < self.rate
        noise = np.zeros_like(clean)
        noise[hit] = rng.standard_normal(np.count_nonzero(hit)) / np.sqrt(self.rate)
        return noise
