"""Training of Keras models through scikeras, and the seeds around it.

scikeras is composed here and imported nowhere else.
"""

import copy
import logging
import math
import random
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from scikeras.wrappers import BaseWrapper

from conv_denoiser._checkpoint import Checkpoint, Saved, WriteCheckpoint
from conv_denoiser._compile import restore_optimizer
from conv_denoiser._supervision import TrainingBatches

__all__ = [
    "History",
    "Schedule",
    "Training",
    "fresh_callbacks",
    "joined",
    "report_end",
    "seeded",
    "train",
]

History = dict[str, list[float]]
_SEEDS = threading.RLock()


class Schedule(NamedTuple):
    """How long to train, and what goes on meanwhile."""

    initial_epoch: int
    epochs: int
    patience: int | None
    callbacks: Sequence[keras.callbacks.Callback]
    verbose: int
    checkpoint: Checkpoint | None = None
    saved: Saved | None = None  # of an interrupted training, that is to go on
    seed: int = 0


class Training(NamedTuple):
    """What came of a training: its history, and what ended it early."""

    history: History
    interruption: BaseException | None


class _DivergedError(ValueError):
    """A loss or a weight is no finite number any more."""


class _Wrapper(BaseWrapper):
    """scikeras' wrapper, fed with batches where it expects arrays of scikit-learn's shapes."""

    def _validate_data(
        self, X: Any = None, y: Any = None, reset: bool = False, y_numeric: bool = False
    ) -> tuple[Any, Any]:
        return X, y

    def _check_model_compatibility(self, y: Any) -> None:
        """Leave out checks of labels and numbers of outputs."""

    @property
    def feature_encoder(self) -> Any:
        return _Identity()

    target_encoder = feature_encoder


class _Identity:
    def fit(self, X: Any) -> "_Identity":
        return self

    def transform(self, X: Any) -> Any:
        return X


class _Record(keras.callbacks.Callback):
    """Remember each epoch's logs, and what later callbacks add to them.

    Unlike Keras' own history, it comes before the callbacks that may raise.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[dict[str, float]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epochs.append({} if logs is None else logs)

    def history(self) -> History:
        """Return the values of each name; NaN where an epoch has none."""
        names = {name: None for logs in self.epochs for name in logs}
        return {name: [float(logs.get(name, math.nan)) for logs in self.epochs] for name in names}


class _StopOnNaN(keras.callbacks.Callback):
    """Raise where a loss is no number any more, before epochs are wasted."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        for name, loss in (logs or {}).items():
            if name in ("loss", "val_loss") and not np.isfinite(loss):
                raise _diverged(self.model, f"{name} became {loss} in epoch {epoch + 1}")


def _diverged(model: keras.Model, what: str) -> _DivergedError:
    rate = float(model.optimizer.learning_rate)
    return _DivergedError(
        f"The training diverged: {what}. Try a smaller learning_rate (now {rate:g}), or a scaler "
        "if scaler=None."
    )


def train(
    model: keras.Model,
    batches: TrainingBatches,
    validation: tuple[Any, ...] | None,
    schedule: Schedule,
) -> Training:
    """Train a compiled model in place.

    With `patience`, the weights of the best epoch are put back at the end. Ctrl-C, or an error in
    a callback or a noise model, ends training; what was learned until then stays in the model. An
    error before the first step is raised and leaves the model as it was. So does a loss or weight
    that is no number, but the optimizer's state is lost.
    """
    record, stoppers = _Record(), _early_stopping(schedule.patience, validation)
    saved = schedule.saved
    n_done, stopped = _take_up(saved, model, record, stoppers)
    if saved is not None and (stopped or n_done == schedule.epochs):
        model.set_weights(saved.best or saved.weights)
        return Training(record.history(), None)
    wrapper = _Wrapper(
        model,
        epochs=schedule.epochs - n_done,
        shuffle=False,  # the batches are shuffled already
        verbose=schedule.verbose,
        callbacks=[
            *(record, _StopOnNaN(), *stoppers, *schedule.callbacks),
            *_writing(schedule, record, stoppers),
        ],
    )
    first_epoch = schedule.initial_epoch + n_done
    weights, first_step = model.get_weights(), int(model.optimizer.iterations)
    interruption: BaseException | None = None
    source = [batches]
    try:
        with _no_warning_of_retracing():
            wrapper.fit(
                _as_dataset(source, first_epoch, schedule.epochs - n_done),
                None,
                initial_epoch=first_epoch,
                steps_per_epoch=batches.n_batches,
                validation_data=validation,
                validation_batch_size=batches.batch_size,
                batch_size=None,
            )
        _check_finite(model)
    except (Exception, KeyboardInterrupt) as error:
        learned = int(model.optimizer.iterations) > first_step
        for stopper in stoppers:
            if learned and stopper.best_weights is not None:
                model.set_weights(stopper.best_weights)
        if isinstance(error, _DivergedError) or not (learned and _is_finite(model)):
            model.set_weights(weights)
            model.compiled = model.compiled and not learned
            raise
        interruption = error
    finally:
        # TensorFlow's graphs live on for a while, and must not keep the signals.
        source.clear()
        model._eval_epoch_iterator = None
    return Training(record.history(), interruption)


class _EarlyStopping(keras.callbacks.EarlyStopping):
    """Early stopping that can go on where another process left it."""

    taken_up: dict[str, Any] | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        super().on_train_begin(logs)
        self.__dict__.update(self.taken_up or {})

    def state(self) -> dict[str, Any]:
        """Return what it remembers, but for the weights."""
        best = None if self.best is None else float(self.best)
        return {"best": best, "best_epoch": self.best_epoch, "wait": self.wait}


def _early_stopping(
    patience: int | None, validation: tuple[Any, ...] | None
) -> list[_EarlyStopping]:
    if patience is None:
        return []
    monitor = "loss" if validation is None else "val_loss"
    return [_EarlyStopping(monitor, patience=patience, mode="min", restore_best_weights=True)]


def _take_up(
    saved: Saved | None, model: keras.Model, record: _Record, stoppers: list[_EarlyStopping]
) -> tuple[int, bool]:
    """Put all back as it was; return the number of epochs done, and whether it had stopped."""
    if saved is None:
        return 0, False
    model.set_weights(saved.weights)
    restore_optimizer(model, saved.optimizer)
    record.epochs = list(saved.epochs)
    for stopper in stoppers:
        stopper.taken_up = {**(saved.stopper or {}), "best_weights": saved.best or None}
    return len(saved.epochs), saved.stopped


def _writing(
    schedule: Schedule, record: _Record, stoppers: list[_EarlyStopping]
) -> list[keras.callbacks.Callback]:
    """Return what writes checkpoints."""
    if schedule.checkpoint is None:
        return []
    stopper = stoppers[0] if stoppers else None
    return [WriteCheckpoint(schedule.checkpoint, schedule.seed, record.epochs, stopper)]


def _check_finite(model: keras.Model) -> None:
    """Raise where the last step, whose loss nobody saw, left numbers that are none."""
    if not _is_finite(model):
        raise _diverged(model, "its last step left weights that are no finite numbers")


def _is_finite(model: keras.Model) -> bool:
    return all(np.isfinite(weights).all() for weights in model.get_weights())


def report_end(training: Training, epochs: int) -> None:
    """Raise what ended a training early; of Ctrl-C, say before what is kept."""
    if training.interruption is None:
        return
    try:
        if isinstance(training.interruption, KeyboardInterrupt):
            n_epochs = len(training.history.get("loss", []))
            warnings.warn(
                f"Training was interrupted after {n_epochs} of {epochs} epochs; the model is "
                "fitted with what it learned until then.",
                UserWarning,
                stacklevel=4,
            )
    finally:  # also where warnings are errors
        raise training.interruption


def joined(first: History, second: History) -> History:
    """Join two histories; NaN stands for what one of them did not record."""
    lengths = [len(history.get("loss", [])) for history in (first, second)]
    return {
        name: [
            *first.get(name, [math.nan] * lengths[0]),
            *second.get(name, [math.nan] * lengths[1]),
        ]
        for name in {"loss": None, **first, **second}
    }


def _as_dataset(source: list[TrainingBatches], initial_epoch: int, epochs: int) -> tf.data.Dataset:
    """Feed batches to Keras, drawing the next one while the network learns from the last.

    A `keras.utils.PyDataset` would do the same, but runs through `Dataset.from_generator`, with
    which a training step was measured to take twice as long.
    """
    (batches,) = source
    first, n_batches = batches[0], batches.n_batches
    types = [array.dtype for array in first]
    del batches

    @tf.autograph.experimental.do_not_convert
    def draw(number: tf.Tensor) -> tuple[tf.Tensor, ...]:
        tensors = tf.numpy_function(lambda n: source[0][n], [number], types)
        for tensor, array in zip(tensors, first, strict=True):
            tensor.set_shape((None, *array.shape[1:]))
        return tuple(tensors)

    start = initial_epoch * n_batches
    numbers = tf.data.Dataset.range(start, start + epochs * n_batches)
    return numbers.map(draw).prefetch(2)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed what Keras draws initial weights and dropout from; put all back afterwards.

    Layers without a seed of their own take one from Python's `random`. TensorFlow's generators and
    its determinism setting are not touched. As these states belong to the whole process, threads
    wait for each other.
    """
    with _SEEDS:
        python_state, numpy_state = random.getstate(), np.random.get_state()
        random.seed(seed)
        np.random.seed(seed)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)


@contextmanager
def _no_warning_of_retracing() -> Iterator[None]:
    """Keep back what TensorFlow says of a search: that function after function is traced.

    Every new network has a training step of its own, which is traced once.
    """

    def is_other(record: logging.LogRecord) -> bool:
        return "tf.function retracing" not in record.getMessage()

    logger = tf.get_logger()
    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


def fresh_callbacks(callbacks: Sequence[Any] | None) -> list[keras.callbacks.Callback]:
    """Make the callbacks of one fit."""
    return [_fresh_callback(callback) for callback in callbacks or ()]


def _fresh_callback(callback: Any) -> keras.callbacks.Callback:
    """Make the callback of one fit from a class, a factory or an instance."""
    if isinstance(callback, keras.callbacks.Callback):
        return copy.deepcopy(callback)
    made = callback() if callable(callback) else None
    if not isinstance(made, keras.callbacks.Callback):
        raise TypeError(
            "callbacks must be a list of Keras callbacks, classes of them, or functions that "
            f"return one. Got {callback!r}."
        )
    return made
