"""The fitted state of an estimator: what it learned, or what is part of the package."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from conv_denoiser._typing import Array
from conv_denoiser.denoiser.defaults import PRETRAINED
from conv_denoiser.denoiser.diagnostics import Diagnostics
from conv_denoiser.networks.network import Network
from conv_denoiser.preprocessing import PerSampleScaler, StandardizePerSample
from conv_denoiser.preprocessing.scaling import Scaling
from conv_denoiser.pretrained.ecg import WINDOW
from conv_denoiser.pretrained.unet import unet_weights
from conv_denoiser.training.plan import CompileOptions

if TYPE_CHECKING:
    import keras

__all__ = ["FittedNetwork"]

# Architecture and `init` of the models, by name.
MODELS = {
    "universal": ("unet", "pretrained"),
    "universal-unet": ("unet", "pretrained"),
    "universal-unet-small": ("unet-small", "pretrained"),
    "ecg": ("unet", "ecg"),
}
FITTED: dict[str, Any] = {
    "_any_length": True,
    "n_features_in_": 512,  # timesteps of the signals that it learned from
    "n_channels_in_": 1,
    "supervision_": "synthetic",
    "best_epoch_": None,
    "loss_floor_": None,
    "diagnostics_": None,
    "calibration_": None,
    "profile_": None,
    "history_": {"loss": []},
    "n_epochs_": 0,
}


class FittedNetwork(BaseEstimator):
    """Holds what was learned: a network, and what its optimizer remembers."""

    _network: Network
    _compile_options: CompileOptions | None
    _optimizer: Sequence[Array] | None  # what it remembers, where no model does
    _any_length: bool  # whether signals need not be as long as in `fit`
    diagnostics_: Diagnostics | None

    @classmethod
    def from_pretrained(cls, name: str = "universal", **parameters: Any) -> Self:
        """Return a fitted denoiser, trained on random signals of every kind or on ECGs.

        It takes signals of any length, of one channel. `fit` and `partial_fit` go on from what it
        learned; `conv_denoiser.denoise` removes more white noise, but learns nothing.

        Parameters
        ----------
        name : {"universal", "universal-unet", "universal-unet-small", "ecg"}, default="universal"
            Name of the model, see `conv_denoiser.list_pretrained`; the first two are
            "universal-unet". "universal-unet-small" needs half its time. "ecg" takes ECGs of 360
            samples a second, where ``conv_denoiser.denoise(x, model="ecg", sampling_rate=...)``
            resamples others.
        **parameters
            Parameters for further fits, such as `supervision` and `noise`.

        Returns
        -------
        ConvDenoiser
            The fitted denoiser.

        Raises
        ------
        ValueError
            If there is no such model.
        ModelFileError
            If its file is damaged.

        Examples
        --------
        >>> from conv_denoiser import ConvDenoiser, SignalGenerator
        >>> ecg = SignalGenerator("ecg", noise=0.2, n_timesteps=600, random_state=0)
        >>> X, y = ecg.sample(4, return_X_y=True)
        >>> denoiser = ConvDenoiser.from_pretrained()
        >>> denoiser.score(X, y) > 3  # dB gained
        True
        """
        if name not in MODELS:
            raise ValueError(
                f"There is no pretrained model {name!r}. Expected one of "
                f"{', '.join(map(repr, MODELS))}."
            )
        architecture, init = MODELS[name]
        is_ecg = init == "ecg"
        denoiser: Any = cls(**{"architecture": architecture, "init": init, **parameters})
        # Jumps of an ECG are electrodes that move, which it learned to remove.
        scaling = Scaling(StandardizePerSample(), jumps=not is_ecg, trends=True)
        spec = PRETRAINED[architecture]
        weights = unet_weights(init, architecture)
        network = Network(spec, scaling, spec.padded_length(1), weights=weights)
        n_timesteps = {"n_features_in_": WINDOW} if is_ecg else {}
        denoiser._take_over(network, {**copy.deepcopy(FITTED), **n_timesteps})
        fitted: Self = denoiser
        return fitted

    @property
    def model_(self) -> "keras.Model":
        """The network, built when it is first used."""
        check_is_fitted(self)
        return self._network.model

    @property
    def scaler_(self) -> PerSampleScaler | None:
        """The scaler in use."""
        check_is_fitted(self)
        return self._network.scaling.scaler

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_network")

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__().copy()
        if self.__sklearn_is_fitted__():
            # What the optimizer remembers serves a warm start alone.
            state["_optimizer"] = self._remembered() if self.warm_start else None
        return state

    def _remembered(self) -> Sequence[Array] | None:
        """Return what the optimizer remembers, if there is one."""
        if self._optimizer is not None or not self._network.is_compiled:
            return self._optimizer
        from conv_denoiser.training.compiling import optimizer_state

        return optimizer_state(self._network.model)

    def _take_any_length(self) -> None:
        """Take signals of any length from now on, as those that it learned from had."""
        from conv_denoiser.networks.geometry import padded_length

        network = self._network
        length = padded_length(network.model, 1, network.spec)
        self._network, self._any_length = network.adapted(network.scaling, length), True

    def _take_over(self, network: Network, fitted: dict[str, Any]) -> None:
        """Be fitted with a network that was trained elsewhere."""
        self._network, self._compile_options, self._optimizer = network, None, None
        self.__dict__.update(fitted)
