"""Arrays that NumPy cannot take, or would make another thing of: which room works on them.

Libraries are recognised by what their objects offer, so that none is imported.
"""

import math
from importlib import import_module
from typing import Any

import numpy as np

from conv_denoiser._typing import RawArray

__all__ = [
    "check_chunks",
    "check_together",
    "is_labelled",
    "is_lazy",
    "refuse_elsewhere",
    "room_of",
    "stand_in",
]

# Handed on by name, as no room imports from a higher one.
ROOM = "conv_denoiser.distributed"


def room_of(value: object) -> Any:
    """Return the room that works on lazy and labelled arrays; None for all others."""
    return import_module(ROOM) if is_lazy(value) or is_labelled(value) else None


def is_lazy(value: object) -> bool:
    """Whether this is an array of Dask's. Raise TypeError for a table of Dask's."""
    if hasattr(value, "to_dask_array"):
        raise TypeError(
            f"Got a {type(value).__name__} of Dask's, which does not know its length. Pass "
            "x.to_dask_array(lengths=True)."
        )
    return hasattr(value, "__dask_graph__") and hasattr(value, "numblocks")


def is_labelled(value: object) -> bool:
    """Whether this is an array or a data set of xarray's."""
    return hasattr(value, "data_vars") or (hasattr(value, "dims") and hasattr(value, "coords"))


def refuse_elsewhere(value: object, **given: bool) -> None:
    """Raise ValueError where options that are for NumPy's arrays are given with another's."""
    for option, is_given in given.items():
        if is_given:
            kind = type(value).__name__
            raise ValueError(f"{option} is for arrays of NumPy. Got {kind}: pass numpy.asarray(x).")


def check_chunks(array: Any, name: str) -> None:
    """Raise ValueError where Dask does not know how long an array is."""
    if any(math.isnan(size) for sizes in array.chunks for size in sizes):
        raise ValueError(
            f"{name} is a Dask array of unknown length: its chunks are {array.chunks}. Call "
            f"{name}.compute_chunk_sizes() first."
        )


def check_together(X: object, **others: object) -> None:
    """Raise ValueError where X is in memory, but arrays that belong to it are Dask's."""
    for name, other in others.items():
        if is_lazy(other) and not is_lazy(X):
            raise ValueError(
                f"{name} is a Dask array, but X is none. Pass {name}.compute(), or X as one, "
                "dask.array.from_array(X)."
            )


def stand_in(X: Any) -> RawArray:
    """Return a signal that checks can be made on in the place of those of a Dask array."""
    check_chunks(X, "X")
    if X.ndim not in (2, 3):
        raise ValueError(
            f"Expected signals (n_signals, n_timesteps[, n_channels]). Got a Dask array of shape "
            f"{X.shape}. A recording is passed to denoise_recording, or cut by windows."
        )
    return np.zeros((min(1, len(X)), *X.shape[1:]), X.dtype)
