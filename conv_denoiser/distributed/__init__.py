"""Denoising of more than one machine holds, on Dask; imported only for what comes from there."""

from conv_denoiser.distributed.arrays import denoise_recording, transform_rows

__all__ = ["denoise_recording", "transform_rows"]
