"""Denoising of long recordings and of endless streams, window by window.

NumPy is all that this room needs, so it runs on devices that have nothing else.
"""

from conv_denoiser.recording.offline import denoise_recording
from conv_denoiser.recording.streaming import StreamingDenoiser

__all__ = ["StreamingDenoiser", "denoise_recording"]
