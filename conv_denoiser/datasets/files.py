"""Arrays of data sets on disk."""

from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from conv_denoiser._typing import Array

__all__ = ["read_array", "write_header"]


def read_array(path: Path, mmap_mode: Literal["r", "r+", "c"] | None) -> Array:
    """Read an array of float32 or float64, or map it into memory."""
    if not path.is_file():
        raise FileNotFoundError(
            f"No file {str(path)!r}. A data set is a folder with noisy.npy, clean.npy and "
            "time.npy, as written by SignalGenerator.save."
        )
    try:
        if mmap_mode is None:
            with path.open("rb") as file:
                array = np.lib.format.read_array(file, allow_pickle=False)
        else:
            array = np.lib.format.open_memmap(path, mode=mmap_mode)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(
            f"{str(path)!r} cannot be read as a NumPy array ({error}); write it again with "
            "SignalGenerator.save."
        ) from error
    if array.dtype not in (np.float32, np.float64):
        raise ValueError(f"{str(path)!r} holds {array.dtype}; expected float32 or float64.")
    return array


def write_header(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Write the header of a .npy file."""
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
