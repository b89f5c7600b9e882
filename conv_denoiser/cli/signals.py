"""What the command fits to: signals of files, of folders of recordings, and of zarr stores."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from conv_denoiser._checks.times import even_grid
from conv_denoiser._typing import Array
from conv_denoiser.cli.several import expanded
from conv_denoiser.cli.stores import is_store
from conv_denoiser.cli.units import with_units
from conv_denoiser.readers.formats import read_recording
from conv_denoiser.readers.recording import Recording, holds_signals
from conv_denoiser.recording.checks import as_recording, check_not_infinite_samples
from conv_denoiser.recording.cutting import windows

__all__ = ["are_many", "read_signals"]


def are_many(path: str) -> bool:
    """Whether a path is that of a folder of recordings, or of a zarr store."""
    return is_store(path) or Path(path).is_dir()


def read_signals(options: argparse.Namespace) -> tuple[Any, Any, Recording]:
    """Return signals, the clean ones if there are some, and a recording that has the facts.

    Those of folders and stores are lazy.
    """
    if are_many(options.noisy):
        return _of_many(options)
    noisy = with_units(read_recording(options.noisy, options.channels), options.units)
    clean = None if options.clean is None else read_recording(options.clean, options.channels)
    if clean is not None:
        _check_alike(noisy, clean)
    X = _signals(noisy, noisy, options.window, options.rows)
    y = None if clean is None else _signals(clean, noisy, options.window, options.rows)
    return X, y, noisy


def _check_alike(noisy: Recording, clean: Recording) -> None:
    """Raise ValueError where two files differ in shape, or in a rate or units that both tell."""
    for name, pair in (
        ("shapes", (noisy.samples.shape, clean.samples.shape)),
        ("sampling rates", (noisy.sampling_rate, clean.sampling_rate)),
        ("units", (", ".join(noisy.units), ", ".join(clean.units))),
    ):
        if all(pair) and pair[0] != pair[1]:
            raise ValueError(
                f"{noisy.name} and {clean.name} do not belong together: their {name} are "
                f"{pair[0]} and {pair[1]}."
            )


def _signals(recording: Recording, timed: Recording, window: int, rows: bool | None) -> Array:
    """Return the signals of a file, or the windows of a recording, which overlap by half."""
    if holds_signals(recording, rows):
        return np.asarray(recording.samples)
    samples = np.asarray(as_recording(recording.samples))
    check_not_infinite_samples(samples)
    if timed.time is not None:
        samples = even_grid(timed.time, len(samples)).spread(samples.T).T
    return windows(samples.reshape(len(samples), -1), min(window, len(samples)))


def _of_many(options: argparse.Namespace) -> tuple[Any, Any, Recording]:
    for name in ("channels", "units", "rows"):
        if getattr(options, name) is not None:
            option = "columns" if options.rows is False else name
            raise ValueError(f"--{option} is for files one by one, and not for folders and stores.")
    from conv_denoiser.distributed import cutting

    paths = [path for path in (options.noisy, options.clean) if path is not None]
    if any(map(is_store, paths)):
        # Stores have no one way to tell rates and units.
        facts = Recording(np.zeros(1))
        return *_pair([cutting.of_store(path, options.window) for path in paths]), facts
    files = [expanded([path]) for path in paths]
    _check_same_names(files)
    arrays = [cutting.of_files(names, options.window) for names in files]
    return *_pair(arrays), read_recording(files[0][0])


def _pair(arrays: list[Any]) -> tuple[Any, Any]:
    return arrays[0], arrays[1] if len(arrays) == 2 else None


def _check_same_names(files: list[list[str]]) -> None:
    """Raise ValueError where a noisy file has no clean one of its name, or the other way round."""
    names = [{Path(path).name for path in paths} for paths in files]
    unpaired = sorted(names[0] ^ names[-1])
    if unpaired:
        raise ValueError(
            f"Files of both folders belong together by their names. There is one "
            f"{unpaired[0]!r} alone."
        )
