"""Conformal intervals: how far a denoised signal may lie from the truth. NumPy alone."""

from conv_denoiser.uncertainty.calibration import Calibration
from conv_denoiser.uncertainty.quantiles import conformal_quantile, interval
from conv_denoiser.uncertainty.scores import band_scores, pointwise_scores

__all__ = ["Calibration", "band_scores", "conformal_quantile", "interval", "pointwise_scores"]
