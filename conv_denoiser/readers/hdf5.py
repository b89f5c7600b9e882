"""Recordings in HDF5 files, which h5py reads; those of MATLAB 7.3 are among them."""

import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from conv_denoiser.readers.datasets import (
    NAME,
    Facts,
    Place,
    chosen,
    facts_of,
    known_of,
    placed,
    split_address,
)
from conv_denoiser.readers.hdf5_heaps import check_heaps
from conv_denoiser.readers.hdf5_samples import Hdf5Samples
from conv_denoiser.readers.libraries import MAX_EXPANSION, errors_naming, library
from conv_denoiser.readers.recording import Channels, DatasetError, Recording

if TYPE_CHECKING:
    import h5py

__all__ = ["SUFFIXES", "copy_hdf5", "map_hdf5", "read_hdf5"]

SUFFIXES = (".h5", ".hdf5", ".hdf")
# What MATLAB keeps for itself; its numbers are of these classes.
INTERNAL = "#"
NUMBERS = frozenset(
    {b"double", b"single", *(f"{u}int{n}".encode() for u in ("", "u") for n in (8, 16, 32, 64))}
)
# More texts, or values beside an array that are no times, are not looked at.
MOST_VALUES = 10_000
MOST_BYTES = 2**20  # of an attribute


def read_hdf5(path: Path, channel: Channels = None) -> Recording:
    """Read a dataset, or one channel of it; samples are read when they are needed."""
    file, asked = split_address(path)
    with _opened(file) as h5:
        shapes = _shapes(h5)
        name = chosen(shapes, asked, file.name)
        dataset, facts = _dataset(h5, name), _facts(h5, name)
        place, channels = _placed(dataset, facts, channel, file.name)
        samples = Hdf5Samples(file, name, place, dataset.shape, dataset.dtype)
    return facts.recording(samples, channels, file, name)


def map_hdf5(path: Path, recording: Recording) -> Hdf5Samples:
    """Copy the file that a recording came from, or make one; its samples are then written."""
    source = recording.source
    if source is not None and source.suffix.lower() in SUFFIXES and recording.dataset:
        return copy_hdf5(path, recording)
    samples = recording.samples
    dtype = np.dtype(np.float32 if samples.dtype == np.float32 else np.float64)
    with library("h5py", "HDF5 files").File(path, "w", locking=False) as h5:
        dataset = h5.create_dataset(NAME, samples.shape, dtype)
        dataset.attrs.update(known_of(recording))
    return Hdf5Samples(path, NAME, Place(samples.ndim, 0, None), samples.shape, dtype)


def copy_hdf5(path: Path, recording: Recording) -> Hdf5Samples:
    """Copy the file that a recording came from; the samples of its channels can be written."""
    source, name = recording.source, recording.dataset
    if source is None:
        raise ValueError(f"{recording.name} came from no file.")
    with _opened(source) as h5:
        dataset, facts = _dataset(h5, name), _facts(h5, name)
        place, channels = _placed(dataset, facts, None, source.name)
        if channels != recording.places:
            place = place.of(recording.places)
        out = Hdf5Samples(path, name, place, dataset.shape, dataset.dtype)
    if out.shape != tuple(recording.samples.shape):
        raise ValueError(
            f"{source.name} holds samples of shape {out.shape}. Got {recording.samples.shape}."
        )
    shutil.copyfile(source, path)
    return out


@contextmanager
def _opened(file: Path) -> "Iterator[h5py.File]":
    h5py = library("h5py", "HDF5 files, and MATLAB files of version 7.3,")
    with errors_naming(file, "h5py"), h5py.File(file, "r") as h5:
        yield h5


def _placed(
    dataset: "h5py.Dataset", facts: Facts, channel: Channels, file_name: str
) -> tuple[Place, tuple[int, ...]]:
    """Return where the recording is; MATLAB's first axis is the last one of HDF5."""
    is_matlab = "MATLAB_class" in dataset.attrs
    shape = dataset.shape[::-1] if is_matlab else dataset.shape
    place, channels = placed(shape, facts, channel, file_name)
    return (place._replace(axis=1 - place.axis) if is_matlab else place), channels


def _shapes(h5: "h5py.File") -> dict[str, tuple[int, ...]]:
    """Return the datasets that may be recordings, and their shapes."""
    shapes = {}

    def look(name: str, found: Any) -> None:
        if hasattr(found, "dtype") and not name.startswith(INTERNAL) and _is_signal(found):
            shapes[name] = found.shape

    h5.visititems(look)
    return shapes


def _is_signal(dataset: "h5py.Dataset") -> bool:
    is_number = dataset.dtype.kind in "fiu" and _matlab_class(dataset) in (None, *NUMBERS)
    return is_number and dataset.ndim in (1, 2) and dataset.size > 1


def _dataset(h5: "h5py.File", name: str) -> "h5py.Dataset":
    """Return a dataset whose samples are in this file, and take no more memory than they may."""
    dataset = h5[name]
    if dataset.is_virtual or dataset.external:
        raise DatasetError(f"{name} of {h5.filename!r} keeps its samples in other files.")
    chunk = int(np.prod(dataset.chunks or (), dtype=float)) * dataset.dtype.itemsize
    limit = MAX_EXPANSION * Path(h5.filename).stat().st_size
    if max(dataset.nbytes, chunk) > limit:
        raise DatasetError(
            f"{name} of {h5.filename!r} claims to hold {dataset.shape} samples, more than fit."
        )
    return dataset


def _facts(h5: "h5py.File", name: str) -> Facts:
    """Return what the attributes of a dataset and of its groups say, and arrays beside it."""
    dataset = h5[name]
    values: dict[str, Callable[[], object]] = {}
    holder: Any = dataset
    while True:
        for key in holder.attrs:
            values.setdefault(key, partial(_attribute, holder, key))
        if holder != dataset:
            for key in holder:
                found = _beside(holder, key)
                if found is not None and found.size <= max(MOST_VALUES, *dataset.shape):
                    values.setdefault(key, partial(_value, h5, found))
        if holder.name == "/":
            return facts_of(dataset.shape, values)
        holder = holder.parent


def _beside(group: "h5py.Group", key: str) -> "h5py.Dataset | None":
    """Return a dataset of a group; links may lead to other files, and are not followed."""
    if type(group.get(key, getlink=True)).__name__ != "HardLink":
        return None
    found = group.get(key)
    return found if hasattr(found, "dtype") and not found.external else None


def _matlab_class(dataset: "h5py.Dataset") -> object:
    return _attribute(dataset, "MATLAB_class") if "MATLAB_class" in dataset.attrs else None


def _attribute(holder: Any, key: str) -> object:
    """Return an attribute; texts of any length are in a heap."""
    stored = holder.attrs.get_id(key)
    if math.prod(stored.shape or ()) * stored.dtype.itemsize > MOST_BYTES:
        return None
    if stored.dtype.kind == "O":
        check_heaps(Path(holder.file.filename))
    return holder.attrs[key]


def _value(h5: "h5py.File", dataset: "h5py.Dataset") -> object:
    """Return a small dataset; MATLAB's texts are numbers, and its cells refer to them."""
    matlab_class = _matlab_class(dataset)
    if matlab_class == b"char":
        return "".join(map(chr, np.ravel(dataset[()])))
    if dataset.dtype.kind == "O" and matlab_class == b"cell":
        return [_value(h5, h5[reference]) for reference in np.ravel(dataset[()])]
    if dataset.dtype.kind == "O":
        check_heaps(Path(h5.filename))
    return dataset[()]
