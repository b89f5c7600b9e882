"""A U-Net of residual blocks."""

from collections.abc import Sequence

from conv_denoiser.networks.backend import keras, tf
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.networks.variance import log_variance
from conv_denoiser.networks.weight_shapes import STRIDE

__all__ = ["build_unet"]


class PadToMultiple(keras.layers.Layer):
    """Repeat the last timestep up to a multiple of some number of timesteps."""

    def __init__(self, multiple: int, **options: object) -> None:
        super().__init__(**options)
        self.multiple = multiple

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        # Neither tf.repeat by zero nor the remainder of a negative number survives export to ONNX.
        length = tf.shape(x)[1]
        padded = (length + self.multiple - 1) // self.multiple * self.multiple
        return tf.gather(x, tf.minimum(tf.range(padded), length - 1), axis=1)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        n_signals, length, n_channels = shape
        return n_signals, length and length + -length % self.multiple, n_channels

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "multiple": self.multiple}


class CropLike(keras.layers.Layer):
    """Crop the first input to the length of the second."""

    def call(self, inputs: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
        x, reference = inputs
        return x[:, : tf.shape(reference)[1]]

    def compute_output_shape(
        self, shapes: Sequence[tuple[int | None, ...]]
    ) -> tuple[int | None, ...]:
        (n_signals, _, n_channels), (_, length, _) = shapes
        return n_signals, length, n_channels


class _Layers:
    """Layers of a U-Net, which share what the spec says."""

    def __init__(self, spec: NetworkSpec) -> None:
        self.kernel_size = spec.kernel_size
        limit = spec.max_norm
        self.constraint = None if limit is None else keras.constraints.max_norm(limit)

    def convolution(self, n_filters: int, **options: object) -> keras.Layer:
        options = {"kernel_size": self.kernel_size, "padding": "same", **options}
        return keras.layers.Conv1D(n_filters, kernel_constraint=self.constraint, **options)

    def rectified(self, n_filters: int, **options: object) -> keras.Layer:
        options = {"activation": "relu", "kernel_initializer": "he_normal", **options}
        return self.convolution(n_filters, **options)

    def residual_block(self, x: keras.KerasTensor, n_filters: int) -> keras.KerasTensor:
        y = self.rectified(n_filters)(x)
        # A block that begins as the identity keeps deep networks trainable without normalisation.
        y = self.convolution(n_filters, kernel_initializer="zeros")(y)
        return keras.layers.Add()([x, y])

    def level_down(self, x: keras.KerasTensor, n_filters: int) -> keras.KerasTensor:
        size = max(self.kernel_size, STRIDE)
        x = self.rectified(n_filters, kernel_size=size, strides=STRIDE)(x)
        return self.residual_block(x, n_filters)

    def level_up(
        self, x: keras.KerasTensor, skipped: keras.KerasTensor, n_filters: int
    ) -> keras.KerasTensor:
        x = keras.layers.Conv1DTranspose(
            n_filters, 2 * STRIDE, STRIDE, padding="same", kernel_constraint=self.constraint
        )(x)
        return self.residual_block(keras.layers.Add()([x, skipped]), n_filters)


def build_unet(spec: NetworkSpec) -> keras.Model:
    """Build a U-Net of residual blocks, which sees far at little cost.

    Each of the filters is a level, with a quarter of the timesteps of the one before. Each level
    has a residual block on the way down, and one on the way up, which takes the sum of what comes
    from below and of what the way down had found; the lowest has a second block instead. If the
    spec `predicts_noise`, the last convolution gives the noise, which is taken from the input.
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
    layers, filters = _Layers(spec), spec.filters
    inputs = keras.Input((None, spec.n_channels))
    x = PadToMultiple(STRIDE ** (len(filters) - 1))(inputs)
    x = layers.residual_block(layers.rectified(filters[0])(x), filters[0])
    way_down = []
    for n_filters in filters[1:]:
        way_down.append(x)
        x = layers.level_down(x, n_filters)
    x = layers.residual_block(x, filters[-1])
    for n_filters, skipped in zip(reversed(filters[:-1]), reversed(way_down), strict=True):
        x = layers.level_up(x, skipped, n_filters)
    activation = None if spec.predicts_noise else spec.output_activation
    last = layers.convolution(spec.n_channels, activation=activation, kernel_initializer="zeros")(x)
    outputs = CropLike()([last, inputs])
    if spec.predicts_noise:
        outputs = keras.layers.Subtract()([inputs, outputs])
    if spec.gives_variance:
        of_error = CropLike()([log_variance(spec, x, last), inputs])
        outputs = keras.layers.Concatenate()([outputs, of_error])
    return keras.Model(inputs, outputs, name="unet")
