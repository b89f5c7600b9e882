"""Networks: functions that build Keras models from noisy to denoised signals.

Every model maps (n_signals, n_timesteps, n_channels) to the same shape and leaves the number of
timesteps open, so one model serves signals of any length.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from conv_denoiser._threads import check_not_forked, limit_threads

__all__ = [
    "NETWORKS",
    "build_autoencoder",
    "build_network",
    "build_unet",
    "padded_length",
    "receptive_field",
]

# Timesteps that one timestep of the next level of a U-Net stands for.
STRIDE = 4
# How many timesteps `padded_length` adds at most before it gives up on a network.
MAX_PADDING = 1024


def build_autoencoder(
    n_channels: int,
    filters: Sequence[int],
    kernel_size: int,
    *,
    max_norm: float | None,
    output_activation: str,
    predicts_noise: bool = False,
) -> keras.Model:
    """Build the recipe's convolutional autoencoder.

    One valid convolution for each of `filters`, their transposes in reverse order, and a
    convolution back to the number of channels. The output is the signal, whatever
    `predicts_noise`.
    """
    constraint = None if max_norm is None else keras.constraints.max_norm(max_norm)
    hidden = {
        "kernel_size": kernel_size,
        "activation": "relu",
        "kernel_initializer": "he_uniform",
        "kernel_constraint": constraint,
    }
    inputs = keras.Input((None, n_channels))
    x = inputs
    for n_filters in filters:
        x = keras.layers.Conv1D(n_filters, **hidden)(x)
    for n_filters in reversed(filters):
        x = keras.layers.Conv1DTranspose(n_filters, **hidden)(x)
    outputs = keras.layers.Conv1D(
        n_channels,
        kernel_size,
        padding="same",
        activation=output_activation,
        kernel_constraint=constraint,
    )(x)
    return keras.Model(inputs, outputs, name="autoencoder")


class PadToMultiple(keras.layers.Layer):
    """Repeat the last timestep up to a multiple of some number of timesteps."""

    def __init__(self, multiple: int, **options: Any) -> None:
        super().__init__(**options)
        self.multiple = multiple

    def call(self, x: Any) -> Any:
        # Neither tf.repeat by zero nor the remainder of a negative number survives export to ONNX.
        length = tf.shape(x)[1]
        padded = (length + self.multiple - 1) // self.multiple * self.multiple
        return tf.gather(x, tf.minimum(tf.range(padded), length - 1), axis=1)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        n_signals, length, n_channels = shape
        return n_signals, length and length + -length % self.multiple, n_channels

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "multiple": self.multiple}


class CropLike(keras.layers.Layer):
    """Crop the first input to the length of the second."""

    def call(self, inputs: Any) -> Any:
        x, reference = inputs
        return x[:, : tf.shape(reference)[1]]

    def compute_output_shape(self, shapes: Any) -> tuple[int | None, ...]:
        (n_signals, _, n_channels), (_, length, _) = shapes
        return n_signals, length, n_channels


def build_unet(
    n_channels: int,
    filters: Sequence[int],
    kernel_size: int,
    *,
    max_norm: float | None,
    output_activation: str,
    predicts_noise: bool,
) -> keras.Model:
    """Build a U-Net of residual blocks, which sees far at little cost.

    Every one of `filters` is a level, with a quarter of the timesteps of the one before. Each level
    has a residual block on the way down, one on the way up, which takes the sum of what comes
    from below and of what the way down had found; the lowest has a second block instead. With
    `predicts_noise`, the network's last convolution gives the noise, which is taken from the input.
    Signals of any length are padded for the lowest level, and cropped again. There is no
    normalisation: see the measurements in benchmarks/RESULTS.md.

    References
    ----------
    O. Ronneberger, P. Fischer, T. Brox. "U-Net: convolutional networks for biomedical image
    segmentation". MICCAI 2015. doi:10.1007/978-3-319-24574-4_28

    K. Zhang, W. Zuo, Y. Chen, D. Meng, L. Zhang. "Beyond a Gaussian denoiser: residual learning of
    deep CNN for image denoising". IEEE Trans. Image Process. 26(7), 2017.
    doi:10.1109/TIP.2017.2662206
    """
    constraint = None if max_norm is None else keras.constraints.max_norm(max_norm)

    def convolution(n_filters: int, size: int = kernel_size, **options: Any) -> keras.Layer:
        defaults = {"padding": "same", "kernel_constraint": constraint}
        return keras.layers.Conv1D(n_filters, size, **{**defaults, **options})

    def residual_block(x: Any, n_filters: int) -> Any:
        y = convolution(n_filters, activation="relu", kernel_initializer="he_normal")(x)
        # A block that begins as the identity keeps deep networks trainable without normalisation.
        y = convolution(n_filters, kernel_initializer="zeros")(y)
        return keras.layers.Add()([x, y])

    inputs = keras.Input((None, n_channels))
    x = PadToMultiple(STRIDE ** (len(filters) - 1))(inputs)
    x = convolution(filters[0], activation="relu", kernel_initializer="he_normal")(x)
    x = residual_block(x, filters[0])
    way_down = []
    for n_filters in filters[1:]:
        way_down.append(x)
        x = convolution(
            n_filters,
            max(kernel_size, STRIDE),
            strides=STRIDE,
            activation="relu",
            kernel_initializer="he_normal",
        )(x)
        x = residual_block(x, n_filters)
    x = residual_block(x, filters[-1])
    for n_filters, skipped in zip(reversed(filters[:-1]), reversed(way_down), strict=True):
        x = keras.layers.Conv1DTranspose(
            n_filters, 2 * STRIDE, STRIDE, padding="same", kernel_constraint=constraint
        )(x)
        x = residual_block(keras.layers.Add()([x, skipped]), n_filters)
    activation = None if predicts_noise else output_activation
    x = convolution(n_channels, activation=activation, kernel_initializer="zeros")(x)
    x = CropLike()([x, inputs])
    outputs = keras.layers.Subtract()([inputs, x]) if predicts_noise else x
    return keras.Model(inputs, outputs, name="unet")


NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "autoencoder": build_autoencoder,
    "unet": build_unet,
}


def build_network(
    architecture: str | Callable[..., keras.Model],
    n_channels: int,
    filters: Sequence[int],
    kernel_size: int,
    **options: Any,
) -> keras.Model:
    """Build a network by name, or by the user's callable."""
    check_not_forked()
    limit_threads()
    if isinstance(architecture, str):
        return NETWORKS[architecture](n_channels, filters, kernel_size, **options)
    model = architecture(n_channels, filters, kernel_size)
    if not isinstance(model, keras.Model):
        raise TypeError(f"architecture must return a keras.Model. {architecture!r} gave {model!r}.")
    return model


def padded_length(model: keras.Model, n_timesteps: int, n_channels: int) -> int:
    """Return the least length, from `n_timesteps` up, that the network gives back unchanged."""
    if model.input_shape != (None, None, n_channels):
        raise ValueError(
            f"An architecture must take signals of shape (None, None, {n_channels}): any number of "
            f"signals and timesteps, {n_channels} channel(s). Got {model.input_shape}."
        )
    for length in range(n_timesteps, n_timesteps + MAX_PADDING):
        shape = (1, length, n_channels)
        try:
            if tuple(model.compute_output_shape(shape)) == shape:
                return length
        except ValueError:  # shorter than the kernels of the network
            continue
    kernels = [layer.kernel_size[0] for layer in model.layers if hasattr(layer, "kernel_size")]
    raise ValueError(
        f"The network maps signals of {n_timesteps} timesteps and {n_channels} channel(s) to the "
        f"shape {model.output_shape[1:]}, and no padding up to {MAX_PADDING} timesteps helps; its "
        f"longest kernel has {max(kernels, default=0)} timesteps. Choose a smaller kernel_size if "
        "that is the longer one; an architecture of your own must take and return (n_signals, "
        "n_timesteps, n_channels), with n_timesteps left open (None)."
    )


def receptive_field(model: keras.Model) -> int | None:
    """Return how many timesteps of the input an output depends on at most, None if over 8,192.

    Found by asking for gradients in the middle of longer and longer signals, so it holds for
    networks of every kind. The weights are overwritten: where all are positive, no unit is dead
    and nothing cancels.
    """
    rng = np.random.default_rng(0)
    for weights in model.trainable_weights:
        kernel = np.prod(weights.shape) / min(weights.shape[-2:]) if len(weights.shape) > 1 else 1
        weights.assign(rng.uniform(0.5, 1, weights.shape) / kernel)
    for wanted in (512, 2048, 8192):
        length = padded_length(model, wanted, model.input_shape[-1])
        x = tf.ones((1, length, model.input_shape[-1]))
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            # Outputs of a strided network have fields of different length: look at 64 in a row.
            middle = model(x, training=False)[0, length // 2 : length // 2 + 64]
            outputs = tf.unstack(tf.reduce_sum(middle, axis=-1))
        gradients = (tape.gradient(output, x).numpy()[0] for output in outputs)
        fields = [np.flatnonzero(gradient.any(axis=-1)) for gradient in gradients]
        if all(field[0] > 0 and field[-1] < length - 1 for field in fields):
            return max(int(field[-1] - field[0]) + 1 for field in fields)
    return None
