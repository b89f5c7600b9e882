"""Training of Keras models through scikeras, and the seeds around it.

scikeras is composed here and imported nowhere else.
"""

from typing import Any

import numpy as np
from scikeras.wrappers import BaseWrapper

from conv_denoiser.networks.backend import keras, tf
from conv_denoiser.networks.tensorflow_process import no_warning_of_retracing
from conv_denoiser.supervision.batches import TrainingBatches
from conv_denoiser.training.callbacks import (
    DivergedError,
    EarlyStopping,
    Record,
    StopOnNaN,
    diverged,
)
from conv_denoiser.training.checkpoint import Saved, WriteCheckpoint
from conv_denoiser.training.compiling import restore_optimizer
from conv_denoiser.training.history import Schedule, Training

__all__ = [
    "train",
]


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
    record, stoppers = Record(), _early_stopping(schedule.patience, validation)
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
            *(record, StopOnNaN(), *stoppers, *schedule.callbacks),
            *_writing(schedule, record, stoppers),
        ],
    )
    first_epoch = schedule.initial_epoch + n_done
    weights, first_step = model.get_weights(), int(model.optimizer.iterations)
    interruption: BaseException | None = None
    source = [batches]
    try:
        with no_warning_of_retracing():
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
        if isinstance(error, DivergedError) or not (learned and _is_finite(model)):
            model.set_weights(weights)
            model.compiled = model.compiled and not learned
            raise
        interruption = error
    finally:
        # TensorFlow's graphs live on for a while, and must not keep the signals.
        source.clear()
        model._eval_epoch_iterator = None
    return Training(record.history(), interruption)


def _early_stopping(
    patience: int | None, validation: tuple[Any, ...] | None
) -> list[EarlyStopping]:
    if patience is None:
        return []
    monitor = "loss" if validation is None else "val_loss"
    return [EarlyStopping(monitor, patience=patience, mode="min", restore_best_weights=True)]


def _take_up(
    saved: Saved | None, model: keras.Model, record: Record, stoppers: list[EarlyStopping]
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
    schedule: Schedule, record: Record, stoppers: list[EarlyStopping]
) -> list[keras.callbacks.Callback]:
    """Return what writes checkpoints."""
    if schedule.checkpoint is None:
        return []
    stopper = stoppers[0] if stoppers else None
    return [WriteCheckpoint(schedule.checkpoint, schedule.seed, record.epochs, stopper)]


def _check_finite(model: keras.Model) -> None:
    """Raise where the last step, whose loss nobody saw, left numbers that are none."""
    if not _is_finite(model):
        raise diverged(model, "its last step left weights that are no finite numbers")


def _is_finite(model: keras.Model) -> bool:
    return all(np.isfinite(weights).all() for weights in model.get_weights())


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
