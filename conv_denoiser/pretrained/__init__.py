"""Models that are part of the package: denoising without training."""

from conv_denoiser.pretrained.arrays import denoise

__all__ = ["denoise"]
