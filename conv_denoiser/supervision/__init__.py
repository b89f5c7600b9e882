"""Supervisions: what is learned from what. Free of Keras."""

from conv_denoiser.supervision.blind_spot import BlindSpot
from conv_denoiser.supervision.task import Paired, Synthetic

__all__ = ["BlindSpot", "Paired", "Synthetic"]
