"""Recordings in files."""

from conv_denoiser.readers.formats import read_recording, write_recording
from conv_denoiser.readers.recording import Recording

__all__ = ["Recording", "read_recording", "write_recording"]
