"""Training on more signals than memory holds: some chunks of rows at a time, mixed anew."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import dask
import dask.array as da
import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state
from tqdm.auto import tqdm

from conv_denoiser._checks.arrays import as_numbers, check_not_empty, check_not_infinite
from conv_denoiser._checks.elsewhere import stand_in
from conv_denoiser._checks.warn import warn
from conv_denoiser.denoiser.automatic import amount_of_training
from conv_denoiser.denoiser.estimator import ConvDenoiser
from conv_denoiser.denoiser.fitting import partially_fit
from conv_denoiser.denoiser.plan import pace_of
from conv_denoiser.distributed.rows import aligned, in_whole_rows
from conv_denoiser.supervision.missing import NothingToLearnError
from conv_denoiser.training.history import report_end

__all__ = ["fit_lazily"]

# Values of X in memory at a time, unless one chunk has more.
AT_ONCE = 2**24
# What nobody asked for.
NO_VALIDATION = (0, signature(ConvDenoiser).parameters["validation_split"].default)


def fit_lazily(denoiser: Any, X: da.Array, y: Any, sample_weight: Any, watcher: Any) -> None:
    """Fit a denoiser to signals that are read while it learns.

    In each epoch, chunks of rows are drawn in random order, so many at a time as memory shall hold;
    their signals are shuffled together, and learned from once. What ends it early is raised when
    the denoiser has what was learned until then. The watcher gets attributes of a fitted denoiser.
    """
    X, y = _checked(denoiser, X, y, sample_weight)
    course = Course(_learner(denoiser, X, y), X, y, check_random_state(denoiser.random_state))
    interruption = None
    try:
        course.run(watcher, verbose=int(denoiser.verbose))
    except (Exception, KeyboardInterrupt) as error:
        if not course.learner.__sklearn_is_fitted__():
            raise
        interruption = error
    vars(denoiser).pop("feature_names_in_", None)  # of a table that it learned from before
    vars(denoiser).update(course.learned())
    report_end(interruption, len(course.sizes), course.learner.epochs)
    if n_left_out := len(X) - sum(course.sizes[0]):
        warn(
            f"{n_left_out} of {len(X)} signals were left out, in chunks in which every signal is "
            "flat or misses every sample (NaN)."
        )


@dataclass
class Course:
    """The way of a learner through signals, epoch by epoch."""

    learner: Any  # of which `epochs` says how many there shall be
    X: da.Array
    y: da.Array | None
    rng: np.random.RandomState
    # Of how many signals it learned at a time, in each whole epoch.
    sizes: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._given = set(vars(self.learner))
        self._told: set[str] = set()

    def run(self, watcher: Any, verbose: int) -> None:
        """Learn, and tell of it, until the last epoch, or until the watcher says to stop."""
        n_epochs = self.learner.epochs
        total = n_epochs * len(self.X)
        with tqdm(total=total, desc="training", unit=" signals", disable=verbose != 1) as bar:
            while len(self.sizes) < n_epochs:
                if watcher is not None:
                    watcher.begins()
                self.sizes.append(self._epoch(bar))
                losses = {name: values[-1] for name, values in self.learned()["history_"].items()}
                bar.set_postfix(epoch=len(self.sizes), **losses)
                if verbose > 1:
                    told = "".join(f" - {name}: {value:.4g}" for name, value in losses.items())
                    print(f"Epoch {len(self.sizes)}/{n_epochs}{told}")
                if watcher is not None and watcher.ends(self.snapshot):
                    return

    def snapshot(self) -> dict[str, Any]:
        """Return attributes of a denoiser that has learned until now."""
        return {**self.learned(), "_network": self.learner._network.copy()}

    def learned(self) -> dict[str, Any]:
        """Return attributes of a fitted denoiser, with the history of whole epochs."""
        attributes = vars(self.learner).items()
        fitted = {name: value for name, value in attributes if name not in self._given}
        ends = np.cumsum([len(sizes) for sizes in self.sizes], dtype=int)
        history = {
            name: [
                float(np.average(values[end - len(sizes) : end], weights=sizes))
                for sizes, end in zip(self.sizes, ends, strict=True)
            ]
            for name, values in self.learner.history_.items()
        }
        n_epochs = len(self.sizes)
        return {**fitted, "history_": history, "n_epochs_": n_epochs, "best_epoch_": None}

    def _epoch(self, bar: Any) -> list[int]:
        """Learn from all signals; return of how many at a time, but for what teaches nothing."""
        sizes = []
        nothing: Exception | None = None
        for chunks in _groups(self.X, self.rng):
            n_signals = sum(self.X.chunks[0][number] for number in chunks)
            try:
                self._learn(chunks)
                sizes.append(n_signals)
            except NothingToLearnError as error:
                nothing = error
            bar.update(n_signals)
        if nothing is not None and not sizes:
            raise nothing
        return sizes

    def _learn(self, chunks: list[int]) -> None:
        """Learn from some chunks, and look at what came of it in the last epoch."""
        learner, numbers = self.learner, _numbers(self.X, chunks)
        arrays = {"X": self.X} if self.y is None else {"X": self.X, "y": self.y}
        (read,) = dask.compute({name: _rows(array, chunks) for name, array in arrays.items()})
        signals = {name: as_numbers(array, name) for name, array in read.items()}
        for name, array in signals.items():
            check_not_infinite(array, name, numbers)
        is_last = len(self.sizes) == learner.epochs - 1
        with self._telling_once(len(numbers)):
            partially_fit(learner, signals["X"], signals.get("y"), diagnosed=is_last)
        if isinstance(learner.supervision, str):  # as the first signals decided
            learner.set_params(supervision=learner.supervision_)
        if is_last and learner.diagnostics_ is not None:
            _tell_place(learner.diagnostics_, numbers)

    @contextmanager
    def _telling_once(self, n_signals: int) -> Iterator[None]:
        """Warn but once of what many of the signals read together have, whatever the numbers."""
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", UserWarning)
            warnings.filterwarnings("ignore", "Training was interrupted")
            yield
        for warning in said:
            kind = re.sub(r"[\d.]+", "", str(warning.message))
            if kind not in self._told:
                self._told.add(kind)
                text = f"Of {n_signals} signals read together: {warning.message}"
                warnings.warn_explicit(text, warning.category, warning.filename, warning.lineno)


def _learner(denoiser: Any, X: da.Array, y: da.Array | None) -> Any:
    """Return a new denoiser that learns chunk by chunk as fast as one does in memory."""
    pace = pace_of(denoiser, X.shape[2] if X.ndim == 3 else 1, with_target=y is not None)
    amount = amount_of_training(denoiser, X.shape[0], pace)
    return clone(denoiser).set_params(
        epochs=amount.epochs,
        batch_size=amount.batch_size,
        learning_rate=amount.learning_rate,
        validation_split=0,
        verbose=0,
    )


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
    if denoiser.validation_split not in NO_VALIDATION:
        warn(
            f"validation_split={denoiser.validation_split!r} is for arrays in memory: of Dask's, "
            "all signals are learned from. Leave out of X what is to be held out, and pass it to "
            "score."
        )
    if denoiser.callbacks:
        warn(
            "callbacks of Keras begin anew with each part of a Dask array that is read, so those "
            "that compare epochs, as EarlyStopping does, have no effect. Those of scikit-learn are "
            "told of whole epochs."
        )
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


def _numbers(X: da.Array, chunks: list[int]) -> NDArray[np.intp]:
    """Return the numbers of the rows of some chunks."""
    ends = np.cumsum(X.chunks[0])
    return np.concatenate([np.arange(ends[k] - X.chunks[0][k], ends[k]) for k in chunks])


def _tell_place(diagnostics: Any, numbers: NDArray[np.intp]) -> None:
    """Count the signal of an outlier in X, and not in what was read last."""
    place = diagnostics["largest_outlier_signal"]
    if place is not None:
        diagnostics["largest_outlier_signal"] = int(numbers[place])


def _rows(array: da.Array, chunks: list[int]) -> da.Array:
    return da.concatenate([array.blocks[number] for number in chunks])
