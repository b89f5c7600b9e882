"""Recordings in FIF files, which MNE reads and writes."""

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from conv_denoiser.readers.libraries import errors_naming, library
from conv_denoiser.readers.mne_samples import RawSamples, recording_of
from conv_denoiser.readers.recording import Channels, Recording

if TYPE_CHECKING:
    from mne.io import BaseRaw

__all__ = ["SUFFIX", "map_fif", "read_fif"]

SUFFIX = ".fif"
# MNE divides larger files, whose parts refer to each other by name.
MOST_BYTES = 1.9e9


def read_fif(path: Path, channel: Channels = None) -> Recording:
    """Read raw data, or some channels of it; samples are read when they are needed."""
    with errors_naming(path, "MNE"):
        raw = _raw(path)
    return recording_of(raw, path, channel)


def map_fif(path: Path, recording: Recording) -> RawSamples:
    """Copy the samples of a file beside a new one, which is written when they were replaced."""
    source = recording.source
    if source is None or source.suffix.lower() != SUFFIX:
        raise ValueError(
            f"A file that ends in {SUFFIX} can only be written from another one, as its header "
            f"says more than is known of {recording.name!r}. Choose another format for the output."
        )
    if source.stat().st_size > MOST_BYTES:
        raise ValueError(f"{source.name} is larger than 1.9 GB. Cut it, or choose another format.")
    folder = tempfile.TemporaryDirectory(prefix=".", dir=path.parent)
    raw = _raw(source, preload=str(Path(folder.name, "samples")))

    def save() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            raw.save(path, fmt=raw.orig_format, overwrite=True, verbose="error")
        folder.cleanup()

    return RawSamples(raw, source, recording.places, save)


def _raw(path: Path, preload: bool | str = False) -> "BaseRaw":
    mne = library("mne", "FIF files", "mne")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*naming conventions", RuntimeWarning)
        return mne.io.read_raw_fif(path, preload=preload, verbose="error")
