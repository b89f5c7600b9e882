"""How far to trust a denoised signal: conformal intervals, and novelty. NumPy alone."""

from conv_denoiser.uncertainty.calibration import Calibration
from conv_denoiser.uncertainty.profile import Profile
from conv_denoiser.uncertainty.quantiles import conformal_quantile, interval
from conv_denoiser.uncertainty.scores import band_scores, pointwise_scores

__all__ = [
    "Calibration",
    "Profile",
    "band_scores",
    "conformal_quantile",
    "interval",
    "pointwise_scores",
]
