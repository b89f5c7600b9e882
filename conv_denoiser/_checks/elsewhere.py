"""Arrays that NumPy cannot take, or would make another thing of: which room works on them.

Libraries are recognised by what their objects offer, so that none is imported.
"""

from importlib import import_module
from typing import Any

__all__ = ["is_labelled", "is_lazy", "refuse_elsewhere", "room_of"]

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
