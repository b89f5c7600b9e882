"""Displays: objects that hold what was computed, and draw it, as in scikit-learn."""

from conv_denoiser.plotting.denoising import DenoisingDisplay
from conv_denoiser.plotting.interval import IntervalDisplay
from conv_denoiser.plotting.residual import ResidualDisplay
from conv_denoiser.plotting.spectrum import SpectrumDisplay
from conv_denoiser.plotting.training import TrainingDisplay

__all__ = [
    "DenoisingDisplay",
    "IntervalDisplay",
    "ResidualDisplay",
    "SpectrumDisplay",
    "TrainingDisplay",
]
