"""Samples that remain in a file, and are read and written in pieces."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from conv_denoiser._typing import Array
from conv_denoiser.readers.integers import warn_of_clipped

__all__ = ["FileSamples", "Key"]

Key = slice | tuple[slice, int]  # some timesteps, of all channels or of one


class FileSamples(ABC):
    """Samples of some channels, in their units: (n_timesteps,) or (n_timesteps, n_channels)."""

    dtype: np.dtype = np.dtype(np.float64)
    shape: tuple[int, ...]
    n_clipped = 0

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        return np.asarray(self[:], dtype)

    @abstractmethod
    def __getitem__(self, key: Key) -> Array: ...

    @abstractmethod
    def __setitem__(self, rows: slice, samples: ArrayLike) -> None: ...

    @abstractmethod
    def moved_to(self, path: Path) -> Self:
        """Return the samples of a file that was moved."""

    def flush(self) -> None:
        """Tell how many samples were clipped; all are in the file already."""
        warn_of_clipped(self.n_clipped)
