"""What people hold signals in besides arrays: tables of one signal a cell, data yet to be fetched.

Libraries are recognised by what their objects offer, so that none is imported.
"""

from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._typing import Array, RawArray

__all__ = ["objects_as_numbers", "refuse_unlike", "stacked_cells"]


def refuse_unlike(value: object, name: str) -> None:
    """Raise TypeError, with the line that helps, for what holds signals but is not an array."""
    if type(value) is np.ndarray:  # most are, and a loop over single signals need not wait
        return
    kind = type(value).__name__
    if hasattr(value, "tocsr"):
        raise TypeError(f"{name} is sparse ({kind}). Pass {name}.toarray().")
    if hasattr(value, "noisy") and hasattr(value, "clean"):
        advice = "Pass its parts, as in fit(dataset.noisy, dataset.clean)"
    elif kind == "LazyFrame":
        advice = f"Compute it first: {name}.collect()"
    elif hasattr(value, "as_numpy_iterator") or hasattr(value, "__next__"):
        advice = (
            "Gather what it yields in arrays (n_signals, n_timesteps), or call partial_fit with "
            "the arrays of each batch"
        )
    elif isinstance(value, (dict, set, frozenset)):
        advice = "Pass an array of shape (n_signals, n_timesteps[, n_channels])"
    else:
        return
    raise TypeError(f"{name} is a {kind}, which is not an array of signals. {advice}.")


def stacked_cells(array: RawArray, name: str) -> RawArray:
    """Stack the signals of a column whose cells hold one each; return other arrays as they are."""
    column = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if column.size == 0 or not all(_is_signal(cell) for cell in column.flat):
        return array
    if column.ndim != 1:
        raise ValueError(
            f"{name} has {column.shape[1]} columns of signals. Pass one of them; channels that "
            "belong together are stacked first, as in numpy.stack([...], axis=-1)."
        )
    signals = [np.asarray(cell) for cell in column]
    lengths = [len(signal) for signal in signals]
    if min(lengths) != max(lengths):
        raise ValueError(
            f"{name} holds signals of {min(lengths)} to {max(lengths)} timesteps. Signals must "
            "have one length: pad or cut them first."
        )
    return np.stack(signals)


def _is_signal(cell: object) -> TypeGuard[Array]:
    """Whether a cell holds many numbers: an array, a list or a Series."""
    return isinstance(cell, (list, tuple)) or (hasattr(cell, "__array__") and np.ndim(cell) > 0)


def objects_as_numbers(array: RawArray, name: str) -> NDArray[np.float64]:
    """Convert Python objects, None and `pandas.NA` to NaN; raise for what is not a number."""
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        missing = np.array(
            [cell is None or type(cell).__name__ == "NAType" for cell in array.flat], dtype=bool
        )
        if missing.any():
            filled = np.where(missing.reshape(array.shape), np.nan, array)
            return objects_as_numbers(filled, name)
        # A dict in a cell is a TypeError in scikit-learn's checks, text is a ValueError.
        raise type(error)(
            f"{name} holds something other than numbers ({error}). Leave out columns of text, and "
            "pad or cut signals to one length."
        ) from error
