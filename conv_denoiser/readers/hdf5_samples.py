"""Samples of a dataset in an HDF5 file, read and written in pieces."""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._typing import Array
from conv_denoiser.readers.datasets import Place
from conv_denoiser.readers.integers import as_integers, rounded
from conv_denoiser.readers.libraries import errors_naming
from conv_denoiser.readers.samples import FileSamples, Key

__all__ = ["Hdf5Samples"]


class Hdf5Samples(FileSamples):
    """Samples of a dataset, or of one channel of it.

    Parameters
    ----------
    path : Path
        The file. It is opened anew for each piece.
    name : str
        Name of the dataset.
    place : Place
        Where the recording is in it.
    whole_shape : tuple of int
        Shape of the dataset.
    stored : dtype
        Type of its samples.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        place: Place,
        whole_shape: tuple[int, ...],
        stored: np.dtype,
    ) -> None:
        self.path = path
        self.name = name
        self.place = place
        self.whole_shape = whole_shape
        self.stored = stored
        self.dtype = np.dtype(np.float32 if stored.newbyteorder("=") == np.float32 else np.float64)
        self.shape = place.shape(whole_shape)

    def __getitem__(self, key: Key) -> Array:
        import h5py

        rows, column = key if isinstance(key, tuple) else (key, None)
        begin, end, step = rows.indices(len(self))
        with errors_naming(self.path, "h5py"), h5py.File(self.path, "r", locking=False) as h5:
            found = h5[self.name][self.place.at(slice(begin, max(begin, end)))]
        samples = np.asarray(found.T if self.place.turned else found, self.dtype)[::step]
        return samples if column is None or samples.ndim == 1 else samples[:, column]

    def __setitem__(self, rows: slice, samples: ArrayLike) -> None:
        import h5py

        begin, end, _ = rows.indices(len(self))
        values = np.asarray(samples).reshape(end - begin, *self.shape[1:])
        if self.stored.kind in "iu":
            limits = np.iinfo(self.stored.newbyteorder("="))
            whole, n_clipped = rounded(values, limits.min, limits.max)
            self.n_clipped += n_clipped
            values = as_integers(whole, self.stored)
        with h5py.File(self.path, "r+", locking=False) as h5:
            index = self.place.at(slice(begin, end))
            h5[self.name][index] = values.T if self.place.turned else values

    def moved_to(self, path: Path) -> "Hdf5Samples":
        """Return the samples of a file that was moved."""
        return Hdf5Samples(path, self.name, self.place, self.whole_shape, self.stored)
