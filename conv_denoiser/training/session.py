"""From a plan and checked signals to a trained network."""

import dataclasses

import numpy as np

from conv_denoiser._checks.warn import warn
from conv_denoiser._typing import Array
from conv_denoiser.networks.backend import keras
from conv_denoiser.networks.geometry import padded_length
from conv_denoiser.networks.network import Network
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.networks.tensorflow_process import known_settings, start_tensorflow
from conv_denoiser.supervision.batches import TrainingBatches, cross_entropy_floor, split
from conv_denoiser.supervision.checks import check_problem
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.supervision.task import Problem, why_weighted
from conv_denoiser.training import checkpoint as checkpoints
from conv_denoiser.training.callbacks import fresh_callbacks
from conv_denoiser.training.compiling import compile_model, restore_optimizer
from conv_denoiser.training.history import Training, joined
from conv_denoiser.training.loop import Schedule, fit_model
from conv_denoiser.training.losses import check_loss_by_point
from conv_denoiser.training.plan import History, Learned, Trained, TrainingPlan, Watcher

__all__ = ["train"]


def train(
    plan: TrainingPlan,
    signals: Signals,
    previous: Learned | None,
    watcher: Watcher | None = None,
) -> Trained:
    """Build a network, or go on with the previous one, and train it."""
    start_tensorflow()
    file, saved = checkpoints.opened(plan, signals, previous)
    seed = plan.seed if saved is None else saved.seed
    before = {"loss": []} if previous is None else previous.history
    schedule = Schedule(
        initial_epoch=len(before["loss"]),
        epochs=plan.epochs,
        patience=plan.patience,
        callbacks=fresh_callbacks(plan.callbacks),
        verbose=plan.verbose,
        checkpoint=file,
        saved=saved,
        seed=seed,
        watcher=watcher,
    )
    with known_settings():
        network = _network(plan, signals, previous, seed)
        batches, validation, floor = _batches(plan, signals, network.length, seed)

        def snapshot(history: History) -> Trained:
            return _trained(plan, network.copy(), floor, before, Training(history, None))

        schedule = schedule._replace(snapshot=snapshot)
        training = _fit(network.model, plan, previous, batches, validation, schedule)
    if file is not None and training.interruption is None:
        file.remove()
    return _trained(plan, network, floor, before, training)


def _trained(
    plan: TrainingPlan, network: Network, floor: float | None, before: History, training: Training
) -> Trained:
    return Trained(
        plan,
        network,
        floor,
        history=joined(before, training.history),
        n_epochs=len(training.history.get("loss", [])),
        n_steps=training.n_steps,
        best_epoch=_best_epoch(training.history, len(before["loss"])),
        interruption=training.interruption,
    )


def _batches(
    plan: TrainingPlan, signals: Signals, length: int, seed: int
) -> tuple[TrainingBatches, tuple[Array, ...] | None, float | None]:
    """Return what to train and to validate on, and the lowest loss that can be reached."""
    problem = plan.problem._replace(length=length)
    warn(check_problem(problem, signals.weighted()))
    _check_loss(plan, problem, signals)
    batches, validation = split(signals, problem, plan.rows, batch_size=plan.batch_size, seed=seed)
    targets = batches.epoch(0) if validation is None else [validation]
    return batches, validation, cross_entropy_floor(targets, problem)


def _fit(
    model: keras.Model,
    plan: TrainingPlan,
    previous: Learned | None,
    batches: TrainingBatches,
    validation: tuple[Array, ...] | None,
    schedule: Schedule,
) -> Training:
    """Compile a model, if it must be, and train it."""
    compiled_anew = _get_ready(model, plan, previous)
    try:
        return fit_model(model, batches, validation, schedule)
    except BaseException:
        if compiled_anew:  # with what nobody remembers
            model.compiled = False
        raise


def _network(plan: TrainingPlan, signals: Signals, previous: Learned | None, seed: int) -> Network:
    """Return the network to train: a new one, or the previous one."""
    if previous is not None:
        _check_same_network(previous.network.spec, plan.spec)
    model = plan.spec.build(seed) if previous is None else previous.network.model
    if previous is None and plan.initial_weights is not None:
        # What they lack, as those of a variance, comes last and begins anew.
        n_given = len(plan.initial_weights)
        model.set_weights([*plan.initial_weights, *model.get_weights()[n_given:]])
    length = padded_length(model, signals.X.shape[1], plan.spec)
    if previous is not None:
        return previous.network.adapted(plan.problem.scaling, length)
    return Network(plan.spec, plan.problem.scaling, length, model=model)


def _check_same_network(before: NetworkSpec, now: NetworkSpec) -> None:
    names = [field.name for field in dataclasses.fields(now)]
    changed = [name for name in names if getattr(now, name) != getattr(before, name)]
    if not changed:
        return
    changes = ", ".join(
        f"{name} from {getattr(before, name)!r} to {getattr(now, name)!r}" for name in changed
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


def _check_loss(plan: TrainingPlan, problem: Problem, signals: Signals) -> None:
    """Check that a loss can be weighted by point where it must be."""
    reason = why_weighted(problem, signals)
    if reason is not None:
        loss = plan.compile_options.loss
        check_loss_by_point(loss, problem.length, signals.X.shape[2], reason)


def _get_ready(model: keras.Model, plan: TrainingPlan, previous: Learned | None) -> bool:
    """Compile a model, unless it goes on with the optimizer that it has; return whether it was."""
    options = plan.compile_options
    if previous is None or options != previous.compile_options:
        compile_model(model, options)
        return True
    if model.compiled:
        return False
    compile_model(model, options)
    if previous.optimizer is not None:
        restore_optimizer(model, previous.optimizer)
    return True


def _best_epoch(history: History, n_before: int) -> int | None:
    """Return the number, from 1 over all fits, of the best epoch of the last one."""
    losses = history.get("val_loss", history.get("loss"))
    return n_before + int(np.argmin(losses)) + 1 if losses else None
