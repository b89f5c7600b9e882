"""Metrics of denoised signals against clean ones, and a scorer for model selection.

Each metric takes ``(y_true, y_pred)``, arrays of shape (n_signals, n_timesteps[, n_channels]),
computes one float64 value a signal, and returns their mean, weighted by `sample_weight`, or with
``average=False`` the values themselves. The channels of a signal give one value together, unless
`multioutput` keeps them apart, as in scikit-learn's regression metrics.
"""

from conv_denoiser.metrics.functions import (
    correlation,
    prd,
    relative_rmse,
    rmse,
    snr_db,
    snr_improvement_db,
    spectral_relative_rmse,
)
from conv_denoiser.metrics.scorer import snr_improvement_scorer

__all__ = [
    "correlation",
    "prd",
    "relative_rmse",
    "rmse",
    "snr_db",
    "snr_improvement_db",
    "snr_improvement_scorer",
    "spectral_relative_rmse",
]
