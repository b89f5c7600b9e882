"""Recordings in zarr stores, which zarr reads; what denoises stores writes them."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._typing import Array
from conv_denoiser.readers.datasets import Facts, Place, chosen, facts_of, placed, split_address
from conv_denoiser.readers.libraries import MAX_EXPANSION, library
from conv_denoiser.readers.recording import Channels, DatasetError, Recording
from conv_denoiser.readers.samples import FileSamples, Key

if TYPE_CHECKING:
    import zarr

__all__ = ["SUFFIX", "check_zarr", "read_zarr"]

SUFFIX = ".zarr"
# Arrays up to so many bytes are read, whatever their store takes on the disk.
SMALL = 2**27


class ZarrSamples(FileSamples):
    """Samples of an array of a store, or of some channels of it."""

    def __init__(self, array: "zarr.Array", place: Place) -> None:
        self.array = array
        self.place = place
        stored = array.dtype.newbyteorder("=")
        self.dtype = np.dtype(np.float32 if stored == np.float32 else np.float64)
        self.shape = place.shape(array.shape)

    def __getitem__(self, key: Key) -> Array:
        rows, column = key if isinstance(key, tuple) else (key, None)
        begin, end, step = rows.indices(len(self))
        found = self.array.oindex[self.place.at(slice(begin, max(begin, end)))]
        samples = np.asarray(found.T if self.place.turned else found, self.dtype)[::step]
        return samples if column is None or samples.ndim == 1 else samples[:, column]

    def __setitem__(self, rows: slice, samples: ArrayLike) -> NoReturn:
        raise TypeError("Samples of a zarr store are read here, and not written.")

    def moved_to(self, path: Path) -> "ZarrSamples":
        """Return the same samples."""
        return self


def read_zarr(path: Path, channel: Channels = None) -> Recording:
    """Read an array, or some channels of it; samples are read when they are needed."""
    store, asked = split_address(path)
    if not store.is_dir():
        store.stat()  # which names what is not there
        raise ValueError(f"{str(store)!r} is not the folder of a zarr store.")
    try:
        root = library("zarr", "zarr stores", "dask").open(str(store), mode="r")
        arrays = _arrays(root)
        name = chosen({key: array.shape for key, array in arrays.items()}, asked, store.name)
        array = arrays[name]
        _check_size(array, store)
        facts = _facts(root, arrays, name)
        place, channels = placed(array.shape, facts, channel, store.name)
    except (DatasetError, ImportError, ValueError):
        raise
    except Exception as error:  # damaged stores make zarr stumble in many ways
        raise ValueError(f"zarr cannot read {str(store)!r}: {error}") from error
    return facts.recording(ZarrSamples(array, place), channels, store, name)


def check_zarr(recording: Recording) -> NoReturn:
    """Raise ValueError: stores are not written here."""
    raise ValueError(
        f"A zarr store is not written from {recording.name!r}, but from another store, by "
        "denoise_store or conv-denoiser denoise. Choose another format."
    )


def _arrays(root: Any) -> dict[str, Any]:
    """Return the arrays that may be recordings, by name."""
    members = dict(root.members(max_depth=None)) if hasattr(root, "members") else {"": root}
    return {
        name: array
        for name, array in members.items()
        if hasattr(array, "dtype")
        and array.dtype.kind in "fiu"
        and array.ndim in (1, 2)
        and array.size > 1
    }


def _check_size(array: Any, store: Path) -> None:
    chunk = int(np.prod(array.chunks, dtype=float)) * array.dtype.itemsize
    if max(chunk, array.nbytes) <= SMALL:
        return
    n_bytes = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
    if max(chunk, array.nbytes) > MAX_EXPANSION * n_bytes:
        raise DatasetError(
            f"{array.name} of {store.name} claims to hold {array.shape}, which is more than fits."
        )


def _facts(root: Any, arrays: dict[str, Any], name: str) -> Facts:
    """Return what the attributes of an array and of its groups say, and arrays beside it."""
    holder = name.rpartition("/")[0]
    values: dict[str, Any] = {
        key: partial(_same, value) for key, value in arrays[name].attrs.items()
    }
    for key, array in arrays.items():
        if key != name and key.rpartition("/")[0] == holder:
            values.setdefault(key.rpartition("/")[2], partial(array.__getitem__, ...))
    groups = [holder.rsplit("/", n)[0] for n in range(holder.count("/") + 1)] if holder else []
    for group in [*(root[path] for path in groups), *([root] if name else [])]:
        for key, value in group.attrs.items():
            values.setdefault(key, partial(_same, value))
    return facts_of(arrays[name].shape, values)


def _same(value: object) -> object:
    return value
