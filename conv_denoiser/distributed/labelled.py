"""Recordings of xarray: the same type out, with its dimensions, coordinates and attributes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conv_denoiser._checks.times import check_rising, even_grid, on_even_grid, seconds_since_first
from conv_denoiser._checks.warn import DenoisingWarning, warn
from conv_denoiser._typing import Array, RawArray

__all__ = ["check_even", "in_labels", "passed", "time_axis"]

# From samples (n_timesteps[, ...]) of NumPy or Dask to denoised ones; or to several such arrays.
Function = Callable[[Any], Any]
# Lazy samples are uneven where a step in time is so many times the mean.
HOLE = 1.5


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
    if hasattr(value, "map_over_datasets"):
        raise ValueError(
            "Got a tree of data sets. Denoise them one by one, as tree.map_over_datasets(function) "
            "does, with a function of one data set."
        )
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


def passed(times: RawArray) -> Array:
    """Return how much time has passed since the first sample, in either direction."""
    t = seconds_since_first(times)
    return -t if t[-1] < 0 else t


def check_even(t: Array, name: Any) -> None:
    """Warn where times are not even, of samples that are taken for it; raise if they do not rise.

    Parameters
    ----------
    t : ndarray of shape (n_timesteps,)
        Time that has passed.
    name : hashable
        Name of the dimension.
    """
    check_rising(t)
    if np.diff(t).max() > HOLE * np.diff(t).mean():
        warn(
            f"The coordinate {name!r} has holes, but samples are taken for evenly spaced. Put them "
            "on an even grid first, with reindex, or load the array.",
            DenoisingWarning,
        )


def _in_time(function: Function, by_time: Any) -> Any:
    """Apply a function to samples, time first, which a coordinate may tell to be uneven."""
    times = by_time.coords.get(by_time.dims[0])
    t = None
    if times is not None and times.dtype.kind in "fiuMm" and times.size > 2:
        t = passed(times.values)
    if by_time.chunks is None:
        grid = None if t is None else even_grid(t, t.size)
        if grid is None or grid.is_whole:
            return function(by_time.values)
        return on_even_grid(function, by_time.values, grid)
    if t is not None:
        check_even(t, by_time.dims[0])
    return function(by_time.data)


def _applied(function: Function, array: Any, time_dim: str | None, default: int | None) -> Any:
    """Apply a function to one array, which may be chunked."""
    by_time = array.transpose(array.dims[time_axis(array.dims, time_dim, default)], ...)
    result = _in_time(function, by_time)
    outs = [
        by_time.copy(data=samples).drop_encoding().transpose(*array.dims)
        for samples in (result if isinstance(result, tuple) else (result,))
    ]
    return tuple(outs) if isinstance(result, tuple) else outs[0]
