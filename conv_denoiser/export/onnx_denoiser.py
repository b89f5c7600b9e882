"""Denoisers that run on ONNX Runtime. NumPy and onnxruntime are all that is imported."""

import os
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.arrays import (
    FLOAT_TYPES,
    as_numbers,
    check_not_empty,
    check_not_infinite,
)
from conv_denoiser._checks.elsewhere import is_lazy, room_of, stand_in
from conv_denoiser._checks.numbers import check_count
from conv_denoiser._checks.ragged import as_ragged, by_length
from conv_denoiser._typing import Array
from conv_denoiser.export.onnx_card import (
    calibration_of,
    card_of,
    gaps_of,
    missing_packages,
    profile_of,
)
from conv_denoiser.export.onnx_trust import Trust
from conv_denoiser.export.tables import TableOutput
from conv_denoiser.gaps import Gaps, denoised_around_gaps
from conv_denoiser.model_files.onnx_session import open_session

if TYPE_CHECKING:
    from sklearn.utils import Tags

__all__ = ["OnnxDenoiser"]

# Timesteps of all signals together that go through the network at once: their activations stay
# in the processor's cache.
CHUNK_POINTS = 2**14


class OnnxDenoiser(Trust, TableOutput):
    """Run a denoiser that `to_onnx` wrote, on ONNX Runtime.

    It needs NumPy and onnxruntime alone, and takes the place of a fitted denoiser in
    `denoise_recording`, in a `StreamingDenoiser`, and in Pipelines. Several
    threads may share one.

    Parameters
    ----------
    path : path-like
        File that `to_onnx` wrote.
    n_threads : int, default=None
        Threads of one call; None takes as many as OMP_NUM_THREADS says, or as there are cores. One
        is best for single signals.

    Attributes
    ----------
    card : dict
        Model card: n_timesteps, n_channels, sampling_rate, supervision, noise and others.
    n_features_in_ : int
        Number of timesteps the denoiser was fitted on. Others can be denoised, too.
    n_channels_in_ : int
        Number of channels the denoiser was fitted on.
    gaps : Gaps
        What comes out where samples are missing, as for the denoiser that was exported.

    Raises
    ------
    ModelFileError
        If the file was not written by `to_onnx`, is damaged, or of another version.
    OSError
        If the file cannot be read.
    ValueError
        If `n_threads` is not a positive integer.
    ImportError
        If onnxruntime is not installed.

    Notes
    -----
    Results agree with those of `ConvDenoiser.transform` to 1e-5 of a signal's range. They are the
    same bits for any number of signals and threads. Pickles hold the whole model; scikit-learn's
    `clone` reads the file again.

    Examples
    --------
    See `to_onnx`.
    """

    # What `StreamingDenoiser` looks for: the bits of a signal do not depend on its company.
    independent_rows = True

    def __init__(self, path: str | os.PathLike[str], *, n_threads: int | None = None) -> None:
        self.path = path
        self.n_threads = n_threads
        with open(path, "rb") as file:
            self._model = file.read()
        self._load()

    def transform(self, X: Any) -> Any:
        """Denoise signals.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals, of any length; a list where lengths are unequal. NaN and masked samples
            are missing, as in `ConvDenoiser`.

        Returns
        -------
        ndarray of X's shape, a list, or the table that `set_output` asked for
            Denoised signals in the units of X, float32 for float32 input and float64 otherwise.

        Raises
        ------
        ValueError
            If X does not hold signals, or not as many channels as those fitted on, or numbers
            whose range float32 cannot hold.
        """
        return self._as_asked(self.predict(X), X)

    @overload
    def predict(self, X: ArrayLike, return_std: Literal[False] = False) -> Array: ...

    @overload
    def predict(self, X: ArrayLike, return_std: Literal[True]) -> tuple[Array, Array]: ...

    def predict(self, X: ArrayLike, return_std: bool = False) -> Array | tuple[Array, Array]:
        """Denoise signals: the same as `transform`, under the name that scorers call.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals.
        return_std : bool, default=False
            Whether to return how uncertain each sample is, too.

        Returns
        -------
        denoised : ndarray of X's shape
            Denoised signals; also after `set_output`.
        std : ndarray of X's shape
            With `return_std`: standard deviation of the error of each sample, as in
            `ConvDenoiser.predict`.

        Raises
        ------
        ValueError
            If the denoiser gives no standard deviation, or as in `transform`.
        """
        if (ragged := as_ragged(X, "X")) is not None:
            lists: Array = by_length(partial(self.predict, return_std=return_std), ragged)
            return lists
        if is_lazy(X):
            self._checked_signals(stand_in(X))
            lazy: Array = room_of(X).map_rows(OnnxDenoiser.predict, self, X, return_std=return_std)
            return lazy
        X = self._checked_signals(X)
        self._tell_of_novelty(X)
        if return_std:
            return self._predict_with_std(X)
        signals = X.reshape(*X.shape[:2], -1)
        return denoised_around_gaps(self._denoise, signals, self.gaps).reshape(X.shape)

    def _predict_with_std(self, X: Array) -> tuple[Array, Array]:
        if not self.card.get("gives_std", False):
            raise ValueError(
                f"{os.fspath(self.path)!r} does not say how uncertain its results are. Export a "
                "denoiser that was fitted with loss='gaussian_nll'."
            )
        signals = X.reshape(*X.shape[:2], -1)
        both = denoised_around_gaps(self._denoise_with_std, signals, self.gaps)
        denoised, std = np.split(both, 2, axis=2)
        return denoised.reshape(X.shape), std.reshape(X.shape)

    def _checked_signals(self, X: ArrayLike) -> Array:
        X = _as_signals(X)
        n_channels = X.shape[2] if X.ndim == 3 else 1
        if n_channels != self.n_channels_in_:
            raise ValueError(
                f"X has {n_channels} channel(s), but the denoiser was fitted on "
                f"{self.n_channels_in_}. Pass arrays of shape (n_signals, n_timesteps, "
                f"{self.n_channels_in_})."
            )
        return X

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Remember the names of the timesteps; the denoiser is fitted already.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            A table with names of its columns, or anything else, which is ignored.
        y : ignored
            Present for scikit-learn's interface.

        Returns
        -------
        self : OnnxDenoiser
            The denoiser.
        """
        self._remember_names(X)
        return self

    def fit_transform(self, X: ArrayLike, y: object = None) -> Any:
        """Denoise signals, and remember the names of their timesteps.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals.
        y : ignored
            Present for scikit-learn's interface.

        Returns
        -------
        ndarray of X's shape
            Denoised signals.
        """
        return self.fit(X).transform(X)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments, as scikit-learn's estimators do.

        Parameters
        ----------
        deep : bool, default=True
            Present for scikit-learn's interface.

        Returns
        -------
        dict
            The arguments `path` and `n_threads`.
        """
        return {"path": self.path, "n_threads": self.n_threads}

    def set_params(self, **params: object) -> Self:
        """Load again, with other arguments of the constructor.

        Parameters
        ----------
        **params
            New values of `path` or `n_threads`.

        Returns
        -------
        self : OnnxDenoiser
            The denoiser.
        """
        unknown = set(params) - set(self.get_params())
        if unknown:
            raise ValueError(f"OnnxDenoiser has the parameters path and n_threads. Got {unknown}.")
        if params.get("path", self.path) != self.path:
            self.__dict__.update(vars(type(self)(**{**self.get_params(), **params})))
        else:
            self.__setstate__({**self.__getstate__(), **params})
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> "Tags":
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(preserves_dtype=["float64", "float32"]),
            input_tags=InputTags(three_d_array=True, allow_nan=True),
            requires_fit=False,
        )

    def __repr__(self) -> str:
        return f"OnnxDenoiser({os.fspath(self.path)!r}, n_threads={self.n_threads})"

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_session"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._load()

    def _load(self) -> None:
        if self.n_threads is not None:
            check_count("n_threads", self.n_threads)
        try:
            session = open_session(self._model, os.fspath(self.path), self.n_threads)
        except ImportError as error:
            raise missing_packages("OnnxDenoiser", error) from error
        self.card = card_of(session, self.path)
        self.n_features_in_, self.n_channels_in_ = self.card["n_timesteps"], self.card["n_channels"]
        self.gaps = gaps_of(self.card) or Gaps()
        if "_calibration" not in vars(self):  # a pickle may know of others than the file
            self._calibration = calibration_of(session, self.path)
        self.profile_ = profile_of(session, self.path)
        self._warns_of_novelty = self.card.get("novelty") == "warn"
        self._session = session

    def _denoise(self, signals: Array) -> Array:
        return self._run_checked(signals, ("denoised",))

    def _denoise_with_std(self, signals: Array) -> Array:
        return self._run_checked(signals, ("denoised", "std"))

    def _run_checked(self, signals: Array, outputs: tuple[str, ...]) -> Array:
        """Return the outputs of the graph, one after the other as channels."""
        denoised = self._in_float32(signals, outputs)
        if not np.isfinite(denoised).all():
            raise ValueError(
                f"The range of a signal is too large: the largest magnitude is "
                f"{np.abs(signals).max():.3g}. Divide the signals by a constant first."
            )
        return denoised

    def _in_float32(self, signals: Array, outputs: tuple[str, ...]) -> Array:
        if signals.dtype == np.float32:
            return _side_by_side(self._run(signals, outputs))
        with np.errstate(over="ignore", invalid="ignore"):
            return self._from_float64(signals, outputs)

    def _from_float64(self, signals: Array, outputs: tuple[str, ...]) -> Array:
        if not self.card["scaled"]:
            run = self._run(signals.astype(np.float32), outputs)
            return _side_by_side(run).astype(signals.dtype)
        # Brought to the range from -1 to 1, no digits are lost with the second half of each float.
        first = signals[:, :1]
        peak = np.abs(signals - first).max(axis=1, keepdims=True)
        unit = (signals - first) / np.where(peak == 0, 1, peak)
        denoised, *std = self._run(unit.astype(np.float32), outputs)
        return _side_by_side([denoised * peak + first, *(part * peak for part in std)])

    def _run(self, signals: Array, outputs: tuple[str, ...]) -> list[Array]:
        n_rows = max(1, CHUNK_POINTS // signals.shape[1])
        signals = np.ascontiguousarray(signals)
        if len(signals) <= n_rows:
            joined = self._session.run(outputs, {"noisy": signals})
        else:
            parts = (signals[i : i + n_rows] for i in range(0, len(signals), n_rows))
            chunks = [self._session.run(outputs, {"noisy": part}) for part in parts]
            joined = [np.concatenate(same) for same in zip(*chunks, strict=True)]
        if joined[0].shape != signals.shape:
            raise ValueError(
                f"The network turns {signals.shape[1]} timesteps into {joined[0].shape[1]}. Pass "
                f"signals of {self.n_features_in_} timesteps, which it was fitted on."
            )
        return joined


def _side_by_side(arrays: list[Array]) -> Array:
    """Return arrays one after the other as channels."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=2)


def _as_signals(X: ArrayLike) -> Array:
    X = as_numbers(X, "X")
    if not isinstance(X, np.ndarray):
        raise TypeError(f"X is sparse ({type(X).__name__}). Pass X.toarray().")
    X = np.asarray(X)
    check_not_empty(X, "X")
    signals: Array = X if X.dtype in FLOAT_TYPES else X.astype(np.float64)
    check_not_infinite(signals, "X")
    return signals
