"""From a denoiser's parameters and checked signals to a trained network."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from conv_denoiser._checks.warn import warn
from conv_denoiser.denoiser import defaults, plan
from conv_denoiser.networks.backend import keras
from conv_denoiser.networks.builders import build_network
from conv_denoiser.networks.geometry import padded_length
from conv_denoiser.networks.tensorflow_process import check_not_forked, release_old_networks, seeded
from conv_denoiser.supervision.batches import cross_entropy_floor, split
from conv_denoiser.supervision.checks import check_problem
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.supervision.task import Problem, why_weighted
from conv_denoiser.training import checkpoint as checkpoints
from conv_denoiser.training import compiling, loop
from conv_denoiser.training.callbacks import fresh_callbacks
from conv_denoiser.training.history import History, Schedule, Training, joined

__all__ = ["Trained", "train_denoiser"]


class Trained(NamedTuple):
    """A trained network, and how it came about."""

    model: keras.Model
    network: dict[str, Any]
    compiled_with: dict[str, Any]
    problem: Problem
    loss_floor: float | None
    training: Training
    history: History
    best_epoch: int | None


def train_denoiser(
    denoiser: Any,
    signals: Signals,
    *,
    resume: bool,
    epochs: int,
    validation_split: Any,
    checkpoint: Any,
) -> Trained:
    """Build a network, or with `resume` take up the denoiser's, and train it."""
    check_not_forked()
    rows = plan.split_rows(validation_split, signals)
    seed = int(check_random_state(denoiser.random_state).randint(np.iinfo(np.int32).max))
    file, saved = checkpoints.opened(checkpoint, denoiser, signals, rows, resume=resume)
    seed = seed if saved is None else saved.seed
    cross_entropy = compiling.is_cross_entropy(defaults.chosen(denoiser, "loss"))
    n_timesteps, n_channels = signals.X.shape[1:]
    problem = plan.problem(
        denoiser,
        with_target=signals.y is not None,
        cross_entropy=cross_entropy,
        length=n_timesteps,
    )
    network = plan.network_options(denoiser, n_channels, problem)
    compiled_with = plan.training_options(denoiser)
    callbacks = fresh_callbacks(denoiser.callbacks)
    if resume:
        _check_same_network(denoiser, network)
    else:
        release_old_networks()
    with seeded(seed):
        model = denoiser.model_ if resume else build_network(**network)
    problem = problem._replace(length=padded_length(model, n_timesteps, n_channels))
    warn(check_problem(problem, signals.weighted()))
    _check_loss(compiled_with["loss"], problem, signals)
    train, validation = split(
        signals, problem, rows, batch_size=defaults.chosen(denoiser, "batch_size"), seed=seed
    )
    targets = train.epoch(0) if validation is None else [validation]
    floor = cross_entropy_floor(targets, problem)
    before = denoiser.history_ if resume else {"loss": []}
    schedule = Schedule(
        initial_epoch=len(before["loss"]),
        epochs=epochs,
        patience=defaults.chosen(denoiser, "patience") if denoiser.early_stopping else None,
        callbacks=callbacks,
        verbose=defaults.chosen(denoiser, "verbose"),
        checkpoint=file,
        saved=saved,
        seed=seed,
    )
    same = resume and model.compiled and compiled_with == denoiser._compiled_with
    training = _train(model, None if same else compiled_with, train, validation, schedule)
    if file is not None and training.interruption is None:
        file.remove()
    history = joined(before, training.history)
    best = _best_epoch(training.history, len(before["loss"]))
    return Trained(model, network, compiled_with, problem, floor, training, history, best)


def _train(model: keras.Model, compile_with: dict[str, Any] | None, *arguments: Any) -> Training:
    """Compile a model, where it is not as it must be, and train it."""
    if compile_with is None:
        return loop.train(model, *arguments)
    compiling.compile_model(model, **compile_with)
    try:
        return loop.train(model, *arguments)
    except BaseException:
        model.compiled = False  # what it was compiled with is not remembered
        raise


def _best_epoch(history: History, n_before: int) -> int | None:
    """Return the number, from 1 over all fits, of the best epoch of the last one."""
    losses = history.get("val_loss", history.get("loss"))
    return n_before + int(np.argmin(losses)) + 1 if losses else None


def _check_same_network(denoiser: Any, network: dict[str, Any]) -> None:
    before = denoiser._network
    changed = [name for name in network if network[name] != before[name]]
    if changed:
        changes = ", ".join(
            f"{name} from {before[name]!r} to {network[name]!r}" for name in changed
        )
        hint = (
            " (the output of a 'unet' is the noise, but with supervision='blind_spot' the signal)"
            if "predicts_noise" in changed
            else ""
        )
        raise ValueError(
            "warm_start=True and partial_fit go on with the network fitted before, but its options "
            f"changed: {changes}{hint}. Call fit with warm_start=False first."
        )


def _check_loss(loss: Any, problem: Problem, signals: Signals) -> None:
    """Check that a loss can be weighted by point where it must be."""
    reason = why_weighted(problem, signals)
    if reason is None:
        return
    compiling.check_loss_by_point(loss, problem.length, signals.X.shape[2], reason)
