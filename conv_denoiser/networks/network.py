"""A network that denoises: what it is, what it learned, and how signals are brought to it."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from conv_denoiser._checks.arrays import pad_timesteps
from conv_denoiser._typing import Array
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.preprocessing.scaling import Scaling

if TYPE_CHECKING:
    import keras

__all__ = ["Network"]

_BUILDING = threading.RLock()


class Network:
    """A network with its weights, built when it is first used.

    Parameters
    ----------
    spec : NetworkSpec
        What is built.
    scaling : Scaling
        Scales signals on their way in, and back on their way out.
    length : int
        Timesteps that shorter signals are padded to.
    weights : sequence of ndarray, default=None
        Weights in the order of the layers; not needed with `model`.
    model : keras.Model, default=None
        The network, if it is built already.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        scaling: Scaling,
        length: int,
        *,
        weights: Sequence[Array] = (),
        model: "keras.Model | None" = None,
    ) -> None:
        self.spec = spec
        self.scaling = scaling
        self.length = length
        self._weights, self._model = weights, model
        self._forward: Callable[[Array], Array] | None = None

    @property
    def model(self) -> "keras.Model":
        """The Keras model, built at the first access."""
        with _BUILDING:
            if self._model is None:
                model = self.spec.build()
                model.set_weights(self._weights)
                self._model, self._weights = model, ()
            return self._model

    @property
    def is_compiled(self) -> bool:
        """Whether there is an optimizer that remembers a training."""
        return self._model is not None and bool(self._model.compiled)

    @property
    def weights(self) -> Sequence[Array]:
        """The weights in the order of the layers."""
        return self._weights if self._model is None else self._model.get_weights()

    @property
    def n_parameters(self) -> int:
        """Number of weights, each number counted."""
        return sum(array.size for array in self.weights)

    def denoise(
        self,
        X: Array,
        reference: Array | None = None,
        *,
        compiled: bool = True,
        with_std: bool = False,
    ) -> Array:
        """Denoise signals (n_signals, n_timesteps, n_channels), scaled as `reference` is.

        Signals are scaled by their own statistics if there is no `reference`. Compiling takes
        longer than a few signals do without. The standard deviations of the errors, where they are
        wanted, follow as further channels.
        """
        statistics = self.scaling.statistics(X if reference is None else reference)
        scaled = self.scaling.scale(X, statistics)
        length = max(self.length, X.shape[1])
        output = (self._run if compiled else self._run_once)(pad_timesteps(scaled, length))
        output = output[:, : X.shape[1]].astype(scaled.dtype, copy=False)
        mean = output[..., : X.shape[2]]
        denoised = self.scaling.unscale(mean, statistics)
        if not with_std:
            return denoised
        std = np.exp(np.ascontiguousarray(output[..., X.shape[2] :]) / 2)
        std = self.scaling.unscale_deviation(std, mean, statistics)
        return np.concatenate([denoised, std], axis=2)

    def adapted(self, scaling: Scaling, length: int) -> Self:
        """Return the same model, to which signals are brought in another way."""
        other = type(self)(self.spec, scaling, length, model=self.model)
        other._forward = self._forward
        return other

    def copy(self) -> Self:
        """Return an equal network that shares nothing with this one."""
        weights = [array.copy() for array in self.weights]
        return type(self)(self.spec, self.scaling, self.length, weights=weights)

    def __getstate__(self) -> dict[str, object]:
        # Weights alone, in no format of Keras'.
        return {
            "spec": self.spec,
            "scaling": self.scaling,
            "length": self.length,
            "weights": self.weights,
        }

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def _run(self, x: Array) -> Array:
        if self._forward is None:
            from conv_denoiser.networks.forward import compile_forward

            self._forward = compile_forward(self.model)
        return self._forward(x)

    def _run_once(self, x: Array) -> Array:
        output: Array = self.model(x.astype(np.float32), training=False).numpy()
        return output
