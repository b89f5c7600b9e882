"""What a denoiser and a recording must offer, whatever library they come from."""

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._typing import Array

__all__ = ["Denoiser", "Series"]


class Denoiser(Protocol):
    """Maps signals of shape (n_signals, window[, n_channels]) to the same shape."""

    def transform(self, X: Array, /) -> ArrayLike:
        """Denoise signals."""


class Series(Protocol):
    """Samples that are read in pieces: an array, a memory map, a data set of HDF5 or zarr."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes: (n_timesteps,) or (n_timesteps, n_channels)."""

    @property
    def dtype(self) -> np.dtype:
        """Type of the samples."""

    def __getitem__(self, key: slice, /) -> ArrayLike: ...
