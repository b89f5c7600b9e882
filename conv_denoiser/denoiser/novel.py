"""How unlike the signals that an estimator learned from others are."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from conv_denoiser._checks.arrays import with_channels
from conv_denoiser._checks.validation import check_signals
from conv_denoiser._checks.warn import DenoisingWarning, warn_once_here
from conv_denoiser._typing import Array
from conv_denoiser.denoiser.diagnostics import pairs
from conv_denoiser.denoiser.fitted import FittedNetwork
from conv_denoiser.gaps import without_gaps
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.training.plan import Trained
from conv_denoiser.uncertainty.profile import MIN_SIGNALS, Profile, check_profile, novelty_in
from conv_denoiser.uncertainty.shape import LONGEST, SHORTEST

__all__ = ["Novel", "profile_of"]

# Signals that are described, and samples of all of them together, unless that is too few of them.
MAX_SIGNALS, MAX_SAMPLES = 2048, 2**20


class Novel(FittedNetwork):
    """Knows what the signals look like that it learned from."""

    novelty: str
    profile_: Profile | None = None

    def novelty_score(self, X: ArrayLike) -> Array:
        """Return how unlike the signals of the last `fit` others are.

        Signals are told apart by their spectrum, by the curvature of their course at several
        scales, and by how many samples lie at the ends of their range; not by amplitude and offset.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals.

        Returns
        -------
        ndarray of shape (n_signals,)
            Scores without a unit, the higher the stranger. Of signals like those learned from, one
            in a hundred scores more than 1.

        Raises
        ------
        ValueError
            If the denoiser was not fitted to 100 signals or more at once, or X does not hold such
            signals.

        Notes
        -----
        The score is the Mahalanobis distance from the noisy signals that were learned from, over
        that which 99 % of those keep when they are left out of the description.

        Examples
        --------
        >>> from conv_denoiser import ConvDenoiser, SignalGenerator
        >>> ecg = SignalGenerator("ecg", n_timesteps=256, random_state=0)
        >>> X, y = ecg.sample(200, return_X_y=True)
        >>> denoiser = ConvDenoiser(filters=(4,), epochs=1, random_state=0).fit(X, y)
        >>> sines = SignalGenerator("sine", n_timesteps=256, random_state=0).sample(10).noisy
        >>> bool((denoiser.novelty_score(sines) > 1).mean() > 0.5)
        True
        """
        check_is_fitted(self)
        profile = check_profile(self.profile_)
        X = check_signals(self, X, reset=False)
        return profile.score(without_gaps(with_channels(X)))

    def _tell_of_novelty(self, X: Array) -> None:
        """Warn of checked signals that are unlike those learned from, if that is asked for."""
        if self.novelty == "warn":
            scores = check_profile(self.profile_).score(without_gaps(with_channels(X)))
            found = novelty_in(scores)
            if found is not None:
                warn_once_here(found, DenoisingWarning)


def profile_of(trained: Trained, signals: Signals) -> Profile | None:
    """Describe the noisy signals that were learned from; None where they are too few or short."""
    numbers: NDArray[np.intp] = np.arange(len(signals))
    if signals.weight is not None:
        numbers = numbers[signals.weight > 0]
    if len(numbers) < MIN_SIGNALS or not SHORTEST <= signals.X.shape[1] <= LONGEST:
        return None
    n_wanted = min(MAX_SIGNALS, max(MIN_SIGNALS, MAX_SAMPLES // signals.X[0].size), len(numbers))
    chosen = numbers[np.linspace(0, len(numbers) - 1, n_wanted).astype(np.intp)]
    few = signals.rows(chosen)
    noisy, _ = pairs(Signals(without_gaps(few.X), few.y), trained)
    return Profile.of(noisy)
