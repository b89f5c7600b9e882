"""Recordings in zarr stores: which array it is, which axis is time, and one like it to write to."""

import os
import warnings
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import zarr
from zarr.errors import ContainsArrayError

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._typing import Array, RawArray
from conv_denoiser.distributed.labelled import check_even, passed, time_axis

__all__ = ["ALL", "Channels", "StoredArray", "absolute", "create_like", "open_recording"]


# Attributes by which xarray and others tell samples from the numbers that stand for them.
PACKING = frozenset({"scale_factor", "add_offset", "missing_value"})
NAN = "AAAAAAAA+H8="  # as xarray writes it
Channels = tuple[int, int | None]  # the first, and the one after the last
ALL: Channels = (0, None)


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

    def read(self, begin: int, end: int, channels: Channels = ALL) -> RawArray:
        """Return samples, with time first."""
        array = self.open()
        samples = array[self._place(array, begin, end, channels)]
        return np.ascontiguousarray(samples.T if self.axis else samples)

    def write(self, begin: int, samples: Array, channels: Channels = ALL) -> None:
        """Write samples, whose first axis is time, as whole chunks or shards of a folder."""
        array = self.open("r+")
        place = self._place(array, begin, begin + len(samples), channels)
        if array.shards:  # zarr would read what is there, which may be damaged
            self._remove_shards(array, place)
        array[place] = samples.T if self.axis else samples

    def _place(
        self, array: zarr.Array, begin: int, end: int, channels: Channels
    ) -> tuple[slice, ...]:
        place = (slice(begin, end), slice(*channels))[: array.ndim]
        return place[::-1] if self.axis else place

    def _remove_shards(self, array: zarr.Array, place: tuple[slice, ...]) -> None:
        numbers = []
        for part, size, step in zip(place, array.shape, array.shards, strict=True):
            begin, end, _ = part.indices(size)
            numbers.append(range(begin // step, ceil_div(end, step)))
        for number in product(*numbers):
            shard = Path(self.path, self.name, array.metadata.encode_chunk_key(number))
            shard.unlink(missing_ok=True)


def open_recording(path: str | os.PathLike[str], time_dim: str | None) -> StoredArray:
    """Find the recording in a store; the name of an array may follow two colons.

    Raises
    ------
    ValueError
        If there are several arrays and none is named, it is no recording, or seems to be
        transposed, or its numbers stand for others.
    FileNotFoundError
        If there is no such store.
    """
    address, _, name = os.fspath(path).partition("::")
    try:
        root = zarr.open(address, mode="r")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{address!r} is no zarr store, or is empty.") from error
    name = name.strip("/")
    if not isinstance(root, zarr.Group):
        if name:
            raise ValueError(f"{address!r} is one array. Leave out ::{name}.")
    elif not name or name not in root:
        name = _only_array(root, address, name)
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
    _check_samples(array, os.fspath(path), dims)
    if dims is not None and isinstance(root, zarr.Group):
        parent = name.rpartition("/")[0]
        _check_times(root[parent] if parent else root, dims[axis])
    return StoredArray(absolute(address), name, axis)


def absolute(address: str) -> str:
    """Return a path as any process of this machine has it; an address stays as it is."""
    return address if "://" in address else os.path.abspath(address)


def create_like(source: StoredArray, path: str, dtype: type) -> StoredArray:
    """Create an empty array like another, with its attributes and coordinates; or find it there."""
    target, model = source._replace(path=path), source.open()
    if source.name:
        group = zarr.open_group(path, mode="a", zarr_format=model.metadata.zarr_format)
        root = zarr.open(source.path, mode="r")
        group.attrs.update(dict(root.attrs))
        if parent := source.name.rpartition("/")[0]:
            root, group = root[parent], group.require_group(parent)
        _copy_coordinates(root, group, model)
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
    array = target.open()
    if (array.shape, array.dtype) != (model.shape, dtype):
        raise ValueError(
            f"{path!r} is not what the manifest beside it tells of: {array!r}. Remove both, or "
            "choose another target."
        )
    if source.name and zarr.open(source.path, mode="r").metadata.consolidated_metadata:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zarr's word of its format 3, which xarray writes so
            zarr.consolidate_metadata(path)
    return target


def _check_samples(array: zarr.Array, path: str, dims: tuple[str, ...] | None) -> None:
    """Raise ValueError where an array seems to be transposed, or holds no samples as such."""
    if dims is None and array.ndim == 2 and array.shape[1] > array.shape[0]:
        raise ValueError(
            f"{path!r} has the shape {array.shape}: {array.shape[1]} channels of {array.shape[0]} "
            "sample(s) each. Where time is its second axis, tell so: zarr.open_array(..., "
            "mode='r+').attrs['_ARRAY_DIMENSIONS'] = ['channel', 'time']."
        )
    packing = sorted(PACKING & set(array.attrs))
    # What is missing, xarray tells by the fill value of zarr 2, and by an attribute with zarr 3.
    is_old = array.metadata.zarr_format == 2 and "_ARRAY_DIMENSIONS" in array.attrs
    missing = array.fill_value if is_old else array.attrs.get("_FillValue")
    if missing not in (None, 0, NAN) and missing == missing:
        packing.append(f"missing samples are {missing!r}")
    if packing:
        raise ValueError(
            f"Numbers in {path!r} are not the samples ({', '.join(packing)}). xarray knows how to "
            "read them: denoise what xarray.open_zarr returns."
        )


def _check_times(group: zarr.Group, name: str) -> None:
    """Warn where the coordinate of time, if there is one, has holes."""
    times = group.get(name)
    is_told = isinstance(times, zarr.Array) and times.ndim == 1 and times.dtype.kind in "fiu"
    if is_told and times.size > 2:
        check_even(passed(times[:]), name)


def _only_array(group: zarr.Group, path: str, wanted: str) -> str:
    """Return the name of the only array that is not the coordinate of a dimension."""
    names = [name for name, array in group.arrays() if _dims(array) != (name,)]
    if wanted or len(names) != 1:
        raise ValueError(
            f"{path!r} has {f'no {wanted!r}, but ' if wanted else ''}the arrays {sorted(names)}. "
            "Name one after two colons, as in "
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
                fill_value=array.fill_value,
                attributes=dict(array.attrs),
                dimension_names=getattr(array.metadata, "dimension_names", None),
            )
            copied[...] = array[...]
