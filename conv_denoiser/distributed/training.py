"""Training on more signals than memory holds: some chunks of rows at a time, mixed anew."""

import warnings
from collections.abc import Iterator
from typing import Any

import dask
import dask.array as da
import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from conv_denoiser._checks.arrays import as_numbers, check_not_empty
from conv_denoiser._checks.elsewhere import stand_in
from conv_denoiser._checks.warn import warn
from conv_denoiser.denoiser.automatic import amount_of_training
from conv_denoiser.denoiser.plan import pace_of
from conv_denoiser.distributed.rows import aligned, in_whole_rows
from conv_denoiser.supervision.missing import NothingToLearnError
from conv_denoiser.training.history import report_end

__all__ = ["fit_lazily"]

# Values of X in memory at a time, unless one chunk has more.
AT_ONCE = 2**24


def fit_lazily(denoiser: Any, X: da.Array, y: Any, sample_weight: Any) -> Any:
    """Fit a denoiser to signals that are read while it learns.

    In each epoch, chunks of rows are drawn in random order, so many at a time as memory shall hold;
    their signals are shuffled together, and learned from once. What ends it early is raised when
    the denoiser has what was learned until then.
    """
    X, y = _checked(denoiser, X, y, sample_weight)
    pace = pace_of(denoiser, X.shape[2] if X.ndim == 3 else 1, with_target=y is not None)
    amount = amount_of_training(denoiser, X.shape[0], pace)
    rng = check_random_state(denoiser.random_state)
    learner = clone(denoiser).set_params(
        epochs=amount.epochs,
        batch_size=amount.batch_size,
        learning_rate=amount.learning_rate,
        validation_split=0,
    )
    epochs: list[list[int]] = []  # how many signals were learned from at a time, in each
    interruption = None
    try:
        while len(epochs) < amount.epochs:
            epochs.append(_learn_once(learner, X, y, rng))
    except (Exception, KeyboardInterrupt) as error:
        if not learner.__sklearn_is_fitted__():
            raise
        interruption = error
    given = learner.get_params(deep=False)
    learned = {name: value for name, value in vars(learner).items() if name not in given}
    denoiser.__dict__.update(learned, **_by_epoch(learner.history_, epochs))
    report_end(interruption, len(epochs), amount.epochs)
    if n_left_out := len(X) - sum(epochs[0]):
        warn(
            f"{n_left_out} of {len(X)} signals were left out, in chunks in which every signal is "
            "flat or misses every sample (NaN)."
        )
    return denoiser


def _learn_once(learner: Any, X: da.Array, y: Any, rng: np.random.RandomState) -> list[int]:
    """Learn from all signals; return of how many at a time, but for those with nothing to learn."""
    sizes = []
    nothing: Exception | None = None
    for chunks in _groups(X, rng):
        try:
            sizes.append(_learn(learner, X, y, chunks))
        except NothingToLearnError as error:
            nothing = error
    if nothing is not None and not sizes:
        raise nothing
    return sizes


def _learn(learner: Any, X: da.Array, y: Any, chunks: list[int]) -> int:
    """Learn from some chunks; return of how many signals they are."""
    signals = dask.compute(*(_rows(array, chunks) for array in (X, y) if array is not None))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Training was interrupted")
        learner.partial_fit(*signals)
    if isinstance(learner.supervision, str):  # as the first signals decided
        learner.set_params(supervision=learner.supervision_)
    return len(signals[0])


def _checked(denoiser: Any, X: da.Array, y: Any, sample_weight: Any) -> tuple[da.Array, Any]:
    """Return signals in chunks of whole rows; raise ValueError for what is not for lazy ones."""
    as_numbers(stand_in(X), "X")
    for name, given in (
        ("sample_weight", sample_weight is not None),
        ("early_stopping=True", denoiser.early_stopping is True),
        ("warm_start=True", denoiser.warm_start),
        ("checkpoint", denoiser.checkpoint is not None),
    ):
        if given:
            raise ValueError(
                f"{name} is for arrays in memory. Leave it out, or pass X.compute(), if memory "
                "holds it."
            )
    check_not_empty(X, "X")
    X = in_whole_rows(X)
    if y is not None and np.ndim(y) != 1:
        return X, aligned(y, X, "y")
    if y is not None and len(y) != len(X):
        raise ValueError(
            f"X has {len(X)} signals, but y has {len(y)} labels. Pass one label a signal, or "
            "clean signals of X's shape."
        )
    return X, None


def _groups(X: da.Array, rng: np.random.RandomState) -> Iterator[list[int]]:
    """Yield the numbers of chunks that are in memory together, in random order."""
    group: list[int] = []
    size = 0
    for number in rng.permutation(X.numblocks[0]).tolist():
        n_values = X.chunks[0][number] * X[0].size
        if n_values == 0:
            continue
        if group and size + n_values > AT_ONCE:
            yield group
            group, size = [], 0
        group.append(number)
        size += n_values
    yield group


def _rows(array: da.Array, chunks: list[int]) -> da.Array:
    return da.concatenate([array.blocks[number] for number in chunks])


def _by_epoch(history: dict[str, list[float]], epochs: list[list[int]]) -> dict[str, object]:
    """Return what was learned in whole epochs, and not in those over some chunks."""
    ends = np.cumsum([len(sizes) for sizes in epochs], dtype=int)
    per_epoch = {
        name: [
            float(np.average(values[end - len(sizes) : end], weights=sizes))
            for sizes, end in zip(epochs, ends, strict=True)
        ]
        for name, values in history.items()
    }
    return {"history_": per_epoch, "n_epochs_": len(epochs), "best_epoch_": None}
