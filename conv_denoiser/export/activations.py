"""Activations of Keras as nodes of ONNX."""

from collections.abc import Callable

import numpy as np

from conv_denoiser.export.tensors import CHANNELS, Tensor

__all__ = ["ACTIVATIONS"]


def _operator(name: str, **attributes: object) -> Callable[[Tensor], Tensor]:
    return lambda x: x.then(name, **attributes)


def _gelu(x: Tensor) -> Tensor:
    return x * ((x * np.sqrt(0.5)).then("Erf") + 1) * 0.5


# By the names of functions in keras.activations.
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "elu": _operator("Elu"),
    "exponential": _operator("Exp"),
    "gelu": _gelu,
    "hard_sigmoid": _operator("HardSigmoid", alpha=1 / 6, beta=0.5),
    "leaky_relu": _operator("LeakyRelu", alpha=0.2),
    "linear": lambda x: x,
    "relu": _operator("Relu"),
    "relu6": lambda x: x.then("Clip", 0.0, 6.0),
    "selu": _operator("Selu"),
    "sigmoid": _operator("Sigmoid"),
    "silu": lambda x: x * x.then("Sigmoid"),
    "softmax": _operator("Softmax", axis=CHANNELS),
    "softplus": _operator("Softplus"),
    "softsign": _operator("Softsign"),
    "tanh": _operator("Tanh"),
}
