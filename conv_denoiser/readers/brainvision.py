"""Recordings in BrainVision files, which MNE reads: a header, markers, and samples beside it."""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from conv_denoiser.readers.integers import rounded, warn_of_clipped
from conv_denoiser.readers.libraries import errors_naming, library
from conv_denoiser.readers.mne_samples import RawSamples, recording_of
from conv_denoiser.readers.recording import Channels, Recording

if TYPE_CHECKING:
    from mne.io import BaseRaw

__all__ = ["SUFFIX", "check_brainvision", "read_brainvision", "write_brainvision"]

SUFFIX = ".vhdr"
# What a header says, before comments of any kind.
FILES = re.compile(r"^(DataFile|MarkerFile)[ \t]*=[ \t]*(.*?)[ \t]*(?=\r?$)", re.MULTILINE)
TURNED = re.compile(r"^DataOrientation[ \t]*=[ \t]*VECTORIZED", re.MULTILINE)
FORMAT = re.compile(r"^BinaryFormat[ \t]*=[ \t]*(\w+)", re.MULTILINE)
COMMENT = "[Comment]"
TYPES = {"INT_16": "<i2", "INT_32": "<i4", "IEEE_FLOAT_32": "<f4"}
BASE = "$b"  # stands for the name of the header in those of other files
# Timesteps that are written at once.
PIECE = 2**16


def read_brainvision(path: Path, channel: Channels = None) -> Recording:
    """Read raw data, or some channels of it; samples are read when they are needed."""
    with errors_naming(path, "MNE"):
        raw = _raw(path)
    return recording_of(raw, path, channel)


def check_brainvision(recording: Recording) -> None:
    """Raise ValueError if a recording did not come from such a file, or from one of text."""
    source = recording.source
    if source is None or source.suffix.lower() != SUFFIX:
        raise ValueError(
            f"A file that ends in {SUFFIX} can only be written from another one, as its header "
            f"says more than is known of {recording.name!r}. Choose another format for the output."
        )
    if _type(_text(source)) is None:
        raise ValueError(f"The samples of {source.name} are text. Choose another format.")


def write_brainvision(temporary: Path, target: Path, recording: Recording) -> None:
    """Write samples and markers beside the target, and its header to a temporary file.

    All else stays as it was, byte by byte but for the names of files.
    """
    check_brainvision(recording)
    source = recording.source or target
    text = _text(source)
    old = _files(text, source)
    new = {kind: target.stem + Path(file).suffix for kind, file in old.items()}
    for name in new.values():
        if not target.exists() and target.with_name(name).exists():
            raise FileExistsError(
                f"{name!r} belongs to another recording, and would be replaced. Choose another "
                "name for the output."
            )
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as folder:
        for kind, file in old.items():
            shutil.copyfile(source.parent / file, Path(folder, new[kind]))
        _replace(Path(folder, new["DataFile"]), text, source, recording)
        if "MarkerFile" in new:
            markers = Path(folder, new["MarkerFile"])
            _write_text(markers, _renamed(_text(markers), new))
        _write_text(temporary, _renamed(text, new))
        for name in new.values():
            os.replace(Path(folder, name), target.with_name(name))


def _raw(path: Path) -> "BaseRaw":
    mne = library("mne", "BrainVision files", "mne")
    if any(
        Path(file).name != file or set(":\\") & set(file)
        for file in _files(_text(path), path).values()
    ):
        raise ValueError("its samples or markers are in other folders")
    return mne.io.read_raw_brainvision(path, verbose="error")


def _replace(data: Path, text: str, source: Path, recording: Recording) -> None:
    """Replace samples of some channels in a file of all."""
    raw = _raw(source)
    before = RawSamples(raw, source, recording.places)
    if tuple(recording.samples.shape) != before.shape:
        raise ValueError(
            f"{source.name} holds samples of shape {before.shape}. Got {recording.samples.shape}."
        )
    n_timesteps, n_channels = len(before), len(raw.ch_names)
    stored = np.memmap(data, np.dtype(_type(text)), "r+")[: n_timesteps * n_channels]
    turned = TURNED.search(text) is not None
    table = stored.reshape(n_channels, -1).T if turned else stored.reshape(-1, n_channels)
    gains = np.array(
        [raw.info["chs"][n]["cal"] * raw.info["chs"][n]["range"] for n in before.places]
    )
    n_clipped = 0
    for begin in range(0, n_timesteps, PIECE):
        end = min(begin + PIECE, n_timesteps)
        samples = np.asarray(recording.samples[begin:end], np.float64).reshape(end - begin, -1)
        exact = before.unless_bad(samples, begin, end) / gains
        if stored.dtype.kind == "i":
            limits = np.iinfo(stored.dtype)
            exact, clipped = rounded(exact, limits.min, limits.max)
            n_clipped += clipped
        table[begin:end, before.places] = exact
    warn_of_clipped(n_clipped)


def _text(path: Path) -> str:
    """Return a header or markers, of which each byte can be written again."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def _write_text(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


def _type(text: str) -> str | None:
    """Return the type of the samples, unless they are text."""
    match = FORMAT.search(text.partition(COMMENT)[0])
    return None if match is None else TYPES.get(match[1].upper())


def _files(text: str, path: Path) -> dict[str, str]:
    """Return the files that a header names."""
    named = FILES.findall(text.partition(COMMENT)[0])
    return {kind: file.replace(BASE, path.stem) for kind, file in named if file}


def _renamed(text: str, files: dict[str, str]) -> str:
    head, mark, rest = text.partition(COMMENT)
    return (
        FILES.sub(lambda match: f"{match[1]}={files.get(match[1], match[2])}", head) + mark + rest
    )
