"""A denoiser as one ONNX graph: scaler, padding and network."""

from collections.abc import Callable

from conv_denoiser.networks.backend import keras, startup_lines_held_back, tf

# isort: split
import onnx
import tf2onnx

from conv_denoiser.networks.geometry import padded_length
from conv_denoiser.networks.network import Network
from conv_denoiser.networks.tensorflow_process import known_settings
from conv_denoiser.preprocessing.base import FormulaScaler, PerSampleScaler
from conv_denoiser.preprocessing.operations import Operations, Statistics

__all__ = ["build_graph"]

AXES = ("n_signals", "n_timesteps", "n_channels")


def build_graph(network: Network, n_timesteps: int, opset: int) -> onnx.ModelProto:
    """Build the graph from "noisy" to "denoised", both (n_signals, n_timesteps, n_channels).

    With a variance, "std" is a second output of that shape. The network is taken to pieces.
    """
    with known_settings():
        return _graph(network, n_timesteps, opset)


def _graph(network: Network, n_timesteps: int, opset: int) -> onnx.ModelProto:
    n_channels, model = network.spec.n_channels, network.model
    plain = keras.models.clone_model(model, clone_function=_without_transposes)
    length = padded_length(model, n_timesteps, network.spec)
    # Networks that take any length from some least one on; those that do not, as they were fitted.
    shortest = length if length > n_timesteps else padded_length(model, 1, network.spec)

    def denoise(noisy: tf.Tensor) -> dict[str, tf.Tensor]:
        scaled, unscale, unscale_deviation = _scaled(noisy, network.scaler)
        output = plain(_padded(scaled, shortest), training=False)[:, : tf.shape(noisy)[1]]
        mean = output[..., :n_channels]
        if not network.spec.gives_variance:
            return {"denoised": unscale(mean)}
        std = tf.exp(output[..., n_channels:] / 2)
        return {"denoised": unscale(mean), "std": unscale_deviation(std, mean)}

    signature = [tf.TensorSpec((None, None, n_channels), tf.float32, name="noisy")]
    function = tf.function(denoise, input_signature=signature, autograph=False)
    with startup_lines_held_back():  # conversion starts a session, with news of its own
        graph, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=opset)
    for value in (*graph.graph.input, *graph.graph.output):
        for axis, name in zip(value.type.tensor_type.shape.dim[:2], AXES, strict=False):
            axis.dim_param = name
    return graph


def _scaled(
    x: tf.Tensor, scaler: PerSampleScaler | None
) -> tuple[tf.Tensor, Callable[..., tf.Tensor], Callable[..., tf.Tensor]]:
    """Scale signals as `scaler` does; return functions that undo it, of signals and deviations."""
    if scaler is None:
        return x, lambda y: y, lambda std, _: std
    if not (isinstance(scaler, FormulaScaler) and scaler.is_formula):
        raise ValueError(
            f"A scaler of your own, {scaler!r}, cannot be exported. Fit with scaler=None, and "
            "scale the signals before and after."
        )
    # Signals with a large offset, or of very large or small numbers, keep their digits if they are
    # first brought to the range from -1 to 1. Scalers are equivariant to that.
    first = x[:, :1]
    peak = tf.reduce_max(tf.abs(x - first), axis=1, keepdims=True)
    unit = (x - first) / _or_one(peak)
    statistics = Statistics(*scaler.formula(unit, TENSORS))
    return (
        scaler.apply(unit, statistics, TENSORS),
        lambda y: scaler.unscale(y, statistics) * peak + first,
        lambda std, mean: scaler.unscale_deviation(std, mean, statistics) * peak,
    )


def _mean(x: tf.Tensor) -> tf.Tensor:
    """Average over timesteps.

    A product of matrices, one a signal: ONNX Runtime takes the sums of tf.reduce_mean in an order
    that depends on the number of signals.
    """
    ones = tf.ones_like(x[:, :, :1])
    return tf.matmul(ones, x, transpose_a=True) / tf.cast(tf.shape(x)[1], x.dtype)


def _or_one(x: tf.Tensor) -> tf.Tensor:
    return tf.where(x == 0, tf.ones_like(x), x)


TENSORS = Operations(
    least=lambda x: tf.reduce_min(x, axis=1, keepdims=True),
    greatest=lambda x: tf.reduce_max(x, axis=1, keepdims=True),
    mean=_mean,
    root_mean_square=lambda x: tf.sqrt(_mean(tf.square(x))),
    or_one=_or_one,
)


def _padded(x: tf.Tensor, shortest: int) -> tf.Tensor:
    """Repeat the last timestep of signals that are shorter than the network needs."""
    if shortest == 1:
        return x
    length = tf.shape(x)[1]
    return tf.gather(x, tf.minimum(tf.range(tf.maximum(length, shortest)), length - 1), axis=1)


class _FullConv1D(keras.layers.Layer):
    """A transposed convolution of stride 1 as a padded one, at which runtimes are faster."""

    def __init__(self, transpose: keras.layers.Conv1DTranspose) -> None:
        super().__init__(name=transpose.name)
        self.transpose = transpose

    def call(self, x: tf.Tensor) -> tf.Tensor:
        layer = self.transpose
        margin = layer.kernel_size[0] - 1
        kernel = tf.transpose(layer.kernel[::-1], (0, 2, 1))
        y = tf.nn.conv1d(tf.pad(x, [[0, 0], [margin, margin], [0, 0]]), kernel, 1, "VALID")
        return layer.activation(y + layer.bias)


def _without_transposes(layer: keras.Layer) -> keras.Layer:
    """Return a layer that computes the same with the same weights."""
    plain = (
        type(layer) is keras.layers.Conv1DTranspose
        and layer.strides == layer.dilation_rate == (1,)
        and layer.padding == "valid"
        and layer.data_format == "channels_last"
        and layer.use_bias
        and layer.output_padding is None
    )
    return _FullConv1D(layer) if plain else layer
