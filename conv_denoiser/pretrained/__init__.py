"""Models that are part of the package: denoising without training."""

from conv_denoiser.pretrained.arrays import denoise
from conv_denoiser.pretrained.cards import PretrainedCard, list_pretrained

__all__ = ["PretrainedCard", "denoise", "list_pretrained"]
