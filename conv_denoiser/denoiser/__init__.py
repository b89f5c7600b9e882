"""The estimator: a convolutional denoiser of 1-D signals behind scikit-learn's interface."""

from conv_denoiser.denoiser.estimator import ConvDenoiser

__all__ = ["ConvDenoiser"]
