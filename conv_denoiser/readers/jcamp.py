"""Spectra in JCAMP-DX files, which jcamp reads; other files of the kind are not written."""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from conv_denoiser._typing import Array
from conv_denoiser.readers.libraries import MAX_EXPANSION, errors_naming, library
from conv_denoiser.readers.recording import Channels, Recording
from conv_denoiser.readers.times import clock_of

__all__ = ["SUFFIXES", "check_jcamp", "read_jcamp", "write_jcamp"]

SUFFIXES = (".jdx", ".dx")
N_POINTS = re.compile(r"^##NPOINTS\s*=\s*(\S+)", re.MULTILINE | re.IGNORECASE)
# Where the samples are: after one line, and before the next label.
TABLE = re.compile(r"^##XY(?:DATA|POINTS)\s*=[^\n]*\n(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
# What a header says of the samples.
SUMMARY = re.compile(r"^(##(FIRSTY|MAXY|MINY)\s*=[ \t]*)[^\s$]+", re.MULTILINE)
EVEN = "(X++(Y..Y))"
SECONDS = {"SECONDS": 1.0, "S": 1.0, "SEC": 1.0, "MILLISECONDS": 1e-3, "MICROSECONDS": 1e-6}
DIGITS = 9
# Samples in a line, which are at most 80 characters long.
IN_A_LINE = 5


def read_jcamp(path: Path, channel: Channels = None) -> Recording:
    """Read a spectrum; what is taken over seconds has a sampling rate."""
    with errors_naming(path, "jcamp"):
        content = _content(path)
        x, y = content["x"], content["y"]
    unit = SECONDS.get(str(content.get("xunits", "")).strip().upper())
    rate, time = clock_of(x if x[-1] > x[0] else -x, unit, path.name)
    return Recording(
        y,
        rate if unit is not None else None,
        channel_names=tuple(filter(None, [str(content.get("title", "")).strip()])),
        units=tuple(filter(None, [str(content.get("yunits", "")).strip()])),
        source=path,
        places=(0,),
        time=time,
    ).channel(channel)


def check_jcamp(recording: Recording) -> None:
    """Raise ValueError if a recording did not come from such a file."""
    source = recording.source
    if source is None or source.suffix.lower() not in SUFFIXES:
        raise ValueError(
            "A JCAMP-DX file can only be written from another one, as its header says more than is "
            f"known of {recording.name!r}. Choose another format for the output."
        )


def write_jcamp(path: Path, recording: Recording) -> None:
    """Copy the file that a spectrum came from, with other samples."""
    check_jcamp(recording)
    source = recording.source or path
    text, content = _text(source), _content(source)
    samples: Array = np.asarray(recording.samples, np.float64).reshape(-1)
    if samples.shape != content["y"].shape:
        raise ValueError(f"{source.name} holds {len(content['y'])} samples. Got {samples.shape}.")
    x, y = content["x"] / content.get("xfactor", 1), samples / content.get("yfactor", 1)
    before = content["y"] / content.get("yfactor", 1)
    is_whole = np.allclose(before, np.rint(before), rtol=0, atol=1e-6)
    known = {"FIRSTY": samples[0], "MAXY": samples.max(), "MINY": samples.min()}
    text = SUMMARY.sub(lambda match: f"{match[1]}{known[match[2]]:.{DIGITS}g}", text)
    place = TABLE.search(text)
    if place is None:
        raise ValueError(f"{source.name} was changed while it was read.")
    lines = _even(x, y, is_whole) if content.get("xydata") == EVEN else _pairs(x, y)
    new = text[: place.start(1)] + "".join(f"{line}\n" for line in lines) + text[place.end(1) :]
    path.write_bytes(new.encode("utf-8", "surrogateescape"))


def _even(x: Array, y: Array, is_whole: bool) -> list[str]:
    """Return lines of a place and the samples from there on."""
    numbers = [f"{value:.0f}" if is_whole else f"{value:.{DIGITS}g}" for value in y]
    return [
        " ".join([f"{x[begin]:.{DIGITS}g}", *numbers[begin : begin + IN_A_LINE]])
        for begin in range(0, len(y), IN_A_LINE)
    ]


def _pairs(x: Array, y: Array) -> list[str]:
    return [f"{place:.17g}, {value:.{DIGITS}g}" for place, value in zip(x, y, strict=True)]


def _text(path: Path) -> str:
    """Return a file, of which each byte can be written again."""
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    return text.replace("\r\n", "\n")


def _content(path: Path) -> dict[str, Any]:
    """Return what a file of one spectrum holds, after a check of what it claims."""
    claimed = N_POINTS.search(_text(path))
    n_points = float(claimed[1]) if claimed is not None else 0.0
    if not n_points <= MAX_EXPANSION * path.stat().st_size:
        raise ValueError(f"it claims to hold {n_points:g} samples, more than fit")
    with redirect_stdout(io.StringIO()):  # where jcamp tells what does not fit
        content: dict[str, Any] = library("jcamp", "JCAMP-DX files").readfile(str(path))
    if "children" in content:
        raise ValueError("it holds several spectra, which are read one by one")
    x, y = (np.asarray(content[name], np.float64) for name in "xy")
    if not y.size or x.shape != y.shape or not {"xydata", "xypoints"} & set(content):
        raise ValueError("it holds no spectrum, or not as many samples as it claims")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("its numbers are not finite")
    return content
