"""The scorer of `conv_denoiser.metrics`, which knows Pipelines."""

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from conv_denoiser._checks.validation import check_signal_array, clean_signals
from conv_denoiser.metrics.arrays import averaged, outputs, snr_gain_db
from conv_denoiser.preprocessing import PerSampleScaler

__all__ = ["snr_improvement_scorer"]


def snr_improvement_scorer(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike | None,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Score any fitted denoiser for ``scoring=``: decibels gained; higher is better.

    Parameters
    ----------
    estimator : estimator with `predict` or `transform`
        A denoiser: `ConvDenoiser`, a filter in a FunctionTransformer, a Pipeline or search of them.
    X : array-like of shape (n_signals, n_timesteps[, n_channels])
        Noisy signals.
    y : array-like of X's shape
        Clean signals in the units of the output: scaled ones where a Pipeline begins with
        `MinMaxPerSample` or another `PerSampleScaler`, which then scales the noisy signals for
        comparison, too. After other steps, clean signals in the units of X.
    sample_weight : array-like of shape (n_signals,), default=None
        How much each signal counts in the mean.

    Returns
    -------
    float
        The mean `snr_improvement_db`.

    Raises
    ------
    ValueError
        If y does not hold clean signals.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from conv_denoiser import SignalGenerator
    >>> from conv_denoiser.metrics import snr_improvement_scorer
    >>> from scipy.ndimage import uniform_filter1d
    >>> X, y = SignalGenerator(random_state=0).sample(30, return_X_y=True)
    >>> smoother = FunctionTransformer(uniform_filter1d, kw_args={"size": 5})
    >>> cross_val_score(smoother, X, y, scoring=snr_improvement_scorer, cv=3).round()
    array([7., 7., 7.])
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    denoise = estimator.predict if hasattr(estimator, "predict") else estimator.transform
    noisy = check_signal_array(_scaled_as_by(estimator, X), "X")
    clean = clean_signals(y, noisy)
    if clean is None:
        raise ValueError(
            "snr_improvement_scorer compares with clean signals y of X's shape, but got "
            f"{'none' if y is None else 'labels'}. Without them, scoring=None ranks denoisers by "
            "ConvDenoiser.score."
        )
    true, pred, noisy = outputs("joint", y_true=clean, y_pred=denoise(X), X=noisy)
    return averaged(snr_gain_db(true, pred, noisy), sample_weight, "joint", average=True)


def _scaled_as_by(estimator: object, X: ArrayLike) -> ArrayLike:
    """Scale signals by the scalers that a Pipeline begins with."""
    if not isinstance(estimator, Pipeline):
        return X
    for step in _steps(estimator):
        if isinstance(step, PerSampleScaler):
            X = step.transform(X)
        elif step is not None and not isinstance(step, str):  # "passthrough"
            break
    return X


def _steps(estimator: object) -> list[object]:
    """Return the steps of a Pipeline, and of those within it."""
    if not isinstance(estimator, Pipeline):
        return [estimator]
    return [inner for _, step in estimator.steps for inner in _steps(step)]
