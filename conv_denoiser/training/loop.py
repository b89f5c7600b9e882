"""Training a compiled Keras model, and what is kept of it when it ends early."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from conv_denoiser._typing import Array
from conv_denoiser.networks.backend import keras
from conv_denoiser.networks.tensorflow_process import (
    forget_validation,
    quiet_training,
)
from conv_denoiser.supervision.batches import TrainingBatches
from conv_denoiser.training.callbacks import (
    DivergedError,
    EarlyStopping,
    ProgressBar,
    Record,
    StopOnNaN,
    Watch,
    diverged,
)
from conv_denoiser.training.checkpoint import Checkpoint, Saved, WriteCheckpoint
from conv_denoiser.training.compiling import restore_optimizer
from conv_denoiser.training.feed import BatchFeed
from conv_denoiser.training.history import Training
from conv_denoiser.training.plan import History, Trained, Watcher
from conv_denoiser.training.replicas import Replicas, n_steps
from conv_denoiser.training.wrapper import run_epochs

__all__ = ["Schedule", "fit_model"]


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
    watcher: Watcher | None = None
    snapshot: Callable[[History], Trained] | None = None  # for the watcher


def fit_model(
    model: keras.Model,
    batches: TrainingBatches,
    validation: tuple[Array, ...] | None,
    schedule: Schedule,
) -> Training:
    """Train a compiled model in place.

    With `patience`, the weights of the best epoch are put back at the end. Ctrl-C, or an error in
    a callback or a noise model, ends training; what was learned until then stays in the model. An
    error before the first step is raised and leaves the model as it was. So does a loss or weight
    that is not finite, but the optimizer's state is lost.
    """
    record, stoppers = Record(), _early_stopping(schedule.patience, validation)
    saved = schedule.saved
    n_done, stopped = _take_up(saved, model, record, stoppers)
    if saved is not None and (stopped or n_done == schedule.epochs):
        model.set_weights(saved.best or saved.weights)
        return Training(record.history(), None, n_steps(model))
    weights, first_step = model.get_weights(), n_steps(model)
    feed, replicas = BatchFeed(batches), Replicas.of(model)
    initial_epoch, n_epochs = schedule.initial_epoch + n_done, schedule.epochs - n_done
    interruption = None
    bars = [ProgressBar(n_epochs, batches.n_batches)] if schedule.verbose == 1 else []
    try:
        with quiet_training():
            run_epochs(
                model,
                replicas.evened(feed.dataset(initial_epoch, n_epochs)),
                initial_epoch=initial_epoch,
                n_epochs=n_epochs,
                n_batches=batches.n_batches,
                batch_size=replicas.multiple(batches.batch_size),
                validation=replicas.evened_arrays(validation),
                callbacks=[*_callbacks(schedule, record, stoppers), *bars],
                verbose=0 if bars else schedule.verbose,
            )
        _check_finite(model)
    except (Exception, KeyboardInterrupt) as error:
        _keep_what_was_learned(model, weights, first_step, stoppers, error)
        interruption = error
    finally:
        for bar in bars:
            bar.bar.close()
        feed.close()
        forget_validation(model)
    return Training(record.history(), interruption, n_steps(model))


def _keep_what_was_learned(
    model: keras.Model,
    weights: Sequence[Array],
    first_step: int,
    stoppers: Sequence[EarlyStopping],
    error: BaseException,
) -> None:
    """Settle the weights of a training that ended early, or put all back and raise `error`."""
    learned = n_steps(model) > first_step
    for stopper in stoppers:
        if learned and stopper.best_weights is not None:
            model.set_weights(stopper.best_weights)
    if isinstance(error, DivergedError) or not (learned and _is_finite(model)):
        model.set_weights(weights)
        model.compiled = model.compiled and not learned
        raise error


def _callbacks(
    schedule: Schedule, record: Record, stoppers: Sequence[EarlyStopping]
) -> list[keras.callbacks.Callback]:
    """Return all callbacks, in the order in which they must be called."""
    return [
        *(record, StopOnNaN(), *stoppers, *schedule.callbacks),
        *_watching(schedule, record),
        *_writing(schedule, record, stoppers),
    ]


def _early_stopping(
    patience: int | None, validation: tuple[Array, ...] | None
) -> list[EarlyStopping]:
    if patience is None:
        return []
    monitor = "loss" if validation is None else "val_loss"
    return [EarlyStopping(monitor, patience=patience, mode="min", restore_best_weights=True)]


def _take_up(
    saved: Saved | None, model: keras.Model, record: Record, stoppers: Sequence[EarlyStopping]
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


def _watching(schedule: Schedule, record: Record) -> list[keras.callbacks.Callback]:
    if schedule.watcher is None or schedule.snapshot is None:
        return []
    return [Watch(schedule.watcher, schedule.snapshot, record)]


def _writing(
    schedule: Schedule, record: Record, stoppers: Sequence[EarlyStopping]
) -> list[keras.callbacks.Callback]:
    """Return what writes checkpoints."""
    if schedule.checkpoint is None:
        return []
    stopper = stoppers[0] if stoppers else None
    return [WriteCheckpoint(schedule.checkpoint, schedule.seed, record.epochs, stopper)]


def _check_finite(model: keras.Model) -> None:
    """Raise where the last step, whose loss nobody saw, left NaN or infinity."""
    if not _is_finite(model):
        raise diverged(model, "its last step left weights that are not finite")


def _is_finite(model: keras.Model) -> bool:
    return all(np.isfinite(weights).all() for weights in model.get_weights())
