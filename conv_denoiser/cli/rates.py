"""Recordings at another sampling rate than a model's: resampled there and back."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from conv_denoiser._checks.arrays import bridged
from conv_denoiser._typing import Array
from conv_denoiser.readers.recording import Samples
from conv_denoiser.recording.resampling import rate_ratio, resampled

__all__ = ["at_rate", "ratio_of"]

# More than so many times the samples, or fewer, and nothing is left of what the model knows.
MOST = 20


def ratio_of(model_rate: float, rate: float) -> Fraction:
    """Return how many samples of the model there are to one of the recording."""
    ratio = rate_ratio(model_rate, rate)
    if not 1 / MOST <= ratio <= MOST:
        raise ValueError(
            f"A recording of {rate:g} samples a second is not resampled to the {model_rate:g} that "
            "the model was fitted to. Use a model for this rate."
        )
    return ratio


def at_rate(denoise: Callable[..., Samples], ratio: Fraction) -> Callable[..., Samples]:
    """Return a function that denoises recordings which are resampled before, and back after.

    What is faster than half the lower rate is gone then. Gaps are bridged by straight lines.
    """

    def denoise_resampled(samples: Samples, *, out: Samples | None, **options: object) -> Samples:
        x: Array = np.asarray(samples, np.float64)
        table: Array = x.reshape(len(x), -1)
        whole = bridged(table.T, ~np.isnan(table.T)).T
        level = whole.mean(axis=0)  # which would leak at the ends
        there = resampled(whole - level, ratio, axis=0).reshape(-1, *x.shape[1:])
        denoised: Array = np.asarray(denoise(there, out=None, **options), np.float64)
        denoised = denoised.reshape(len(there), -1)
        back = (resampled(denoised, 1 / ratio, axis=0)[: len(x)] + level).reshape(x.shape)
        if out is None:
            return back
        out[:] = back
        return out

    return denoise_resampled
