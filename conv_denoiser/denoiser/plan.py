"""What a fit was asked for, resolved from parameters and data."""

import math
from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state

from conv_denoiser._checks.numbers import check_count
from conv_denoiser._typing import Array
from conv_denoiser.denoiser.automatic import (
    FINE_TUNING,
    FINE_TUNING_NOISY,
    FROM_SCRATCH,
    Pace,
    amount_of_training,
)
from conv_denoiser.denoiser.defaults import PRETRAINED, chosen
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.networks.weight_shapes import U_NETS
from conv_denoiser.noise import as_noise_model
from conv_denoiser.preprocessing import MinMaxPerSample, PerSampleScaler
from conv_denoiser.preprocessing.scaling import Scaling
from conv_denoiser.pretrained.unet import UNET_WEIGHTS, unet_weights
from conv_denoiser.supervision.artefacts import steady_scaling
from conv_denoiser.supervision.base import Supervision
from conv_denoiser.supervision.batches import Rows
from conv_denoiser.supervision.blind_spot import BlindSpot
from conv_denoiser.supervision.correlation import is_clearly_white
from conv_denoiser.supervision.recorrupted import Recorrupted
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.supervision.task import Paired, Problem, Synthetic
from conv_denoiser.training.plan import CheckpointRequest, CompileOptions, TrainingPlan

if TYPE_CHECKING:
    from conv_denoiser.denoiser.estimator import ConvDenoiser

__all__ = ["hiding", "may_need_target", "pace_of", "plan_fit", "plan_partial_fit"]


def plan_fit(denoiser: "ConvDenoiser", signals: Signals) -> TrainingPlan:
    """Plan what `fit` does."""
    rows = _split_rows(denoiser.validation_split, signals)
    plan = _plan(denoiser, signals, rows)
    if denoiser.checkpoint is None:
        return plan
    request = CheckpointRequest(denoiser.checkpoint, denoiser.get_params(deep=False))
    return replace(plan, checkpoint=request)


def plan_partial_fit(denoiser: "ConvDenoiser", signals: Signals) -> TrainingPlan:
    """Plan what `partial_fit` does: one epoch, without validation."""
    rows = _split_rows(0, signals)
    if not denoiser.__sklearn_is_fitted__():
        return _plan(denoiser, signals, rows, epochs=1)
    before = (denoiser._network.scaling, denoiser.supervision_)
    return _plan(denoiser, signals, rows, epochs=1, before=before)


def _plan(
    denoiser: "ConvDenoiser",
    signals: Signals,
    rows: tuple[Rows, Rows | None],
    epochs: int | None = None,
    before: tuple[Scaling | None, str] = (None, ""),
) -> TrainingPlan:
    from conv_denoiser.training.losses import GAUSSIAN_NLL, is_cross_entropy

    previous, previous_way = before
    seed = int(check_random_state(denoiser.random_state).randint(np.iinfo(np.int32).max))
    loss = chosen(denoiser, "loss")
    n_timesteps, n_channels = signals.X.shape[1:]
    cross_entropy = is_cross_entropy(loss)
    pretrained = pretrained_start(denoiser, n_channels, cross_entropy)
    supervision = _supervision(denoiser, signals.y is not None)
    if pretrained and denoiser.supervision == "auto" and isinstance(supervision, BlindSpot):
        supervision = _from_noisy_alone(signals, supervision, previous_way)
    scaling = _scaling(denoiser, cross_entropy, previous) or steady_scaling(
        _scaler(denoiser, cross_entropy), supervision, signals, rows[0], seed
    )
    problem = Problem(supervision, scaling, cross_entropy, n_timesteps)
    pace = _pace(pretrained is not None, supervision)
    n_training, validated = _n_counting(signals, rows[0]), rows[1] is not None
    amount = amount_of_training(denoiser, n_training, pace, validated=validated, epochs=epochs)
    spec, weights = pretrained or (_network_spec(denoiser, n_channels, problem), None)
    return TrainingPlan(
        spec=replace(spec, gives_variance=loss == GAUSSIAN_NLL),
        initial_weights=weights,
        problem=problem,
        compile_options=CompileOptions(loss, denoiser.optimizer, amount.learning_rate),
        rows=rows,
        batch_size=amount.batch_size,
        epochs=amount.epochs,
        patience=amount.patience,
        callbacks=denoiser.callbacks,
        verbose=chosen(denoiser, "verbose"),
        seed=seed,
        checkpoint=None,
    )


def _from_noisy_alone(signals: Signals, blind_spot: BlindSpot, previous_way: str) -> Supervision:
    """Return how a network learns that was trained to see every point.

    It need not learn to predict hidden ones where noise is white. Chunks that follow each other are
    learned from in one way: few signals may tell otherwise by chance.
    """
    if previous_way not in (Recorrupted.name, BlindSpot.name):
        return Recorrupted() if is_clearly_white(signals.X) else blind_spot
    return Recorrupted() if previous_way == Recorrupted.name else blind_spot


def _pace(pretrained: bool, supervision: Supervision) -> Pace:
    if not pretrained:
        return FROM_SCRATCH
    return FINE_TUNING if isinstance(supervision, Paired | Synthetic) else FINE_TUNING_NOISY


def pace_of(denoiser: "ConvDenoiser", n_channels: int, *, with_target: bool) -> Pace:
    """Return the pace at which a fit trains, whatever its signals are."""
    from conv_denoiser.training.losses import is_cross_entropy

    start = pretrained_start(denoiser, n_channels, is_cross_entropy(chosen(denoiser, "loss")))
    return _pace(start is not None, _supervision(denoiser, with_target))


def pretrained_start(
    denoiser: "ConvDenoiser", n_channels: int, cross_entropy: bool
) -> tuple[NetworkSpec, Sequence[Array]] | None:
    """Return the network of the package that training starts from, and its weights, or None."""
    if denoiser.init == "random":
        return None
    architecture, init = denoiser.architecture, denoiser.init.replace("auto", "pretrained")
    known = isinstance(architecture, str) and (architecture, init) in UNET_WEIGHTS
    spec = PRETRAINED[str(architecture) if known else "unet"]
    asked = {
        "architecture": (architecture, spec.architecture),
        "filters": (_filters(denoiser), spec.filters),
        "kernel_size": (denoiser.kernel_size, spec.kernel_size),
        "max_norm": (denoiser.max_norm, spec.max_norm),
        "the number of channels": (n_channels, spec.n_channels),
        "the loss": ("cross-entropy" if cross_entropy else "auto", "another than cross-entropy"),
    }
    for name, (value, needed) in asked.items():
        if not (isinstance(value, str) and value == "auto") and value != needed:
            if denoiser.init != "auto":
                raise ValueError(
                    f"init={denoiser.init!r} needs {name} to be {needed!r}. Got {value!r}. Leave "
                    "it out, or choose init='random'."
                )
            return None
    return spec, unet_weights(init, spec.architecture)


def _filters(denoiser: "ConvDenoiser") -> object:
    filters = denoiser.filters
    return filters if isinstance(filters, str) else tuple(filters)


def _scaler(denoiser: "ConvDenoiser", cross_entropy: bool) -> PerSampleScaler | None:
    """Return a fresh scaler whose parameters were checked."""
    if denoiser.scaler == "auto" and callable(denoiser.architecture) and cross_entropy:
        return MinMaxPerSample()
    scaler = clone(chosen(denoiser, "scaler"), safe=False)
    if scaler is not None:
        scaler.check_parameters()
    return scaler


def _scaling(
    denoiser: "ConvDenoiser", cross_entropy: bool, previous: Scaling | None
) -> Scaling | None:
    """Return how signals are scaled where that does not depend on them, else None."""
    scaler = _scaler(denoiser, cross_entropy)
    asked = not isinstance(denoiser.scaler, str)
    if cross_entropy and asked and isinstance(scaler, (MinMaxPerSample, type(None))):
        return Scaling(scaler)  # the recipe's, which artefacts disturb
    return None if previous is None else replace(previous, scaler=scaler)


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
    return Recorrupted() if name == "recorrupted" else hiding(denoiser)


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
            denoiser.architecture in U_NETS
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
        training, validation = map(_as_indices, split)
        sizes = [_n_counting(signals, rows) for rows in (training, validation)]
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
            "on. Pass more signals, as windows(X[0], 256) of one long recording, "
            "or validation_split=0."
        )
    if n_train == n_signals:
        return slice(None), None
    border = n_train if signals.weight is None else np.flatnonzero(signals.weight)[n_train]
    return slice(None, border), slice(border, None)


def _as_indices(rows: ArrayLike) -> NDArray[np.intp]:
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)


def _n_counting(signals: Signals, rows: Rows) -> int:
    """Return how many of some signals have a weight that is not zero."""
    weight = np.ones(len(signals), bool) if signals.weight is None else signals.weight
    return int(np.count_nonzero(weight[rows]))
