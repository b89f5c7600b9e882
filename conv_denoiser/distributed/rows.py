"""Rows of Dask arrays: what an estimator makes of signals, chunk by chunk."""

from collections.abc import Callable
from functools import partial
from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from conv_denoiser._checks.arrays import as_array
from conv_denoiser._checks.elsewhere import is_lazy
from conv_denoiser._checks.validation import check_weight
from conv_denoiser._typing import Array, RawArray
from conv_denoiser.distributed.models import Shipped
from conv_denoiser.metrics import snr_improvement_db
from conv_denoiser.metrics.arrays import averaged
from conv_denoiser.recording.offline import denoised_dtype

__all__ = ["aligned", "in_whole_rows", "map_rows", "score_rows"]


def map_rows(
    method: Callable[..., Any],
    estimator: Any,
    X: da.Array,
    *,
    reference: Any = None,
    return_std: bool = False,
) -> Any:
    """Return what a method makes of signals, lazily: each chunk of rows by itself.

    Parameters
    ----------
    method : callable
        The method of the class that maps arrays, from NumPy's to NumPy's of the same shape.
    estimator : estimator
        What it is a method of, as it is now.
    X : dask.array.Array of shape (n_signals, n_timesteps[, n_channels])
        Signals that were checked before.
    reference : array of X's shape, default=None
        Passed to the method under this name, chunk by chunk.
    return_std : bool, default=False
        Whether the method is told so, and returns two arrays.

    Returns
    -------
    dask.array.Array of X's shape, or two of them
        In chunks of whole rows.
    """
    rows = in_whole_rows(X)
    arrays = [rows] if reference is None else [rows, aligned(reference, rows, "reference")]
    shipped = Shipped.of(estimator)
    key = f"denoiser-{shipped.digest}"
    apply = partial(_apply, method, return_std)
    token = tokenize([array.name for array in arrays], shipped.digest, method, return_std)
    rest = (0,) * (X.ndim - 1)
    name = f"rows-{token}"
    tasks: dict[Any, Any] = {
        (name, row, *rest): (apply, key, *((array.name, row, *rest) for array in arrays))
        for row in range(rows.numblocks[0])
    }
    layers = HighLevelGraph.from_collections(name, {key: shipped} | tasks, dependencies=arrays)
    meta = np.empty((0,) * X.ndim, denoised_dtype(X.dtype))
    result = da.Array(layers, name, rows.chunks, meta=meta)
    if not return_std:
        return result
    return tuple(result.map_blocks(_picked, output, meta=meta) for output in range(2))


def score_rows(denoised: da.Array, X: da.Array, y: Any, sample_weight: Any) -> float:
    """Return the mean improvement of signals by denoising, of which some chunks are in memory.

    Raise ValueError where y does not hold clean signals.
    """
    if np.shape(y) != X.shape:
        found = "none" if y is None else f"y of shape {np.shape(y)}"
        raise ValueError(
            f"score of a Dask array needs clean signals y of its shape, {X.shape}. Got {found}. "
            "Without, score some signals in memory, as X[:1000].compute()."
        )
    weight = check_weight(sample_weight, np.empty(len(X)))
    noisy = in_whole_rows(X)
    gains = da.map_blocks(
        _gains,
        aligned(y, noisy, "y"),
        denoised,
        noisy,
        drop_axis=list(range(1, X.ndim)),
        meta=np.empty(0),
    ).compute()
    if np.isnan(gains).all():
        raise ValueError("There is nothing to compare: every sample is missing (NaN) in X or y.")
    score: float = averaged(gains[:, np.newaxis], weight, "joint", average=True)
    return score


def in_whole_rows(X: da.Array) -> da.Array:
    """Return signals in chunks of whole rows."""
    return X.rechunk(dict.fromkeys(range(1, X.ndim), -1))


def aligned(array: Any, X: da.Array, name: str) -> da.Array:
    """Return an array that belongs to X lazily, in chunks of the same rows."""
    if not is_lazy(array):
        array = da.from_array(as_array(array, name))
    if array.shape != X.shape:
        raise ValueError(f"{name} has shape {array.shape}, but X has shape {X.shape}.")
    return array.rechunk(X.chunks)


def _apply(
    method: Callable[..., Any],
    return_std: bool,
    shipped: Shipped,
    signals: RawArray,
    *reference: RawArray,
) -> Any:
    if not len(signals):  # which selecting rows may leave of a chunk
        nothing = signals.astype(denoised_dtype(signals.dtype))
        return (nothing, nothing) if return_std else nothing
    named: dict[str, Any] = dict(zip(("reference",), reference, strict=False))
    if return_std:
        named["return_std"] = True
    return method(shipped.open(), signals, **named)


def _picked(outputs: Any, output: int) -> Any:
    return outputs[output]


def _gains(clean: RawArray, denoised: Array, noisy: RawArray) -> Array:
    """Return the improvement of each signal; NaN where there is nothing to compare."""
    clean, noisy = as_array(clean, "y"), as_array(noisy, "X")
    if (np.isnan(clean) | np.isnan(noisy)).all():
        return np.full(len(clean), np.nan)
    gains: Array = snr_improvement_db(clean, denoised, noisy, average=False)
    return gains
