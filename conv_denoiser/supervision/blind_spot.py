"""Learning from noisy signals alone: points are hidden and predicted from their neighbours."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._checks.numbers import check_number, plain_number
from conv_denoiser._checks.parameters import FrozenParameters
from conv_denoiser._typing import Array
from conv_denoiser.gaps import without_gaps
from conv_denoiser.preprocessing.scaling import Scaling
from conv_denoiser.supervision.base import Drawn, Supervision
from conv_denoiser.supervision.correlation import warnings_of_correlation
from conv_denoiser.supervision.missing import check_varies, is_whole
from conv_denoiser.supervision.signals import Signals

__all__ = ["BlindSpot", "blind_spot_error"]

# A replacement comes from at most this many timesteps beyond the hidden ones.
NEIGHBOUR_DISTANCE = 5


@dataclass(frozen=True)
class BlindSpot(FrozenParameters, Supervision):
    """How ``supervision="blind_spot"`` hides points of noisy signals and predicts them.

    Some points of every signal, drawn afresh in every epoch, are replaced by random near
    neighbours, in all channels; the network learns to restore what was measured there. As it
    cannot guess noise that is independent from point to point, it learns the signal alone:
    Noise2Void [1]_, Noise2Self [2]_. Where noise is correlated over a few timesteps, those around
    the point must be hidden, too [3]_.

    Parameters
    ----------
    share : float, default=0.1
        Share of the points that are predicted in each pass; above 0 and at most 0.5.
    width : int, default=1
        Timesteps hidden for each such point, an odd number: the point itself, and ``width // 2``
        on either side.

    Raises
    ------
    ValueError
        If a parameter is not of the kind above; in `fit`, if signals have fewer than ``width + 1``
        timesteps or are all flat.

    Warns
    -----
    UserWarning
        In `fit`, if noise is predictable from what is not hidden: if `noise_autocorrelation` is
        clearly above 0 there, if a tone such as mains hum lies upon the signals, or if values are
        held for several timesteps. A width is named where a trial with a linear filter on the
        signals shows that it helps. Only signals of at least 32 timesteps, and 10,000 points in
        all, are enough to tell. Slow noise, such as a wandering baseline, is taken for signal at
        any width.

    Notes
    -----
    `ConvDenoiser.score` without clean signals hides the same `width`, and always a tenth of the
    points. It cannot choose the width: where noise is correlated, a width that is too small makes
    it easy to predict. Compare candidates of one width.

    References
    ----------
    .. [1] A. Krull, T.-O. Buchholz, F. Jug. "Noise2Void: learning denoising from single noisy
       images". CVPR 2019. doi:10.1109/CVPR.2019.00223
    .. [2] J. Batson, L. Royer. "Noise2Self: blind denoising by self-supervision". ICML 2019.
       arXiv:1901.11365
    .. [3] C. Broaddus, A. Krull, M. Weigert, U. Schmidt, G. Myers. "Removing structured noise with
       self-supervised blind-spot networks". ISBI 2020. doi:10.1109/ISBI45749.2020.9098336

    Examples
    --------
    >>> from conv_denoiser import BlindSpot, ConvDenoiser
    >>> ConvDenoiser(supervision=BlindSpot(width=3))
    ConvDenoiser(supervision=BlindSpot(share=0.1, width=3))
    """

    share: float = 0.1
    width: int = 1

    name: ClassVar[str] = "blind_spot"
    target: ClassVar[Literal["X", "y"]] = "X"

    def __post_init__(self) -> None:
        share = check_number("share", self.share, above=0, at_most=0.5)
        width = plain_number(self.width)
        if type(width) is not int or width < 1 or width % 2 == 0:
            raise ValueError(
                f"width must be an odd number of timesteps: 1, 3, 5 and so on. Got {self.width!r}."
            )
        object.__setattr__(self, "share", share)
        object.__setattr__(self, "width", width)

    def draw(self, signals: Signals, rng: np.random.Generator, scaling: Scaling) -> Drawn:
        """Draw points to hide; the weight of all others is 0.

        Parameters
        ----------
        signals : Signals
            Noisy signals.
        rng : numpy.random.Generator
            Source of randomness.
        scaling : Scaling
            Scales the signals before.

        Returns
        -------
        Drawn
            Signals without the hidden points, whole signals, and the weight of each sample.
        """
        X = without_gaps(signals.X)
        whole = scaling.scale(X, scaling.statistics(X))
        inputs, predicted = self.hide(whole, rng, np.isnan(signals.X) if signals.has_gaps else None)
        return Drawn(inputs, whole, predicted / predicted.mean(axis=1, keepdims=True))

    def check(self, signals: Signals) -> list[str]:
        """Check that points can be predicted from their neighbours, but not their noise.

        Parameters
        ----------
        signals : Signals
            Noisy signals.

        Returns
        -------
        list of str
            A warning where noise is correlated beyond what is hidden.

        Raises
        ------
        ValueError
            If signals are too short, or all flat.
        """
        n_timesteps = signals.X.shape[1]
        if n_timesteps <= self.width:
            raise ValueError(
                f"n_features={n_timesteps}: supervision='blind_spot' hides {self.width} "
                "timestep(s) at once and predicts from the others, so signals need more than that. "
                "Pass longer signals, or clean ones as y."
            )
        check_varies(signals.X, "supervision='blind_spot' predicts points from their neighbours")
        return warnings_of_correlation(signals.X, self.width)

    def hide(
        self, X: Array, rng: np.random.Generator, missing: NDArray[np.bool_] | None = None
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Replace some timesteps of each signal, in all channels, by random neighbours.

        Parameters
        ----------
        X : ndarray of shape (n_signals, n_timesteps, n_channels)
            Signals of more than `width` timesteps, gaps bridged; left unchanged.
        rng : numpy.random.Generator
            Source of randomness.
        missing : ndarray of bool, X's shape, default=None
            Gaps, which are bridged anew from what is not hidden. They are never predicted: each
            signal needs a timestep without. None is none.

        Returns
        -------
        replaced : ndarray of X's shape
            Signals without the values of hidden timesteps.
        predicted : ndarray of bool, shape (n_signals, n_timesteps)
            The points to predict, at least one a signal.
        """
        n_signals, n_timesteps, _ = X.shape
        predicted, always = self._drawn_points(X.shape[:2], rng, missing)
        rows, points = np.nonzero(predicted)
        side = self.width // 2
        shifts = range(-side, side + 1)
        source = np.tile(np.arange(n_timesteps), (n_signals, 1))
        for shift in shifts:
            hidden = points + shift
            exists = (hidden >= 0) & (hidden < n_timesteps)
            neighbours = _random_neighbours(points, side, n_timesteps, rng)
            source[rows[exists], hidden[exists]] = neighbours[exists]
        # Where windows overlap, one may have got what the other hides.
        for shift in shifts:
            given = source[rows, (points + shift).clip(0, n_timesteps - 1)]
            revealed = np.abs(given - points) <= side
            predicted[rows[revealed], points[revealed]] = False
        without = ~predicted.any(axis=1)
        predicted[without, always[without]] = True
        source = source[:, :, np.newaxis]
        replaced = np.take_along_axis(X, source, axis=1)
        if missing is None:
            return replaced, predicted
        # What bridges a gap may tell of a point at its edge.
        unknown = missing | np.take_along_axis(missing, source, axis=1)
        return without_gaps(np.where(unknown, X.dtype.type(np.nan), replaced)), predicted

    def _drawn_points(
        self, shape: tuple[int, int], rng: np.random.Generator, missing: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Draw points to predict, and the one of each signal that is always among them."""
        always = np.asarray(rng.integers(shape[1], size=shape[0]))
        predicted = rng.random(shape, dtype=np.float32) < self.share
        if missing is not None:
            there = ~missing.any(axis=2)
            always = np.argmax(np.where(there, rng.random(shape), -1), axis=1)
            predicted &= there
        predicted[np.arange(shape[0]), always] = True
        return predicted, always


def _random_neighbours(
    points: NDArray[np.intp], side: int, n_timesteps: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Draw a timestep near each point, beyond the `side` ones that are hidden around it."""
    # Within half a signal, so that there is a neighbour on at least one side.
    reach = max(1, min(NEIGHBOUR_DISTANCE, (n_timesteps - 1) // 2 - side))
    offsets = rng.integers(side + 1, side + reach + 1, size=points.size)
    offsets *= rng.choice([-1, 1], size=points.size)
    neighbours = points + offsets
    outside = (neighbours < 0) | (neighbours >= n_timesteps)
    return np.where(outside, points - offsets, neighbours)


def blind_spot_error(
    run: Callable[[Array, Array], Array],
    X: Array,
    weight: Array | None = None,
    width: int = 1,
) -> float:
    """Return the mean squared error at hidden points, in units of each signal's variance.

    Flat signals are left out, and those that miss a channel (NaN) at every timestep. `run` denoises
    its first argument, scaled by the statistics of the second.
    """
    missing = np.isnan(X)
    if missing.any():
        serves = is_whole(X).any(axis=1)
        X, missing = without_gaps(X[serves]), missing[serves]
        weight = None if weight is None else weight[serves]
    if X.shape[1] <= width and X.shape[1] > 1:
        raise ValueError(
            f"score without clean signals hides {width} timesteps at once, but X has "
            f"n_features={X.shape[1]}. Choose a narrower BlindSpot."
        )
    variance = X.var(axis=1, dtype=np.float64).mean(axis=1)
    varies = variance > 0
    weight = None if weight is None else weight[varies]
    X = X[varies]
    missing, variance = missing[varies], variance[varies]
    if len(X) == 0 or (weight is not None and not weight.any()):
        raise ValueError("score without clean signals needs a signal that is not flat.")
    hidden = missing if missing.any() else None
    inputs, predicted = BlindSpot(width=width).hide(X, np.random.default_rng(0), hidden)
    error = np.square(run(inputs, X) - X, dtype=np.float64).mean(axis=2)
    by_signal = (error * predicted).sum(axis=1) / predicted.sum(axis=1) / variance
    return float(np.average(by_signal, weights=weight))
