"""Scalers that treat every signal by its own statistics."""

from conv_denoiser.preprocessing.base import PerSampleScaler
from conv_denoiser.preprocessing.scalers import MinMaxPerSample, StandardizePerSample

__all__ = ["MinMaxPerSample", "PerSampleScaler", "StandardizePerSample"]
