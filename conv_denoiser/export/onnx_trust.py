"""How far to trust what a deployed denoiser gives. NumPy alone."""

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.warn import DenoisingWarning, warn_once_here
from conv_denoiser._typing import Array
from conv_denoiser.gaps import without_gaps
from conv_denoiser.uncertainty.calibration import Calibration, calibrated, check_conformalized
from conv_denoiser.uncertainty.profile import Profile, check_profile, novelty_in

__all__ = ["Trust"]


class Trust:
    """Intervals and novelty, from what a file says or `conformalize` is shown."""

    _calibration: Calibration | None
    profile_: Profile | None
    _warns_of_novelty: bool

    if TYPE_CHECKING:

        def _checked_signals(self, X: ArrayLike) -> Array: ...

        def _predict_with_std(self, X: Array) -> tuple[Array, Array]: ...

    def conformalize(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn how wide intervals must be, where the denoiser runs; NumPy suffices.

        What the file says of intervals, if it does, is replaced in this object and its pickles, not
        in the file.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals, which the denoiser did not learn from.
        y : array-like of X's shape
            Clean signals.

        Returns
        -------
        self : OnnxDenoiser
            The denoiser, for `predict_interval`.

        Raises
        ------
        ValueError
            If the denoiser gives no standard deviation, the shapes differ, or samples are missing.
        """
        X, y = self._checked_signals(X), self._checked_signals(y)
        if np.shape(y) != X.shape:
            raise ValueError(
                f"conformalize compares denoised signals with clean ones. Pass y of X's shape, "
                f"{X.shape}. Got {np.shape(y)}."
            )
        self._calibration = calibrated(y, *self._predict_with_std(X))
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
            Noisy signals.
        coverage : float, default=0.9
            Probability, above 0 and below 1.
        kind : {"pointwise", "band"}, default="pointwise"
            Whether it is that of samples, or of whole signals.
        of : {"clean", "noisy"}, default="clean"
            What the intervals hold: what the denoiser was conformalized for.

        Returns
        -------
        lower, upper : ndarray of X's shape
            Ends of the intervals, as `ConvDenoiser.predict_interval` gives them.

        Raises
        ------
        ValueError
            If the denoiser was conformalized neither here nor before it was exported, there were
            too few signals for the coverage, or an argument is not valid.
        """
        calibration = check_conformalized(self._calibration, of)
        X = self._checked_signals(X)
        self._tell_of_novelty(X)
        return calibration.interval(*self._predict_with_std(X), coverage, kind)

    def novelty_score(self, X: ArrayLike) -> Array:
        """Return how unlike the signals that the denoiser learned from others are.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals, as long as those learned from.

        Returns
        -------
        ndarray of shape (n_signals,)
            Scores, as `ConvDenoiser.novelty_score` gives them.

        Raises
        ------
        ValueError
            If the file does not say what those signals looked like, or X does not hold signals.
        """
        return self._novelty(self._checked_signals(X))

    def _novelty(self, X: Array) -> Array:
        signals = X.reshape(*X.shape[:2], -1)
        return check_profile(self.profile_).score(without_gaps(signals))

    def _tell_of_novelty(self, X: Array) -> None:
        found = novelty_in(self._novelty(X)) if self._warns_of_novelty else None
        if found is not None:
            warn_once_here(found, DenoisingWarning)
