"""Recordings of xarray: the same type out, with its dimensions, coordinates and attributes."""

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["in_labels", "time_axis"]

# From samples (n_timesteps[, ...]) of NumPy or Dask to denoised ones; or to several such arrays.
Function = Callable[[Any], Any]


def in_labels(
    function: Function, value: Any, time_dim: str | None = None, default: int | None = None
) -> Any:
    """Apply a function to an array, or to all arrays of a data set that have numbers and time.

    Parameters
    ----------
    function : callable
        From an array whose first axis is time to one or several of the same shape.
    value : xarray.DataArray or xarray.Dataset
        What to apply it to.
    time_dim, default
        As for `time_axis`.

    Returns
    -------
    xarray.DataArray or xarray.Dataset
        One of the type of `value`, or as many as the function returns arrays.
    """
    if not hasattr(value, "data_vars"):
        return _applied(function, value, time_dim, default)
    dim = time_dim or "time"
    results = {
        name: _applied(function, array, dim, None)
        for name, array in value.data_vars.items()
        if dim in array.dims and array.dtype.kind in "fiu"
    }
    if not results:
        raise ValueError(
            f"No array of the data set has numbers and the dimension {dim!r}. Its dimensions are "
            f"{list(value.sizes)}: pass time_dim, the name of that of time."
        )
    several = [result for result in results.values() if isinstance(result, tuple)]
    if not several:
        return value.assign(results)
    n_outputs = len(several[0])
    return tuple(
        value.assign({name: result[i] for name, result in results.items()})
        for i in range(n_outputs)
    )


def time_axis(dims: Sequence[Any], time_dim: str | None, default: int | None = None) -> int:
    """Return which axis is time.

    It is that of the name `time_dim`, or of "time"; else the only one, or the one at the place
    `default`. Raise ValueError where it is none of these.
    """
    wanted = time_dim or "time"
    if wanted in dims:
        return dims.index(wanted)
    if time_dim is None and (len(dims) == 1 or default is not None):
        return 0 if len(dims) == 1 else default or 0
    raise ValueError(
        f"There is no dimension {wanted!r} among {list(dims)}. Pass time_dim, the name of that of "
        "time."
    )


def _applied(function: Function, array: Any, time_dim: str | None, default: int | None) -> Any:
    """Apply a function to one array, which may be chunked."""
    by_time = array.transpose(array.dims[time_axis(array.dims, time_dim, default)], ...)
    result = function(by_time.values if by_time.chunks is None else by_time.data)
    outs = [
        by_time.copy(data=samples).drop_encoding().transpose(*array.dims)
        for samples in (result if isinstance(result, tuple) else (result,))
    ]
    return tuple(outs) if isinstance(result, tuple) else outs[0]
