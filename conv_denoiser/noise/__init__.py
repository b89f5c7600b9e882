"""Noise models: small frozen objects that add noise to clean signals.

A model is called as ``noise(clean, rng)``. Its strength is either `scale`, the root mean square of
the noise in the units of the signal, or `snr_db`, in decibels of signal power over noise power; a
pair ``(low, high)`` draws one value for each signal. Power is the mean square about the mean of
each channel, over all timesteps and channels of a signal. ``a + b`` adds the noise of both to the
same clean signal. A constant signal, for which `snr_db` is not defined, stays clean.
"""

from conv_denoiser.noise.base import NoiseModel, NoiseSum
from conv_denoiser.noise.estimates import estimate_noise, noise_autocorrelation
from conv_denoiser.noise.oscillating import BaselineWander, LineNoise
from conv_denoiser.noise.random import ColoredNoise, GaussianNoise, ImpulseNoise
from conv_denoiser.noise.recorded import RecordedNoise
from conv_denoiser.noise.registry import as_noise_model, noise_from_dict

__all__ = [
    "BaselineWander",
    "ColoredNoise",
    "GaussianNoise",
    "ImpulseNoise",
    "LineNoise",
    "NoiseModel",
    "NoiseSum",
    "RecordedNoise",
    "as_noise_model",
    "estimate_noise",
    "noise_autocorrelation",
    "noise_from_dict",
]
