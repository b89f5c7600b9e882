"""The estimator: a convolutional denoiser of 1-D signals behind scikit-learn's interface."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from conv_denoiser._checks.arrays import with_channels
from conv_denoiser._checks.callbacks import CallbackSupportMixin, with_callbacks
from conv_denoiser._checks.elsewhere import check_together, is_lazy, room_of
from conv_denoiser._checks.ragged import as_ragged, by_length, score_by_length
from conv_denoiser._checks.validation import (
    check_output_container,
    check_signals,
    check_weight,
    clean_signals,
)
from conv_denoiser.denoiser.defaults import CONSTRAINTS
from conv_denoiser.denoiser.fitting import fit_denoiser, partially_fit
from conv_denoiser.denoiser.nested import NestedParameters
from conv_denoiser.denoiser.plan import hiding, may_need_target
from conv_denoiser.denoiser.uncertain import Uncertain
from conv_denoiser.gaps import Gaps
from conv_denoiser.metrics import snr_improvement_db
from conv_denoiser.noise import NoiseModel
from conv_denoiser.supervision.blind_spot import BlindSpot, blind_spot_error

if TYPE_CHECKING:
    import keras

__all__ = ["ConvDenoiser"]


class ConvDenoiser(
    CallbackSupportMixin,
    NestedParameters,
    Uncertain,
    OneToOneFeatureMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Remove noise from 1-D signals with a convolutional autoencoder.

    Parameters
    ----------
    architecture : {"autoencoder", "unet", "unet-small"} or callable, default="autoencoder"
        The network. "autoencoder" is the recipe's, of 28,737 parameters for one channel. "unet"
        sees far, and removes much more noise; "unet-small" is the same of 69,569 parameters, for a
        tenth of the operations or less. A callable ``(n_channels, filters, kernel_size) ->
        keras.Model`` builds your own, from and to (n_signals, n_timesteps, n_channels) with
        n_timesteps open (None).
    filters : tuple of int or "auto", default="auto"
        Filters of each encoding convolution; the decoder mirrors them. Of a "unet", those of each
        level, a quarter as long as the one before. "auto" is (128, 32), (32, 64, 128, 128) for
        a "unet", (8, 16, 32, 32) for a "unet-small".
    kernel_size : int or "auto", default="auto"
        Timesteps that a convolution sees. "auto" is 3; 5 for both U-Nets.
    max_norm : float, None or "auto", default="auto"
        Largest norm of a convolution's kernel; None does not limit it. "auto" is 2.0; None for
        both U-Nets.
    loss : str, callable or "auto", default="auto"
        Name of a Keras loss, or a callable ``(y_true, y_pred) -> loss`` of each timestep, of shape
        (n_signals, n_timesteps). Binary cross-entropy makes the network end in a sigmoid, any
        other loss in a linear output. With "gaussian_nll", signals learn from the squared error,
        and a second output learns how uncertain each sample is, see `predict`; a callable
        `architecture` then returns twice the channels: signals, and log variances of their errors.
        "auto" is "binary_crossentropy" for the autoencoder, else "mean_squared_error".
    scaler : PerSampleScaler, None or "auto", default="auto"
        Scales X, and y with the statistics of X; undone on the output, so that results have the
        units of X. None takes and returns arrays as they are. "auto" is `MinMaxPerSample` for the
        autoencoder and for callables with cross-entropy, else `StandardizePerSample`. Jumps, slow
        trends and the height of spikes, where training signals hardly have them, are taken off
        before and put back after, lest they spoil the rest of a signal; not so where cross-entropy
        comes with an explicit `MinMaxPerSample` or None, as in the recipe. With None, steps and
        drifts that bring a signal to levels that training signals do not have do harm.
    supervision : {"auto", "paired", "synthetic", "blind_spot", "recorrupted"} or BlindSpot, \
            default="auto"
        How the network learns: from X to y ("paired"); from clean X, with noise of `noise` drawn
        afresh every epoch ("synthetic"); or from noisy X alone, by hiding points and predicting
        them from their neighbours ("blind_spot", short for `BlindSpot()`), or, where noise is
        white, by adding more of it to what is seen and taking it off what is learned
        ("recorrupted"). "auto" is "paired" if y holds signals, "synthetic" if only `noise` is
        given, else "blind_spot", or "recorrupted" where training begins with the weights of the
        package and noise is clearly white.
    noise : NoiseModel, float or None, default=None
        Noise of "synthetic" training; a float is the standard deviation of Gaussian noise.
    gaps : {"fill", "keep"} or Gaps, default="fill"
        What comes out where samples are missing (NaN, masked): what the network makes of a straight
        line there, or NaN. `Gaps` fills short gaps alone. In training, they have no weight.
    novelty : {"ignore", "warn"}, default="ignore"
        Whether to warn when more than a fifth of the signals to denoise are unlike those of the
        last `fit`, see `novelty_score`; the warning comes once for each line of yours.
    init : {"auto", "pretrained", "ecg", "random"}, default="auto"
        Weights that training starts from. "pretrained" are those of a "unet" or "unet-small" for
        one channel that learned from random signals of every kind; this "unet" has `filters` of
        (12, 24, 48, 48).
        "auto" takes them where nothing asks for another network. "ecg" are those of the model of
        that name, see `list_pretrained`.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Name of a Keras optimizer; or an instance, which keeps its own learning rate.
    learning_rate : float, keras learning-rate schedule or "auto", default="auto"
        Step size of an optimizer given by name. "auto" is 1e-3; where the number of epochs is
        "auto" and signals are few, it rises to 2e-3 and falls to 0 along a cosine. What begins
        with weights of the package is learned at up to 1e-3, or 5e-4 from noisy signals alone.
    epochs : int or "auto", default="auto"
        Passes over the training signals. "auto" is 5; with fewer than 15,000 training signals, as
        many as make 800 training steps, up to 200. What begins with weights of the package takes
        120 steps, or 150 from noisy signals alone, and 3 epochs at least.
    batch_size : int or "auto", default="auto"
        Signals a training step. "auto" is 150; with fewer than 15,000 training signals, 32.
    validation_split : float or splitter, default=0.2
        Share of the signals, taken from the end, that `fit` validates on instead of training; 0
        trains on all. A splitter of scikit-learn that needs neither labels nor groups, and whose
        first split is used: ``ShuffleSplit(1, test_size=0.2, random_state=0)`` shuffles first.
    early_stopping : bool or "auto", default="auto"
        Stop when the validation loss (the training loss, without validation) no longer improves
        for `patience` epochs, and put back the weights of the best epoch, also when training goes
        on to the last one. "auto" trains to the end, and puts back the best epoch where the number
        of epochs is "auto", signals are few and there is validation.
    patience : int, default=10
        Epochs without improvement after which to stop early.
    callbacks : list or None, default=None
        Keras callbacks: classes, functions that return one, or instances, which are copied for
        each fit.
    checkpoint : path-like or None, default=None
        File that `fit` replaces after every epoch, and removes at its end. If the process dies, the
        next `fit` with the same signals and parameters goes on from there.
    warm_start : bool, default=False
        Go on from the last fit's network instead of a new one, and from its optimizer as long as
        loss, optimizer and learning_rate are the same (and it was not loaded from a file of `save`
        in between). A "unet" that began at random cannot go on from or to "blind_spot": its output
        is another one.
    random_state : int, RandomState or None, default=None
        Fixes initial weights, shuffling, noise and hidden points.
    verbose : {0, 1, 2}, default=0
        Progress: silent; one bar on standard error, with the time left; a line an epoch.

    Attributes
    ----------
    model_ : keras.Model
        The network.
    scaler_ : PerSampleScaler or None
        The scaler in use.
    supervision_ : str
        The supervision in use.
    history_ : dict of str to list of float
        Loss and, where there is validation, val_loss of every epoch; NaN where a warm start
        changed what is recorded.
    n_epochs_ : int
        Number of epochs trained.
    best_epoch_ : int or None
        Of the epochs of the last fit, the one of the lowest validation (else training) loss,
        counted from 1 over all fits; None if that fit had no whole epoch.
    receptive_field_ : int or None
        Timesteps of X that a denoised point depends on at most (but for the scaler's statistics);
        None for over 8,192. Found anew by every access, which takes seconds.
    loss_floor_ : float or None
        With cross-entropy, the lowest value that it can reach: the mean entropy of the
        targets that the last fit validated (else trained) on, which are not 0 or 1. None for
        other losses.
    diagnostics_ : dict or None
        What the last `fit` came to, on a few signals that were held out (else trained on): how
        many, training steps, standard deviations of input, output, what was removed and the noise,
        improvement of the signal-to-noise ratio where there are targets, validation over training
        loss, and what of the removed lies far beyond the rest. None after `partial_fit`.
    n_features_in_ : int
        Number of timesteps seen in `fit`.
    n_channels_in_ : int
        Number of channels seen in `fit`.
    feature_names_in_ : ndarray of str
        Names of the timesteps, where X had string column names.

    Notes
    -----
    Where the output is a sigmoid, targets beyond the scaled range of X are clipped to it. A signal
    that is flat in X stays as it is.

    Examples
    --------
    >>> from conv_denoiser import ConvDenoiser, SignalGenerator
    >>> X, y = SignalGenerator("sine", noise=0.5, random_state=0).sample(300, return_X_y=True)
    >>> denoiser = ConvDenoiser(
    ...     filters=(8,), kernel_size=9, batch_size=10, learning_rate=0.01, random_state=0
    ... )
    >>> denoiser.fit(X, y).transform(X).shape
    (300, 150)
    >>> denoiser.score(X, y) > 3  # dB gained
    True
    """

    _parameter_constraints = CONSTRAINTS

    def __init__(
        self,
        architecture: str | Callable[..., "keras.Model"] = "autoencoder",
        *,
        filters: Sequence[int] | str = "auto",
        kernel_size: int | str = "auto",
        max_norm: float | str | None = "auto",
        loss: Any = "auto",
        scaler: Any = "auto",
        supervision: str | BlindSpot = "auto",
        noise: NoiseModel | float | None = None,
        gaps: str | Gaps = "fill",
        novelty: str = "ignore",
        init: str = "auto",
        optimizer: Any = "adam",
        learning_rate: Any = "auto",
        epochs: int | str = "auto",
        batch_size: int | str = "auto",
        validation_split: Any = 0.2,
        early_stopping: bool | str = "auto",
        patience: int = 10,
        callbacks: Sequence[Any] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.architecture = architecture
        self.filters = filters
        self.kernel_size = kernel_size
        self.max_norm = max_norm
        self.loss = loss
        self.scaler = scaler
        self.supervision = supervision
        self.noise = noise
        self.gaps = gaps
        self.novelty = novelty
        self.init = init
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.early_stopping = early_stopping
        self.patience = patience
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    def fit(
        self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals; clean ones where the supervision is "synthetic". NaN and masked samples
            are missing; timesteps that miss a channel of what is learned have no weight. Signals
            of unequal lengths are a list; long ones are cut into overlapping pieces. A Dask
            array is read some chunks at a time, in random order, and without validation.
        y : array-like of X's shape or of shape (n_signals,), default=None
            Clean signals, or a second noisy take of them. A one-dimensional y holds labels for a
            later step of a Pipeline and is ignored.
        sample_weight : array-like of shape (n_signals,), default=None
            How much the loss of each signal counts, relative to the others; signals of weight 0
            are left out.

        Returns
        -------
        self : ConvDenoiser
            The fitted denoiser.

        Raises
        ------
        ValueError
            If a parameter, X, y or sample_weight is not valid, or a loss or weight becomes NaN or
            infinite.

        Warns
        -----
        DenoisingWarning
            If the result is doubtful, by the numbers in `diagnostics_`.

        Notes
        -----
        Signals without any sample are left out, with a warning.

        Ctrl-C, or an error after training began, as in a callback, leaves the denoiser fitted with
        what it learned until then; any other error leaves it as it was, though after a divergence
        a warm start begins with a new optimizer.
        """
        return fit_denoiser(self, X, y, sample_weight)

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train the network for one more epoch, without validation, on signals that come in chunks.

        With all signals in one chunk, a number of `epochs` and an int as `random_state`, as many
        calls give the bits of one `fit` with ``validation_split=0``. A denoiser that was pickled
        keeps its weights, but starts its optimizer anew.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals; clean ones where the supervision is "synthetic".
        y : array-like of X's shape or of shape (n_signals,), default=None
            Clean signals, as in `fit`.
        sample_weight : array-like of shape (n_signals,), default=None
            How much the loss of each signal counts, relative to the others in this chunk.

        Returns
        -------
        self : ConvDenoiser
            The denoiser, fitted to all chunks until now.
        """
        return partially_fit(self, X, y, sample_weight)

    def transform(self, X: ArrayLike) -> Any:
        """Denoise signals.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals, as long and with as many channels as those seen in `fit`; of any length
            after a fit to unequal ones. Of a Dask array, each chunk of rows is denoised by itself.

        Returns
        -------
        ndarray of X's shape
            Denoised signals in the units of X, float32 for float32 input and float64 otherwise;
            for a Dask array a lazy one, and a list for a list of signals of unequal lengths.

        Warns
        -----
        DenoisingWarning
            With ``novelty="warn"``, of signals unlike those learned from.
        """
        check_is_fitted(self)
        if is_lazy(X):
            check_output_container(self, X)
            return self._lazily(ConvDenoiser.transform, X)
        if (signals := as_ragged(X, "X")) is not None:
            check_output_container(self, signals)
            return by_length(self.predict, signals)
        X = check_signals(self, X, reset=False)
        check_output_container(self, X)
        self._tell_of_novelty(X)
        return self._denoise(X)

    def score(
        self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return a score, the higher the better, with or without clean signals.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals; those of a Dask array need clean ones.
        y : array-like of X's shape or of shape (n_signals,), default=None
            Clean signals. Labels are ignored.
        sample_weight : array-like of shape (n_signals,), default=None
            How much each signal counts in the mean.

        Returns
        -------
        float
            With clean signals, the mean improvement of the signal-to-noise ratio in dB; 0 is doing
            nothing. Without, minus the mean squared error at hidden points of X, predicted from
            their neighbours, over the variance of each signal. Missing samples do not count.
        """
        check_is_fitted(self)
        if (signals := as_ragged(X, "X")) is not None:
            return score_by_length(self.score, signals, y, sample_weight)
        if is_lazy(X):
            return float(room_of(X).score_rows(self.predict(X), X, y, sample_weight))
        check_together(X, y=y)
        X = check_signals(self, X, reset=False)
        clean = clean_signals(y, X, needed=may_need_target(self))
        weight = check_weight(sample_weight, X)
        if clean is None:
            width = hiding(self).width
            return -blind_spot_error(self._network.denoise, with_channels(X), weight, width)
        return float(snr_improvement_db(clean, self._denoise(X), X, sample_weight=weight))

    @property
    def receptive_field_(self) -> int | None:
        """Timesteps of X that a denoised point depends on at most; None for over 8,192."""
        check_is_fitted(self)
        from conv_denoiser.networks.geometry import receptive_field

        return receptive_field(self._network.spec)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
