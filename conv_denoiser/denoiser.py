"""The estimator: a convolutional denoiser of 1-D signals behind scikit-learn's interface."""

import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from conv_denoiser._validation import (
    Interval,
    StrOptions,
    check_params,
    check_signals,
    check_target,
)
from conv_denoiser.metrics import snr_improvement_db
from conv_denoiser.noise import NoiseModel, as_noise_model
from conv_denoiser.preprocessing import MinMaxPerSample, PerSampleScaler, StandardizePerSample

if TYPE_CHECKING:
    import keras


__all__ = ["ConvDenoiser"]

Array = NDArray[np.floating]

# What "auto" means for each named architecture, and for a callable.
AUTO: dict[str, dict[str, Any]] = {
    "autoencoder": {
        "filters": (128, 32),
        "kernel_size": 3,
        "max_norm": 2.0,
        "loss": "binary_crossentropy",
        "scaler": MinMaxPerSample(),
    },
    "unet": {
        "filters": (32, 64, 128),
        "kernel_size": 5,
        "max_norm": None,
        "loss": "mean_squared_error",
        "scaler": StandardizePerSample(),
    },
}
AUTO_CALLABLE = {**AUTO["autoencoder"], "loss": "mean_squared_error"}
AUTO_CALLABLE["scaler"] = StandardizePerSample()


class ConvDenoiser(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Remove noise from 1-D signals with a convolutional autoencoder.

    Parameters
    ----------
    architecture : {"autoencoder", "unet"} or callable, default="autoencoder"
        The network. "autoencoder" is the recipe's, of 28,737 parameters for one channel. "unet"
        is not there yet. A callable ``(n_channels, filters, kernel_size) -> keras.Model`` builds
        your own, from and to (n_signals, n_timesteps, n_channels) with n_timesteps open (None).
    filters : tuple of int or "auto", default="auto"
        Filters of each encoding convolution; the decoder mirrors them. "auto" is (128, 32).
    kernel_size : int or "auto", default="auto"
        Timesteps that a convolution sees. "auto" is 3.
    max_norm : float, None or "auto", default="auto"
        Largest norm of a convolution's kernel; None does not limit it. "auto" is 2.0.
    loss : str, callable or "auto", default="auto"
        Name of a Keras loss, or a callable ``(y_true, y_pred) -> loss``. Binary cross-entropy
        makes the network end in a sigmoid, any other loss in a linear output. "auto" is
        "binary_crossentropy", and "mean_squared_error" for a callable architecture.
    scaler : PerSampleScaler, None or "auto", default="auto"
        Scales X, and y with the statistics of X; undone on the output, so that results have the
        units of X. None takes and returns arrays as they are. "auto" is `MinMaxPerSample`, and
        `StandardizePerSample` for a callable architecture without cross-entropy.
    supervision : {"auto", "paired", "synthetic", "blind_spot"}, default="auto"
        How the network learns: from X to y ("paired"); from clean X, with noise of `noise` drawn
        afresh every epoch ("synthetic"); or from noisy X alone, by hiding points and predicting
        them from their neighbours ("blind_spot"). "auto" is "paired" if y holds signals,
        "synthetic" if only `noise` is given, else "blind_spot".
    noise : NoiseModel, float or None, default=None
        Noise of "synthetic" training; a float is the standard deviation of Gaussian noise.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Name of a Keras optimizer; or an instance, which keeps its own learning rate.
    learning_rate : float or keras learning-rate schedule, default=1e-3
        Step size of an optimizer given by name.
    epochs : int, default=5
        Passes over the training signals.
    batch_size : int, default=150
        Signals a training step.
    validation_split : float, default=0.2
        Share of the signals, taken from the end, that `fit` validates on instead of training; 0
        trains on all.
    early_stopping : bool, default=False
        Stop when the validation loss (the training loss, without validation) no longer improves,
        and put back the weights of the best epoch.
    patience : int, default=10
        Epochs without improvement after which to stop early.
    callbacks : list or None, default=None
        Keras callbacks: classes, functions that return one, or instances, which are copied for
        each fit.
    warm_start : bool, default=False
        Go on from the last fit's network instead of a new one.
    random_state : int, RandomState or None, default=None
        Fixes initial weights, shuffling, noise and hidden points.
    verbose : {0, 1, 2}, default=0
        Keras' progress output: silent, a bar, a line an epoch.

    Attributes
    ----------
    model_ : keras.Model
        The network.
    scaler_ : PerSampleScaler or None
        The scaler in use.
    supervision_ : str
        The supervision in use.
    history_ : dict of str to list of float
        Loss and, where there is validation, val_loss of every epoch.
    n_epochs_ : int
        Number of epochs trained.
    best_epoch_ : int or None
        The epoch of the lowest validation (else training) loss, counted from 1; None before the
        first whole epoch.
    loss_floor_ : float or None
        With cross-entropy, the lowest value that it can reach: the mean entropy of the
        (validation) targets, which are not 0 or 1. None for other losses.
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

    _parameter_constraints: dict[str, list[Any]] = {
        "architecture": [StrOptions(set(AUTO)), callable],
        "filters": [StrOptions({"auto"}), tuple, list],
        "kernel_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_norm": [StrOptions({"auto"}), None, Interval(Real, 0, None, closed="neither")],
        "loss": [str, callable],
        "scaler": [StrOptions({"auto"}), None, PerSampleScaler],
        "supervision": [StrOptions({"auto", "paired", "synthetic", "blind_spot"})],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "validation_split": [Interval(Real, 0, 1, closed="left")],
        "early_stopping": ["boolean"],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "callbacks": [None, list, tuple],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        architecture: str | Callable[..., "keras.Model"] = "autoencoder",
        *,
        filters: Sequence[int] | str = "auto",
        kernel_size: int | str = "auto",
        max_norm: float | str | None = "auto",
        loss: Any = "auto",
        scaler: Any = "auto",
        supervision: str = "auto",
        noise: NoiseModel | float | None = None,
        optimizer: Any = "adam",
        learning_rate: Any = 1e-3,
        epochs: int = 5,
        batch_size: int = 150,
        validation_split: float = 0.2,
        early_stopping: bool = False,
        patience: int = 10,
        callbacks: Sequence[Any] | None = None,
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
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.early_stopping = early_stopping
        self.patience = patience
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    _network: dict[str, Any]
    history_: dict[str, list[float]]

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals; clean ones where the supervision is "synthetic".
        y : array-like of X's shape or of shape (n_signals,), default=None
            Clean signals, or a second noisy take of them. A one-dimensional y holds labels for a
            later step of a Pipeline and is ignored.

        Returns
        -------
        self : ConvDenoiser
            The fitted denoiser.

        Raises
        ------
        ValueError
            If a parameter, X or y is not valid, or the loss becomes NaN.
        """
        check_params(self)
        X = check_signals(self, X, reset=True)
        y = check_target(y, X)
        return self._fit(_with_channels(X), None if y is None else _with_channels(y))

    def transform(self, X: ArrayLike) -> Array:
        """Denoise signals.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals, as long and with as many channels as those seen in `fit`.

        Returns
        -------
        ndarray of X's shape
            Denoised signals in the units of X, float32 for float32 input and float64 otherwise.
        """
        return self._denoise(X)

    def predict(self, X: ArrayLike) -> Array:
        """Denoise signals: the same as `transform`, under the name that scorers call.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals.

        Returns
        -------
        ndarray of X's shape
            Denoised signals.
        """
        return self._denoise(X)

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """Return a score, the higher the better, with or without clean signals.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals.
        y : array-like of X's shape or of shape (n_signals,), default=None
            Clean signals. Labels are ignored.

        Returns
        -------
        float
            With clean signals, the mean improvement of the signal-to-noise ratio in dB; 0 is doing
            nothing. Without, minus the mean squared error at hidden points of X, predicted from
            their neighbours, over the variance of each signal.
        """
        check_is_fitted(self)
        X = check_signals(self, X, reset=False)
        clean = check_target(y, X)
        if clean is None:
            return -self._blind_spot_error(_with_channels(X))
        return float(snr_improvement_db(clean, self._denoise(X), X))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def __getstate__(self) -> dict[str, Any]:
        # A network is kept as its weights and rebuilt by our own code: small, and independent of
        # Keras' file formats. The compiled call cannot be pickled at all.
        state = super().__getstate__().copy()
        if "model_" in state:
            state["model_"] = self.model_.get_weights()
            del state["_forward"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "model_" in state:
            from conv_denoiser import _keras, _networks

            with _keras.seeded(0):
                model = _networks.build_network(**self._network)
            model.set_weights(state["model_"])
            self._set_model(model)

    def _fit(self, X: Array, y: Array | None) -> Self:
        from conv_denoiser import _keras, _networks, _supervision

        n_train = self._n_training_signals(len(X))
        cross_entropy = _keras.is_cross_entropy(self._chosen("loss"))
        network = self._network_options(X.shape[2], "sigmoid" if cross_entropy else "linear")
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        resume = self.warm_start and hasattr(self, "model_")
        if resume and network != self._network:
            raise ValueError(
                "warm_start=True goes on with the network fitted before, but its options changed "
                f"from {self._network} to {network}. Fit with warm_start=False first."
            )
        history = self.history_ if resume else {"loss": []}
        epoch = len(history["loss"])

        with _keras.seeded(seed):
            model = self.model_ if resume else _networks.build_network(**network)
            problem = _supervision.Problem(
                supervision=self._chosen_supervision(y),
                noise=as_noise_model(self.noise),
                scaler=clone(self._chosen("scaler"), safe=False),
                cross_entropy=cross_entropy,
                length=_networks.padded_length(model, X.shape[1]),
            )
            _supervision.check_problem(problem, X, y)
            train, validation = _supervision.split(
                X, y, problem, n_train=n_train, batch_size=self.batch_size, seed=seed
            )
            floor = _supervision.cross_entropy_floor(validation or train[0], problem)
            new = _keras.train(
                model,
                train,
                validation,
                loss=self._chosen("loss"),
                optimizer=self.optimizer,
                learning_rate=self.learning_rate,
                epochs=self.epochs,
                initial_epoch=epoch,
                patience=self.patience if self.early_stopping else None,
                callbacks=self.callbacks,
                verbose=self.verbose,
                batch_size=self.batch_size,
            )

        self._network, self._length = network, problem.length
        self.scaler_, self.supervision_ = problem.scaler, problem.supervision
        self.loss_floor_ = floor
        self.history_ = {name: history.get(name, []) + values for name, values in new.items()}
        self.n_epochs_ = len(self.history_.setdefault("loss", []))
        monitored = self.history_.get("val_loss", self.history_["loss"])
        self.best_epoch_ = int(np.argmin(monitored)) + 1 if monitored else None
        self._set_model(model)
        return self

    def _set_model(self, model: "keras.Model") -> None:
        from conv_denoiser._inference import compile_forward

        self.model_ = model
        self._forward = compile_forward(model)

    def _denoise(self, X: ArrayLike) -> Array:
        check_is_fitted(self)
        X = check_signals(self, X, reset=False)
        noisy = _with_channels(X)
        return self._run(noisy, noisy).reshape(X.shape)

    def _run(self, inputs: Array, reference: Array) -> Array:
        """Run the network on signals scaled by the statistics of `reference`."""
        if self.scaler_ is None:
            return self._forward_padded(inputs)
        statistics = self.scaler_.statistics(reference)
        output = self._forward_padded(self.scaler_.scale(inputs, statistics))
        return self.scaler_.unscale(output, statistics)

    def _forward_padded(self, inputs: Array) -> Array:
        from conv_denoiser._inference import pad_timesteps

        output = self._forward(pad_timesteps(inputs, self._length))
        return output[:, : inputs.shape[1]].astype(inputs.dtype, copy=False)

    def _blind_spot_error(self, X: Array) -> float:
        """Mean squared error at hidden points, over the variance of each signal that has any."""
        from conv_denoiser._supervision import hide_points

        variance = X.var(axis=1, dtype=np.float64).mean(axis=1)
        X, variance = X[variance > 0], variance[variance > 0]
        if len(X) == 0:
            raise ValueError("score without clean signals needs a signal that is not flat.")
        inputs, hidden = hide_points(X, np.random.default_rng(0))
        error = np.square(self._run(inputs, X) - X, dtype=np.float64).mean(axis=2)
        return float(np.mean((error * hidden).sum(axis=1) / hidden.sum(axis=1) / variance))

    def _chosen(self, name: str) -> Any:
        """Value of a parameter, or what "auto" means for the architecture."""
        value = getattr(self, name)
        if not (isinstance(value, str) and value == "auto"):
            return value
        return (AUTO_CALLABLE if callable(self.architecture) else AUTO[self.architecture])[name]

    def _network_options(self, n_channels: int, output_activation: str) -> dict[str, Any]:
        filters = self._chosen("filters")
        if not filters or not all(isinstance(n, (int, np.integer)) and n > 0 for n in filters):
            raise ValueError(
                f"filters must be positive integers, as in (128, 32). Got {filters!r}."
            )
        return {
            "architecture": self.architecture,
            "n_channels": n_channels,
            "filters": tuple(filters),
            "kernel_size": self._chosen("kernel_size"),
            "max_norm": self._chosen("max_norm"),
            "output_activation": output_activation,
        }

    def _chosen_supervision(self, y: Array | None) -> str:
        chosen = self.supervision
        if chosen == "auto":
            chosen = "paired" if y is not None else "synthetic" if self.noise else "blind_spot"
        if chosen == "paired" and y is None:
            raise ValueError(
                "supervision='paired' needs clean signals y of X's shape, and got none. Pass y, or "
                "choose supervision='blind_spot' (X noisy) or 'synthetic' (X clean, noise=...)."
            )
        if chosen == "synthetic" and self.noise is None:
            raise ValueError(
                "supervision='synthetic' adds noise to clean X and needs a noise model, for "
                "example noise=0.05 or noise=GaussianNoise(snr_db=(0, 12)). Got noise=None."
            )
        return chosen

    def _n_training_signals(self, n_signals: int) -> int:
        n_train = math.floor(n_signals * (1 - self.validation_split))
        if n_train == 0:
            raise ValueError(
                f"n_samples={n_signals}: validation_split={self.validation_split} leaves no signal "
                "to train on. Pass more signals, or validation_split=0."
            )
        return n_train


def _with_channels(X: Array) -> Array:
    return X if X.ndim == 3 else X[:, :, np.newaxis]
