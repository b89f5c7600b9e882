"""Displays: objects that hold what was computed, and draw it, as in scikit-learn."""

from conv_denoiser._denoising_display import DenoisingDisplay
from conv_denoiser._residual_display import ResidualDisplay
from conv_denoiser._spectrum_display import SpectrumDisplay
from conv_denoiser._training_display import TrainingDisplay

__all__ = ["DenoisingDisplay", "ResidualDisplay", "SpectrumDisplay", "TrainingDisplay"]
