"""Samples at another rate, by SciPy, which is needed where rates differ only."""

from fractions import Fraction

from conv_denoiser._typing import Array

__all__ = ["rate_ratio", "resampled"]

# Rates count as if they were a fraction of numbers up to this of each other.
FINEST = 1000


def rate_ratio(to: float, rate: float) -> Fraction:
    """Return how many samples there are at one rate for one at another."""
    return Fraction(to / rate).limit_denominator(FINEST)


def resampled(x: Array, ratio: Fraction, axis: int) -> Array:
    """Return so many times as many samples along an axis, rounded up."""
    if ratio == 1:
        return x
    from scipy.signal import resample_poly

    there: Array = resample_poly(
        x, ratio.numerator, ratio.denominator, axis=axis, padtype="symmetric"
    )
    return there
