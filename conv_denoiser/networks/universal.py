"""The universal network as a Keras model: from channels to the noise and its log variance."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from conv_denoiser.networks.backend import keras

__all__ = ["FILTERS", "STRIDES", "build_universal_network"]

FILTERS = (10, 20, 40, 48, 48)
STRIDES = (1, 4, 4, 4, 4)
# The last two channels hold what thresholding takes off; the network chooses how much to believe.
N_EXPERTS = 2
# Features at the full rate, where the first level has a lower one.
N_FINE = 8
RELU = {"activation": "relu", "kernel_initializer": "he_normal"}


def build_universal_network(
    filters: Sequence[int] = FILTERS,
    strides: Sequence[int] = STRIDES,
    kernel_size: int = 5,
    n_channels: int = 6,
    n_experts: int = N_EXPERTS,
) -> keras.Model:
    """Build a U-Net of residual blocks that gives (n_signals, n_timesteps, 2).

    The first output is the noise in units of its level: a sum of what the last two channels hold,
    each with a weight from 0 to 1 that is chosen sample by sample, and of the network's own. The
    second is the logarithm of the variance of what is left. The number of timesteps must be a
    multiple of the product of `strides`.
    """
    block = partial(_block, kernel_size=kernel_size)
    inputs = keras.Input((None, n_channels))
    x, way_down = inputs, []
    for level, (n_filters, stride) in enumerate(zip(filters, strides, strict=True)):
        size = kernel_size if stride == 1 else 2 * stride
        x = _convolution(f"down{level}", n_filters, size, strides=stride, **RELU)(x)
        x = block(x, f"down{level}_block", n_filters)
        if level < len(filters) - 1:
            way_down.append(x)
    x = block(x, "lowest_block", filters[-1])
    for level in range(len(filters) - 2, -1, -1):
        x = _up(x, f"up{level}", filters[level], strides[level + 1])
        x = block(keras.layers.Add()([x, way_down[level]]), f"up{level}_block", filters[level])
    if strides[0] > 1:
        fine = _convolution("fine", N_FINE, kernel_size, **RELU)(inputs)
        x = keras.layers.Add()([_up(x, "fine_up", N_FINE, strides[0]), fine])
        x = block(x, "fine_block", N_FINE)
    own = _convolution("own", 2, kernel_size, kernel_initializer="zeros")(x)
    if not n_experts:
        return keras.Model(inputs, own, name="universal")
    belief = _convolution("belief", n_experts, kernel_size, activation="sigmoid")(x)
    believed = keras.layers.Multiply()([belief, inputs[:, :, -n_experts:]])
    # A sum over experts, into the first output only.
    total = keras.layers.Conv1D(
        2, 1, use_bias=False, trainable=False, kernel_initializer=_first_of_two, name="sum"
    )(believed)
    return keras.Model(inputs, keras.layers.Add()([own, total]), name="universal")


def _convolution(name: str, n_filters: int, size: int, **options: object) -> keras.Layer:
    return keras.layers.Conv1D(n_filters, size, padding="same", name=name, **options)


def _block(x: keras.KerasTensor, name: str, n_filters: int, kernel_size: int) -> keras.KerasTensor:
    y = _convolution(f"{name}_1", n_filters, kernel_size, **RELU)(x)
    # A block that begins as the identity keeps deep networks trainable without normalisation.
    y = _convolution(f"{name}_2", n_filters, kernel_size, kernel_initializer="zeros")(y)
    return keras.layers.Add()([x, y])


def _up(x: keras.KerasTensor, name: str, n_filters: int, stride: int) -> keras.KerasTensor:
    return keras.layers.Conv1DTranspose(n_filters, 2 * stride, stride, padding="same", name=name)(x)


def _first_of_two(shape: Sequence[int], dtype: str | None = None) -> object:
    kernel = np.zeros(shape, "float32")
    kernel[..., 0] = 1
    return keras.ops.convert_to_tensor(kernel)
