"""The fit of an estimator: checks, a plan, a training, and what is fitted then."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.arrays import with_channels
from conv_denoiser._checks.callbacks import Parts, fit_task
from conv_denoiser._checks.elsewhere import check_together, is_lazy, room_of
from conv_denoiser._checks.ragged import as_ragged, check_same_lengths, padded, pieces
from conv_denoiser._checks.validation import (
    check_params,
    check_signals,
    check_weight,
    clean_signals,
)
from conv_denoiser._checks.warn import DenoisingWarning, in_cross_validation, warn, warn_once_here
from conv_denoiser._typing import Array, RawArray
from conv_denoiser.denoiser.defaults import chosen
from conv_denoiser.denoiser.diagnostics import diagnose, doubts
from conv_denoiser.denoiser.novel import profile_of
from conv_denoiser.denoiser.plan import may_need_target, plan_fit, plan_partial_fit
from conv_denoiser.supervision.missing import with_samples
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.training.plan import Learned, Trained, Watcher

if TYPE_CHECKING:
    from conv_denoiser.denoiser.estimator import ConvDenoiser

__all__ = ["fit_denoiser", "partially_fit"]

DOUBTFUL_FITS = (
    "Some fits of this search or cross-validation are doubtful. The fit of the best parameters, or "
    "of any by itself, says why, and its diagnostics_ has the numbers."
)


def fit_denoiser(
    denoiser: "ConvDenoiser", X: ArrayLike, y: ArrayLike | None, sample_weight: ArrayLike | None
) -> "ConvDenoiser":
    """Fit a denoiser, and tell scikit-learn's callbacks of every epoch."""
    check_params(denoiser)
    check_together(X, y=y, sample_weight=sample_weight)
    told: dict[str, object] = {"X": X, "y": y, "metadata": {"sample_weight": sample_weight}}
    n_epochs = None if denoiser.epochs == "auto" else chosen(denoiser, "epochs")
    with fit_task(denoiser, told, n_epochs) as task:
        fitted: Any = dict if is_lazy(X) else _attributes
        watcher = None if task is None else Parts(denoiser, task, told, fitted, "epoch")
        if is_lazy(X):
            room_of(X).fit_lazily(denoiser, X, y, sample_weight, watcher)
        else:
            _fit(denoiser, X, y, sample_weight, partial=False, diagnosed=True, watcher=watcher)
        _tell_doubts(denoiser)
    return denoiser


def partially_fit(
    denoiser: "ConvDenoiser",
    X: ArrayLike,
    y: ArrayLike | None,
    sample_weight: ArrayLike | None = None,
    *,
    diagnosed: bool = False,
) -> "ConvDenoiser":
    """Train a denoiser for one more epoch."""
    check_params(denoiser)
    _fit(denoiser, X, y, sample_weight, partial=True, diagnosed=diagnosed, watcher=None)
    return denoiser


def _fit(
    denoiser: "ConvDenoiser",
    X: ArrayLike,
    y: ArrayLike | None,
    sample_weight: ArrayLike | None,
    *,
    partial: bool,
    diagnosed: bool,
    watcher: Watcher | None,
) -> None:
    """Change a denoiser to what it learned; leave it as it was if it learned nothing."""
    from conv_denoiser.training.history import report_end
    from conv_denoiser.training.session import train

    before = vars(denoiser).copy()
    goes_on = denoiser.__sklearn_is_fitted__() and (partial or denoiser.warm_start)
    is_ragged = as_ragged(X, "X") is not None
    same_length = partial and goes_on and not denoiser._any_length
    try:
        if is_ragged:
            X, y, sample_weight = _in_pieces(X, y, sample_weight)
        signals = _signals(denoiser, X, y, sample_weight, reset=is_ragged or not same_length)
        plan = (plan_partial_fit if partial else plan_fit)(denoiser, signals)
        trained = train(plan, signals, _learned(denoiser) if goes_on else None, watcher)
        denoiser.__dict__.update(_attributes(trained))
        if is_ragged:
            denoiser._take_any_length()
        denoiser.diagnostics_ = diagnose(trained, signals) if diagnosed else None
        denoiser.profile_ = profile_of(trained, signals) if diagnosed and not is_ragged else None
    except BaseException:
        denoiser.__dict__ = before
        raise
    report_end(trained.interruption, trained.n_epochs, plan.epochs)


def _tell_doubts(denoiser: "ConvDenoiser") -> None:
    """Warn where the diagnostics of a fit make it doubtful."""
    if denoiser.diagnostics_ is not None:
        found = doubts(denoiser.diagnostics_, denoiser.supervision_)
        if found and in_cross_validation():
            warn_once_here(DOUBTFUL_FITS, DenoisingWarning)
        else:
            warn(found, DenoisingWarning)


def _in_pieces(
    X: Any, y: Any, sample_weight: ArrayLike | None
) -> tuple[Array, Array | None, Array | None]:
    """Return signals of unequal lengths as arrays: in pieces, after the shorter of which NaN is."""
    noisy = as_ragged(X, "X") or []
    parts, origins, length = pieces(noisy)

    def in_pieces(signals: list[RawArray]) -> Array:
        cut = [signals[origin][part] for part, origin in zip(parts, origins, strict=True)]
        return padded(cut, length)

    weight = check_weight(sample_weight, np.arange(float(len(noisy))))
    weight = None if weight is None else weight[origins]
    clean = None if y is None else as_ragged(y, "y")
    if clean is None and (y is None or (np.ndim(y) == 1 and len(y) == len(noisy))):  # labels
        return in_pieces(noisy), None, weight
    check_same_lengths(noisy, y=clean)
    return in_pieces(noisy), in_pieces(clean or []), weight


def _signals(
    denoiser: "ConvDenoiser",
    X: ArrayLike,
    y: ArrayLike | None,
    sample_weight: ArrayLike | None,
    *,
    reset: bool,
) -> Signals:
    X = check_signals(denoiser, X, reset=reset)
    y = clean_signals(y, X, needed=may_need_target(denoiser))
    weight = check_weight(sample_weight, X)
    return with_samples(Signals(with_channels(X), None if y is None else with_channels(y), weight))


def _learned(denoiser: "ConvDenoiser") -> Learned:
    return Learned(
        denoiser._network, denoiser.history_, denoiser._compile_options, denoiser._optimizer
    )


def _attributes(trained: Trained) -> dict[str, object]:
    """Return what a denoiser has once it is fitted."""
    return {
        "_network": trained.network,
        "_optimizer": None,
        "_any_length": False,
        "_compile_options": trained.plan.compile_options,
        "supervision_": trained.plan.problem.supervision.name,
        "loss_floor_": trained.loss_floor,
        "best_epoch_": trained.best_epoch,
        "history_": trained.history,
        "n_epochs_": len(trained.history["loss"]),
        "calibration_": None,
        "profile_": None,
    }
