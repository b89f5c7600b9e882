"""What signals held out from training tell of the errors to come."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.numbers import ceil_div, check_count
from conv_denoiser._typing import JSON, Array
from conv_denoiser.uncertainty.quantiles import check_finite_quantile, interval, rank_of_quantile
from conv_denoiser.uncertainty.scores import band_scores, pointwise_scores

__all__ = ["KINDS", "Calibration", "Ranked", "calibrated", "check_conformalized", "check_of"]

KINDS = ("pointwise", "band")
# So many scores of a kind are kept; quantiles of more are at most 1 / 4096 too high.
KEPT = 4096


class Ranked(NamedTuple):
    """Scores in rising order, without the infinite ones at the end.

    Of many, each of those at `step`, 2 * `step` ... is kept, and the last.
    """

    values: Array
    n_scores: int
    step: int

    @classmethod
    def of(cls, scores: Array) -> "Ranked":
        """Rank scores, and keep some."""
        ordered = np.sort(scores, axis=None)
        step = ceil_div(ordered.size, KEPT)
        ranks = np.minimum(np.arange(step, ordered.size + step, step), ordered.size)
        values = ordered[ranks - 1]
        return cls(values[np.isfinite(values)], ordered.size, step)

    def at(self, rank: int) -> float:
        """Return the score of a rank, counted from 1, or the next higher one that is kept."""
        place = ceil_div(rank, self.step) - 1
        return float(self.values[place]) if place < self.values.size else np.inf


@dataclass(frozen=True)
class Calibration:
    """Scores of a denoiser on signals held out from its training, for intervals of new ones.

    Parameters
    ----------
    n_signals : int
        Number of these signals.
    scores : dict of str to Ranked
        Scores by kind, "pointwise" and "band".
    of : {"clean", "noisy"}, default="clean"
        What the denoised signals were compared with.
    """

    n_signals: int
    scores: dict[str, Ranked]
    of: str = "clean"

    def to_dict(self) -> dict[str, JSON]:
        """Return what JSON can hold."""
        scores = {
            kind: {**ranked._asdict(), "values": ranked.values.tolist()}
            for kind, ranked in self.scores.items()
        }
        return {"n_signals": self.n_signals, "of": self.of, "scores": scores}

    @classmethod
    def from_dict(cls, described: JSON) -> Self:
        """Return what `to_dict` described.

        Parameters
        ----------
        described : dict
            The description, of which nothing is believed.

        Returns
        -------
        Calibration
            The same.

        Raises
        ------
        ValueError, KeyError, TypeError
            If it makes no sense.
        """
        n_signals = check_count("n_signals", described["n_signals"])
        scores = {kind: _ranked(described["scores"][kind], n_signals) for kind in KINDS}
        return cls(n_signals, scores, check_of(described["of"]))

    def interval(
        self, mean: Array, std: Array, coverage: float, kind: str = "pointwise"
    ) -> tuple[Array, Array]:
        """Return the ends of intervals about denoised signals.

        Parameters
        ----------
        mean, std : ndarray of shape (n_signals, n_timesteps[, n_channels])
            Denoised signals, and the standard deviation of their error.
        coverage : float
            Probability, above 0 and below 1.
        kind : {"pointwise", "band"}, default="pointwise"
            Whether it is that of a sample, or of a whole signal.

        Returns
        -------
        lower, upper : ndarray of mean's shape
            The ends, in the units of `mean`.

        Raises
        ------
        ValueError
            If there are too few signals for the coverage, or an argument is not valid.
        """
        return interval(mean, std, self.quantile(coverage, kind))

    def quantile(self, coverage: float, kind: str = "pointwise") -> float:
        """Return the score that a new signal stays within, see `conformal_quantile`.

        Parameters
        ----------
        coverage : float
            Probability, above 0 and below 1.
        kind : {"pointwise", "band"}, default="pointwise"
            Whether it is that of a sample, or of a whole signal.

        Returns
        -------
        float
            The score; of over 4,096, it may be that of a coverage up to 1/4096 higher.
        """
        if kind not in KINDS:
            raise ValueError(
                f"kind must be 'pointwise', for a share of samples, or 'band', for a share of "
                f"whole signals. Got {kind!r}."
            )
        ranked = self.scores[kind]
        rank = rank_of_quantile(coverage, self.n_signals, ranked.n_scores)
        return check_finite_quantile(ranked.at(rank), coverage)


def check_conformalized(calibration: Calibration | None, of: str) -> Calibration:
    """Return a calibration, or raise an error that says how to come to one."""
    check_of(of)
    if calibration is None:
        raise ValueError(
            "The denoiser is not conformalized: call conformalize(X, y) first, with signals that "
            "were held out from training."
        )
    if calibration.of != of:
        raise ValueError(
            f"The denoiser was conformalized for {calibration.of} samples. Ask for intervals of "
            f"those, of={calibration.of!r}, or conformalize it for {of} ones."
        )
    return calibration


def check_of(of: str) -> str:
    """Return what intervals are of, or raise ValueError if it is neither."""
    if of not in ("clean", "noisy"):
        raise ValueError(f"Intervals are of='clean' or of='noisy' samples. Got of={of!r}.")
    return of


def calibrated(y: ArrayLike, mean: ArrayLike, std: ArrayLike, of: str = "clean") -> Calibration:
    """Compare denoised signals with others, all (n_signals, n_timesteps[, n_channels])."""
    scores = {"pointwise": pointwise_scores(y, mean, std), "band": band_scores(y, mean, std)}
    ranked = {kind: Ranked.of(values) for kind, values in scores.items()}
    return Calibration(len(scores["band"]), ranked, of)


def _ranked(described: JSON, n_signals: int) -> Ranked:
    n_scores = check_count("n_scores", described["n_scores"])
    step = check_count("step", described["step"])
    values = np.array(described["values"], dtype=np.float64)
    possible = (
        values.ndim == 1
        and values.size <= ceil_div(n_scores, step)
        and n_scores % n_signals == 0
        and np.isfinite(values).all()
        and (np.diff(values, prepend=0) >= 0).all()
    )
    if not possible:
        raise ValueError("scores of a calibration must be numbers of at least 0, in rising order")
    return Ranked(values, n_scores, step)
