"""Recordings in zarr stores: which array it is, which axis is time, and one like it to write to."""

import os
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import zarr
from zarr.errors import ContainsArrayError

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._typing import Array, RawArray
from conv_denoiser.distributed.labelled import time_axis

__all__ = ["StoredArray", "absolute", "create_like", "open_recording"]


class StoredArray(NamedTuple):
    """Where a recording is: everything that a process needs to read or write it.

    Parameters
    ----------
    path : str
        Path or address of the store.
    name : str
        Path of the array in it; "" for a store that is one array.
    axis : int
        Axis of time.
    """

    path: str
    name: str
    axis: int

    def open(self, mode: str = "r") -> zarr.Array:
        """Return the array of the store."""
        array = zarr.open(self.path, mode=mode)
        return array[self.name] if self.name else array

    def read(self, begin: int, end: int) -> RawArray:
        """Return samples, with time first."""
        array = self.open()
        samples = array[:, begin:end] if self.axis else array[begin:end]
        return np.ascontiguousarray(samples.T if self.axis else samples)

    def write(self, begin: int, samples: Array) -> None:
        """Write samples, whose first axis is time, as whole chunks or shards of a folder."""
        array, end = self.open("r+"), begin + len(samples)
        if array.shards:  # zarr would read what is there, which may be damaged
            self._remove_shards(array, begin, end)
        if self.axis:
            array[:, begin:end] = samples.T
        else:
            array[begin:end] = samples

    def _remove_shards(self, array: zarr.Array, begin: int, end: int) -> None:
        numbers = [range(ceil_div(*sizes)) for sizes in zip(array.shape, array.shards, strict=True)]
        step = array.shards[self.axis]
        numbers[self.axis] = range(begin // step, ceil_div(end, step))
        for place in product(*numbers):
            shard = Path(self.path, self.name, array.metadata.encode_chunk_key(place))
            shard.unlink(missing_ok=True)


def open_recording(path: str | os.PathLike[str], time_dim: str | None) -> StoredArray:
    """Find the recording in a store; the name of an array may follow two colons.

    Raises
    ------
    ValueError
        If there are several arrays and none is named, or it is no recording.
    """
    address, _, name = os.fspath(path).partition("::")
    root = zarr.open(address, mode="r")
    name = name.strip("/")
    if isinstance(root, zarr.Group) and not name:
        name = _only_array(root, address)
    array = root[name] if name else root
    if (
        not isinstance(array, zarr.Array)
        or array.ndim not in (1, 2)
        or array.dtype.kind not in "fiub"
    ):
        raise ValueError(
            f"{os.fspath(path)!r} is no array of numbers of one or two axes: {array!r}. Name the "
            "array after two colons, as in 'night.zarr::eeg'."
        )
    dims = _dims(array)
    axis = 0 if dims is None and time_dim is None else time_axis(dims or (), time_dim, 0)
    return StoredArray(absolute(address), name, axis)


def absolute(address: str) -> str:
    """Return a path as any process of this machine has it; an address stays as it is."""
    return address if "://" in address else os.path.abspath(address)


def create_like(source: StoredArray, path: str, dtype: type) -> StoredArray:
    """Create an empty array like another, with its attributes and coordinates; or find it there."""
    target, model = source._replace(path=path), source.open()
    if source.name:
        group = zarr.open_group(path, mode="a", zarr_format=model.metadata.zarr_format)
        _copy_coordinates(zarr.open(source.path, mode="r"), group, model)
    with suppress(ContainsArrayError):  # from before, or of another process that is at work, too
        zarr.create_array(
            path,
            name=source.name or None,
            shape=model.shape,
            chunks=model.chunks,
            shards=model.shards,
            dtype=dtype,
            fill_value=np.nan,
            attributes=dict(model.attrs),
            zarr_format=model.metadata.zarr_format,
            dimension_names=getattr(model.metadata, "dimension_names", None),
        )
    return target


def _only_array(group: zarr.Group, path: str) -> str:
    """Return the name of the only array that is not the coordinate of a dimension."""
    names = [name for name, array in group.arrays() if _dims(array) != (name,)]
    if len(names) != 1:
        raise ValueError(
            f"{path!r} has the arrays {sorted(names)}. Name one after two colons, as in "
            f"'{path}::{min(names, default='eeg')}'."
        )
    return str(names[0])


def _dims(array: zarr.Array) -> tuple[str, ...] | None:
    """Return the names of an array's dimensions, as zarr 3 or xarray keeps them."""
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS")
    return None if not names or None in names else tuple(names)


def _copy_coordinates(source: zarr.Group, target: zarr.Group, model: zarr.Array) -> None:
    """Copy the attributes of a group, and the coordinates of an array's dimensions."""
    target.attrs.update(dict(source.attrs))
    for name in _dims(model) or ():
        if name in source and name not in target:
            array = source[name]
            copied = target.create_array(
                name,
                shape=array.shape,
                chunks=array.chunks,
                dtype=array.dtype,
                attributes=dict(array.attrs),
                dimension_names=getattr(array.metadata, "dimension_names", None),
            )
            copied[...] = array[...]
