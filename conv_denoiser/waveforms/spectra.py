"""Spectra: peaks on a smooth background, as of Raman, X-ray or mass spectrometers."""

import numpy as np
from scipy.special import voigt_profile

from conv_denoiser._typing import Array

__all__ = ["spectrum"]

MOST_PEAKS = 20


def spectrum(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Draw spectra of 3 to 20 peaks on a smooth background; the highest peak is 1 above it.

    A third of the spectra each have peaks that are Gaussian, Lorentzian, and Voigt profiles, the
    convolution of both. Their half widths at half height are 0.0014 to 0.02 of the signal's
    length, all of a spectrum within a factor of two of one another, and one in four has a neighbour
    that overlaps it. Heights vary by a factor of 30. The background, as of fluorescence or
    scattering, is a slope, an exponential decay and a broad hump, together at most twice as high as
    the highest peak.

    Parameters
    ----------
    n_signals : int
        Number of spectra.
    time : ndarray of shape (n_timesteps,)
        The axis of the spectrum, such as a wavelength; only its length counts.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_signals, n_timesteps)
        Clean spectra.

    Examples
    --------
    >>> from conv_denoiser import SignalGenerator
    >>> from conv_denoiser.noise import GaussianNoise, ImpulseNoise
    >>> spikes = ImpulseNoise(0.003, scale=0.05)  # such as cosmic rays
    >>> noise = GaussianNoise(scale=0.03) + spikes
    >>> SignalGenerator("spectrum", noise=noise, random_state=0).sample(3).clean.shape
    (3, 1024)
    """
    shape = (n_signals, MOST_PEAKS)
    there = np.arange(MOST_PEAKS) < rng.integers(3, MOST_PEAKS + 1, (n_signals, 1))
    height = np.where(there, np.exp(rng.uniform(np.log(1 / 30), 0, shape)), 0)
    typical = np.exp(rng.uniform(np.log(0.002), np.log(0.014), (n_signals, 1)))
    width = typical * np.exp(rng.uniform(np.log(0.7), np.log(1.4), shape))
    place = rng.uniform(0.02, 0.98, shape)
    beside = rng.random(shape) < 0.25
    place = np.where(beside, np.roll(place, 1, axis=1) + rng.uniform(1.5, 4, shape) * width, place)
    # How much of a width is Lorentzian; the rest is Gaussian.
    lorentzian = rng.choice([0, 1, 2], (n_signals, 1))
    lorentzian = np.where(lorentzian == 2, rng.uniform(0.2, 0.8, (n_signals, 1)), lorentzian)
    x = np.arange(time.size) / time.size
    peaks: Array = np.zeros((n_signals, time.size))
    for k in range(MOST_PEAKS):
        column = slice(k, k + 1)
        peaks += height[:, column] * _peak(x - place[:, column], width[:, column], lorentzian)
    highest = height.max(axis=1, keepdims=True)
    return peaks / highest + _background(x, n_signals, rng)


def _peak(distance: Array, width: Array, lorentzian: Array) -> Array:
    """Return peaks of height 1; of pure shapes, `width` is half of that at half height."""
    sigma = (1 - lorentzian) * width / np.sqrt(2 * np.log(2))
    gamma = lorentzian * width
    return voigt_profile(distance, sigma, gamma) / voigt_profile(0, sigma, gamma)


def _background(x: Array, n_signals: int, rng: np.random.Generator) -> Array:
    """Draw a slope, an exponential decay and a hump, of up to 2 together, none below 0."""
    shares = rng.dirichlet([1, 1, 1], n_signals)[:, :, np.newaxis]
    column = (n_signals, 1)
    slope = np.abs(rng.choice([0, 1], column) - x)
    decay = np.exp(-x / np.exp(rng.uniform(np.log(0.1), 0, column)))
    hump = np.exp(-0.5 * ((x - rng.uniform(0, 1, column)) / rng.uniform(0.15, 0.5, column)) ** 2)
    parts = shares[:, 0] * slope + shares[:, 1] * decay + shares[:, 2] * hump
    return rng.uniform(0, 2, column) * parts
