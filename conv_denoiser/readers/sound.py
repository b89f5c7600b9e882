"""Recordings in FLAC and other sound files without loss, which soundfile reads."""

from pathlib import Path
from typing import TypeGuard

import numpy as np

from conv_denoiser._typing import RawArray
from conv_denoiser.readers.integers import rounded, warn_of_clipped
from conv_denoiser.readers.libraries import errors_naming, library
from conv_denoiser.readers.recording import Channels, Recording, SamplingRateError
from conv_denoiser.readers.wav import check_wav

__all__ = ["SUFFIXES", "check_flac", "read_sound", "write_sound"]

FORMATS = {
    ".flac": "FLAC",
    ".aif": "AIFF",
    ".aiff": "AIFF",
    ".au": "AU",
    ".caf": "CAF",
    ".w64": "W64",
}
SUFFIXES = tuple(FORMATS)
FILES = "FLAC, AIFF, AU, CAF and W64 files"
# Bits of a sample; those of 24 come in the upper ones of 32.
BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
FLOATS = ("FLOAT", "DOUBLE")
SUBTYPES = {
    np.dtype(np.int8): "PCM_S8",
    np.dtype(np.int16): "PCM_16",
    np.dtype(np.int32): "PCM_32",
    np.dtype(np.float32): "FLOAT",
}
# FLAC's limits.
MAX_RATE, MAX_CHANNELS = 655350, 8


def read_sound(path: Path, channel: Channels = None) -> Recording:
    """Read a file, or one channel of it: integers as they are stored, or floats."""
    soundfile = library("soundfile", FILES)
    with errors_naming(path, "soundfile"), soundfile.SoundFile(path) as file:
        bits = BITS.get(file.subtype)
        if bits is None and file.subtype not in FLOATS:
            raise ValueError(f"its samples are of type {file.subtype}, not whole or real numbers")
        samples = file.read(dtype="float64" if bits is None else "int32")
        rate = float(file.samplerate)
    if bits is not None:
        samples >>= 32 - bits
    if not samples.size:
        raise ValueError(f"{str(path)!r} holds no samples.")
    whole = np.dtype(np.int16 if bits == 16 else np.int32)
    sample_type = None if bits is None else whole
    recording = Recording(samples, rate, source=path, sample_type=sample_type, n_bits=bits)
    return recording.channel(channel)


def check_flac(recording: Recording) -> None:
    """Raise an error if a FLAC file cannot hold a recording."""
    check_wav(recording)
    rate = recording.sampling_rate or 0
    if rate > MAX_RATE:
        raise SamplingRateError(f"A FLAC file has up to {MAX_RATE} samples a second. Got {rate:g}.")
    if recording.n_channels > MAX_CHANNELS:
        raise ValueError(
            f"A FLAC file has up to {MAX_CHANNELS} channels. Got {recording.n_channels}."
        )
    if _subtype(recording) not in ("PCM_S8", "PCM_16", "PCM_24"):
        raise ValueError(
            "A FLAC file holds integers of 8, 16 or 24 bits, and is written from a file that does. "
            f"Choose another format for what came from {recording.name!r}, such as wav."
        )


def write_sound(path: Path, recording: Recording) -> None:
    """Write samples of the type that the recording's file had, with its titles; or floats."""
    soundfile = library("soundfile", FILES)
    check_wav(recording)
    container, subtype = FORMATS[path.suffix.lower()], _subtype(recording)
    if not soundfile.check_format(container, subtype):
        subtype = "DOUBLE"
    samples, titles = recording.table(), {}
    if _is_wav_of_24_bits(recording):
        samples = np.asarray(samples, np.float64) / 2**8  # SciPy has them in the upper bits of 32
    if _is_sound(recording.source):
        with soundfile.SoundFile(recording.source) as source:
            titles = source.copy_metadata()
    rate, n_channels = round(recording.sampling_rate or 0), samples.shape[1]
    with soundfile.SoundFile(path, "w", rate, n_channels, subtype, format=container) as file:
        for name, title in titles.items():
            setattr(file, name, title)
        file.write(_left_justified(samples, BITS[subtype]) if subtype in BITS else samples)


def _is_sound(source: Path | None) -> TypeGuard[Path]:
    return source is not None and source.suffix.lower() in SUFFIXES


def _is_wav_of_24_bits(recording: Recording) -> bool:
    source = recording.source
    is_wav = source is not None and source.suffix.lower() == ".wav"
    return is_wav and library("soundfile", FILES).info(source).subtype == "PCM_24"


def _subtype(recording: Recording) -> str:
    """Return how the samples of a recording are to be stored: as they were, if that is known."""
    if _is_wav_of_24_bits(recording):
        return "PCM_24"
    if _is_sound(recording.source):
        return str(library("soundfile", FILES).info(recording.source).subtype)
    dtype = recording.sample_type or recording.samples.dtype
    return SUBTYPES.get(dtype.newbyteorder("="), "DOUBLE")


def _left_justified(samples: RawArray, bits: int) -> RawArray:
    """Return samples as integers in the upper bits of 32; warn of those that do not fit."""
    half = 2 ** (bits - 1)
    whole, n_clipped = rounded(samples, -half, half - 1)
    warn_of_clipped(n_clipped)
    return whole.astype(np.int32) << (32 - bits)
