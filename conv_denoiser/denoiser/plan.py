"""What a fit was asked for, resolved from parameters and data."""

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state

from conv_denoiser._checks.numbers import check_count
from conv_denoiser.denoiser.defaults import chosen
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.noise import as_noise_model
from conv_denoiser.preprocessing import MinMaxPerSample, PerSampleScaler
from conv_denoiser.supervision.base import Supervision
from conv_denoiser.supervision.batches import Rows
from conv_denoiser.supervision.blind_spot import BlindSpot
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.supervision.task import Paired, Problem, Synthetic
from conv_denoiser.training.plan import CheckpointRequest, CompileOptions, TrainingPlan

if TYPE_CHECKING:
    from conv_denoiser.denoiser.estimator import ConvDenoiser

__all__ = ["compile_options", "hiding", "may_need_target", "plan_fit", "plan_partial_fit"]


def plan_fit(denoiser: "ConvDenoiser", signals: Signals) -> TrainingPlan:
    """Plan what `fit` does."""
    checkpoint = None
    if denoiser.checkpoint is not None:
        parameters = denoiser.get_params(deep=False)
        checkpoint = CheckpointRequest(denoiser.checkpoint, parameters)
    return _plan(
        denoiser, signals, chosen(denoiser, "epochs"), denoiser.validation_split, checkpoint
    )


def plan_partial_fit(denoiser: "ConvDenoiser", signals: Signals) -> TrainingPlan:
    """Plan what `partial_fit` does: one epoch, without validation."""
    return _plan(denoiser, signals, 1, 0, None)


def _plan(
    denoiser: "ConvDenoiser",
    signals: Signals,
    epochs: int,
    validation_split: Any,
    checkpoint: CheckpointRequest | None,
) -> TrainingPlan:
    from conv_denoiser.training.compiling import is_cross_entropy

    rows = _split_rows(validation_split, signals)
    seed = int(check_random_state(denoiser.random_state).randint(np.iinfo(np.int32).max))
    options = compile_options(denoiser)
    n_timesteps, n_channels = signals.X.shape[1:]
    cross_entropy = is_cross_entropy(options.loss)
    problem = Problem(
        supervision=_supervision(denoiser, signals.y is not None),
        scaler=_scaler(denoiser, cross_entropy),
        cross_entropy=cross_entropy,
        length=n_timesteps,
    )
    return TrainingPlan(
        spec=_network_spec(denoiser, n_channels, problem),
        problem=problem,
        compile_options=options,
        rows=rows,
        batch_size=chosen(denoiser, "batch_size"),
        epochs=epochs,
        patience=chosen(denoiser, "patience") if denoiser.early_stopping else None,
        callbacks=denoiser.callbacks,
        verbose=chosen(denoiser, "verbose"),
        seed=seed,
        checkpoint=checkpoint,
    )


def compile_options(denoiser: "ConvDenoiser") -> CompileOptions:
    """Return what a network is compiled with."""
    return CompileOptions(chosen(denoiser, "loss"), denoiser.optimizer, denoiser.learning_rate)


def _scaler(denoiser: "ConvDenoiser", cross_entropy: bool) -> PerSampleScaler | None:
    """Return a fresh scaler whose parameters were checked."""
    if denoiser.scaler == "auto" and callable(denoiser.architecture) and cross_entropy:
        return MinMaxPerSample()
    scaler = clone(chosen(denoiser, "scaler"), safe=False)
    if scaler is not None:
        scaler.check_parameters()
    return scaler


def _supervision(denoiser: "ConvDenoiser", with_target: bool) -> Supervision:
    """Return how to learn from the data, or raise where data is missing."""
    noise = as_noise_model(denoiser.noise)
    name = denoiser.supervision
    if name == "auto":
        without_target = "blind_spot" if noise is None else "synthetic"
        name = "paired" if with_target else without_target
    if name == "paired":
        if not with_target:
            raise ValueError(
                "supervision='paired' needs clean signals y of X's shape, and got none (labels do "
                "not count). Pass y, or choose supervision='blind_spot' (X noisy) or 'synthetic' "
                "(X clean, noise=...)."
            )
        return Paired()
    if name == "synthetic":
        if noise is None:
            raise ValueError(
                "supervision='synthetic' adds noise to clean X and needs a noise model, for "
                "example noise=0.05 or noise=GaussianNoise(snr_db=(0, 12)). Got noise=None."
            )
        return Synthetic(noise)
    return hiding(denoiser)


def may_need_target(denoiser: "ConvDenoiser") -> bool:
    """Whether y can hold clean signals to learn from."""
    supervision = denoiser.supervision
    return isinstance(supervision, str) and supervision in ("auto", "paired")


def hiding(denoiser: "ConvDenoiser") -> BlindSpot:
    """Return how points are hidden in training and in scoring without clean signals."""
    supervision = denoiser.supervision
    return supervision if isinstance(supervision, BlindSpot) else BlindSpot()


def _network_spec(denoiser: "ConvDenoiser", n_channels: int, problem: Problem) -> NetworkSpec:
    filters = chosen(denoiser, "filters")
    try:
        counts = tuple(check_count("filters", n) for n in filters)
    except ValueError:
        counts = ()
    if not counts:
        raise ValueError(f"filters must be positive integers, as in (128, 32). Got {filters!r}.")
    return NetworkSpec(
        architecture=denoiser.architecture,
        n_channels=n_channels,
        filters=counts,
        kernel_size=chosen(denoiser, "kernel_size"),
        max_norm=chosen(denoiser, "max_norm"),
        output_activation="sigmoid" if problem.cross_entropy else "linear",
        # A hidden point's noise is not in the input, from which it would be taken.
        predicts_noise=(
            denoiser.architecture == "unet"
            and not problem.cross_entropy
            and not isinstance(problem.supervision, BlindSpot)
        ),
    )


def _split_rows(validation_split: Any, signals: Signals) -> tuple[Rows, Rows | None]:
    """Return the rows to train on, and those to validate on or None.

    A number is a share of the signals that count, taken from the end; a splitter of scikit-learn
    says for itself.
    """
    if not isinstance(validation_split, Real):
        split = next(iter(validation_split.split(signals.X, signals.y)), ((), ()))
        counts = np.ones(len(signals), bool) if signals.weight is None else signals.weight > 0
        training, validation = map(_as_indices, split)
        sizes = [np.count_nonzero(counts[rows]) for rows in (training, validation)]
        if 0 in sizes:
            raise ValueError(
                f"validation_split={validation_split!r} gave {sizes[0]} signals to train and "
                f"{sizes[1]} to validate on, of n_samples={len(signals)}. Both need one at least, "
                "of a sample_weight above 0."
            )
        return training, validation
    n_signals = signals.n_counting
    # 10 * (1 - 0.9) is a little less than 1.
    n_train = math.floor(n_signals * (1 - float(validation_split)) + 1e-9)
    if n_train == 0:
        raise ValueError(
            f"n_samples={n_signals}: validation_split={validation_split} leaves no signal to train "
            "on. Pass more signals, or validation_split=0."
        )
    if n_train == n_signals:
        return slice(None), None
    border = n_train if signals.weight is None else np.flatnonzero(signals.weight)[n_train]
    return slice(None, border), slice(border, None)


def _as_indices(rows: ArrayLike) -> NDArray[np.intp]:
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)
