"""How far an estimator's denoised signals may be from the truth."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from conv_denoiser._checks.arrays import with_channels
from conv_denoiser._checks.elsewhere import is_lazy, room_of
from conv_denoiser._checks.ragged import as_ragged, by_length
from conv_denoiser._checks.validation import check_lazy_signals, check_signals, clean_signals
from conv_denoiser._typing import Array
from conv_denoiser.denoiser.novel import Novel
from conv_denoiser.denoiser.plan import hiding
from conv_denoiser.gaps import as_gaps, denoised_around_gaps, without_gaps
from conv_denoiser.noise import as_noise_model
from conv_denoiser.uncertainty.calibration import (
    Calibration,
    calibrated,
    check_conformalized,
    check_of,
)

__all__ = ["Uncertain"]

# Samples from one that is hidden to the next.
HIDDEN_APART = 8


class Uncertain(Novel):
    """Denoises, and says how uncertain the result is where the network learned to."""

    calibration_: Calibration | None = None

    @overload
    def predict(self, X: ArrayLike, return_std: Literal[False] = False) -> Array: ...

    @overload
    def predict(self, X: ArrayLike, return_std: Literal[True]) -> tuple[Array, Array]: ...

    def predict(self, X: ArrayLike, return_std: bool = False) -> Array | tuple[Array, Array]:
        """Denoise signals: the same as `transform`, under the name that scorers call.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals. Of a Dask array, each chunk of rows is denoised by itself, lazily.
        return_std : bool, default=False
            Whether to return how uncertain each sample is, too; needs a fit with
            ``loss="gaussian_nll"``.

        Returns
        -------
        denoised : ndarray of X's shape
            Denoised signals.
        std : ndarray of X's shape
            With `return_std`: standard deviation of the error of each sample, as the network
            predicts it, in the units of X. Where it learned from noisy signals alone, or from
            pairs of noisy ones, their noise counts as error, too. NaN where samples are missing.

        Raises
        ------
        ValueError
            If the network gives no standard deviation, or X does not hold such signals.

        See Also
        --------
        predict_interval : Intervals that cover a share of samples, however wrong `std` is.
        """
        check_is_fitted(self)
        if (signals := as_ragged(X, "X")) is not None:
            lists: Array = by_length(partial(self.predict, return_std=return_std), signals)
            return lists
        if is_lazy(X):
            if return_std:
                self._check_variance()
            return self._lazily(Uncertain.predict, X, return_std=return_std)
        X = check_signals(self, X, reset=False)
        self._tell_of_novelty(X)
        return self._denoise_with_std(X) if return_std else self._denoise(X)

    def _lazily(self, method: Callable[..., Any], X: Any, **options: bool) -> Any:
        check_lazy_signals(self, X, reset=False)
        return room_of(X).map_rows(method, self, X, **options)

    def conformalize(self, X: ArrayLike, y: ArrayLike | None = None, *, of: str = "clean") -> Self:
        """Learn from signals held out from training how wide intervals must be.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals; clean ones, without y, where `supervision_` is "synthetic": then noise
            is drawn.
        y : array-like of X's shape, default=None
            Clean signals.
        of : {"clean", "noisy"}, default="clean"
            "noisy" needs noisy signals alone: each of their samples is hidden, predicted from the
            others and compared with the prediction. Intervals are then those of new noisy samples,
            not of clean ones.

        Returns
        -------
        self : ConvDenoiser
            The denoiser, for `predict_interval`. Fitting again forgets what is learned here.

        Raises
        ------
        ValueError
            If the network gives no standard deviation, there are no clean signals to compare with,
            or samples are missing, or an argument is not valid.

        Notes
        -----
        Signals that the denoiser learned from are denoised too well: hold out others. What is
        promised holds for signals like these, of the same source and with such noise.
        """
        check_is_fitted(self)
        X = check_signals(self, X, reset=False)
        if check_of(of) == "noisy":
            self.calibration_ = calibrated(X, *self._predict_hidden(X, y), of)
        else:
            noisy, clean = self._pairs(X, y)
            self.calibration_ = calibrated(clean, *self._denoise_with_std(noisy))
        return self

    def predict_interval(
        self,
        X: ArrayLike,
        coverage: float = 0.9,
        kind: str = "pointwise",
        *,
        of: str = "clean",
    ) -> tuple[Array, Array]:
        """Return intervals that hold clean signals with a given probability.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals like those that `conformalize` was given.
        coverage : float, default=0.9
            Probability, above 0 and below 1.
        kind : {"pointwise", "band"}, default="pointwise"
            "pointwise" intervals hold this share of samples; a "band" holds this share of whole
            signals from the first sample to the last, in all channels.
        of : {"clean", "noisy"}, default="clean"
            What the intervals hold: what `conformalize` was told.

        Returns
        -------
        lower, upper : ndarray of X's shape
            Ends of the intervals in the units of X. NaN where samples are missing.

        Raises
        ------
        ValueError
            If the denoiser was not conformalized since its last fit, there were too few signals for
            the coverage (the message says how many are needed), or an argument is not valid.

        Examples
        --------
        >>> from conv_denoiser import ConvDenoiser, SignalGenerator
        >>> sines = SignalGenerator("sine", noise=0.5, n_timesteps=64, random_state=0)
        >>> X, y = sines.sample(300, return_X_y=True)
        >>> denoiser = ConvDenoiser(loss="gaussian_nll", filters=(4,), epochs=1, random_state=0)
        >>> denoiser = denoiser.fit(X[:200], y[:200]).conformalize(X[200:250], y[200:250])
        >>> lower, upper = denoiser.predict_interval(X[250:], coverage=0.8)
        >>> bool(0.7 < ((lower <= y[250:]) & (y[250:] <= upper)).mean() < 0.9)
        True
        """
        check_is_fitted(self)
        calibration = check_conformalized(self.calibration_, of)
        X = check_signals(self, X, reset=False)
        self._tell_of_novelty(X)
        return calibration.interval(*self._denoise_with_std(X), coverage, kind)

    def _pairs(self, X: Array, y: ArrayLike | None) -> tuple[Array, Array]:
        """Return noisy and clean signals."""
        clean = clean_signals(y, X)
        if clean is not None:
            return X, clean
        noise = as_noise_model(self.noise)
        if self.supervision_ != "synthetic" or noise is None:
            raise ValueError(
                "conformalize compares denoised signals with clean ones: pass y of X's shape "
                f"(labels do not count). Without y, X is clean and gets noise where supervision_ "
                f"is 'synthetic'. It is {self.supervision_!r}, and noise={self.noise!r}."
            )
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        return noise(X, rng), X

    def _predict_hidden(self, X: Array, y: ArrayLike | None) -> tuple[Array, Array]:
        """Predict each sample from others, which are at least as far as the blind spot is wide."""
        if y is not None:
            raise ValueError("of='noisy' compares X with itself. Pass noisy X alone, without y.")
        self._check_variance()
        signals, side = with_channels(X), hiding(self).width // 2
        time, step = np.arange(X.shape[1]), HIDDEN_APART + 2 * side
        both = np.empty((*signals.shape[:2], 2 * signals.shape[2]), signals.dtype)
        for first in range(min(step, X.shape[1])):
            distance = np.abs((time - first + side) % step - side)
            hidden = (distance <= side)[:, np.newaxis]
            bridged = without_gaps(np.where(hidden, signals.dtype.type(np.nan), signals))
            predicted = self._network.denoise(bridged, without_gaps(signals), with_std=True)
            both[:, first::step] = predicted[:, first::step]
        mean, std = np.split(both, 2, axis=2)
        return mean.reshape(X.shape), std.reshape(X.shape)

    def _check_variance(self) -> None:
        if self._network.spec.gives_variance:
            return
        message = (
            "This network was not trained to say how uncertain it is. Fit with "
            f"loss='gaussian_nll' first. The loss is {self.loss!r}."
        )
        if self.n_epochs_ == 0:
            message += (
                " The weights of the package have no such output, but training goes on from them:"
                " ConvDenoiser.from_pretrained(loss='gaussian_nll').fit(X, y). For white noise,"
                " conv_denoiser.denoise(x, return_std=True) needs no training."
            )
        raise ValueError(message)

    def _denoise(self, X: Array) -> Array:
        gaps = as_gaps(self.gaps)
        return denoised_around_gaps(self._network.denoise, with_channels(X), gaps).reshape(X.shape)

    def _denoise_with_std(self, X: Array) -> tuple[Array, Array]:
        self._check_variance()
        denoise = partial(self._network.denoise, with_std=True)
        both = denoised_around_gaps(denoise, with_channels(X), as_gaps(self.gaps))
        denoised, std = np.split(both, 2, axis=2)
        return denoised.reshape(X.shape), std.reshape(X.shape)
