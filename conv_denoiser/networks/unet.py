"""A U-Net of residual blocks."""

from collections.abc import Sequence
from typing import Any

from conv_denoiser.networks.backend import keras, tf

__all__ = ["STRIDE", "build_unet"]

# Timesteps that one timestep of the next level of a U-Net stands for.
STRIDE = 4


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
