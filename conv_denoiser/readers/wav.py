"""Recordings in wav files."""

import warnings
from pathlib import Path

import numpy as np

from conv_denoiser.readers.integers import stored
from conv_denoiser.readers.recording import Channels, Recording, SamplingRateError

__all__ = ["check_wav", "read_wav", "write_wav"]


def read_wav(path: Path, channel: Channels = None) -> Recording:
    """Read a file, or one channel of it; the samples are mapped to memory where they can be."""
    from scipy.io import wavfile

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*non-data", wavfile.WavFileWarning)
        try:
            try:
                rate, samples = wavfile.read(path, mmap=True)
            except ValueError:  # samples of three bytes cannot be mapped, nor a file cut short
                rate, samples = wavfile.read(path)
        except FileNotFoundError:
            raise
        except Exception as error:  # damaged files make it stumble in many ways
            raise ValueError(f"SciPy cannot read {str(path)!r} as a wav file: {error}") from error
    recording = Recording(samples, float(rate), source=path, sample_type=samples.dtype)
    return recording.channel(channel)


def check_wav(recording: Recording) -> None:
    """Raise SamplingRateError if a file cannot have the sampling rate of a recording."""
    rate = recording.sampling_rate
    if rate is None:
        raise SamplingRateError("A wav file needs a sampling rate, which is not known.")
    if rate != round(rate) or not 1 <= rate < 2**31:
        raise SamplingRateError(f"A wav file has a whole number of samples a second. Got {rate:g}.")


def write_wav(path: Path, recording: Recording) -> None:
    """Write samples of the type that the recording's file had, or of float32."""
    from scipy.io import wavfile

    check_wav(recording)
    dtype = recording.sample_type or np.dtype(np.float32)
    samples = recording.samples
    if recording.n_bits is not None:  # integers fill the range of their type
        samples = np.asarray(samples, np.float64) * 2.0 ** (8 * dtype.itemsize - recording.n_bits)
    samples = stored(samples, dtype)
    wavfile.write(path, round(recording.sampling_rate or 0), samples)
