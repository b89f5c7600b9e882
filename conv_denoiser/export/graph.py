"""A denoiser as one ONNX graph: scaler, padding and network."""

from collections.abc import Callable

from conv_denoiser.networks.backend import keras, startup_lines_held_back, tf

# isort: split
import onnx
import tf2onnx

from conv_denoiser.networks.geometry import padded_length
from conv_denoiser.networks.network import Network
from conv_denoiser.networks.tensorflow_process import known_settings
from conv_denoiser.preprocessing.artefacts import (
    TakenOff,
    put_back,
    take_off_jumps,
    trend_of,
    usual_steps,
    within_reach,
)
from conv_denoiser.preprocessing.base import FormulaScaler, PerSampleScaler
from conv_denoiser.preprocessing.operations import Operations, Statistics
from conv_denoiser.preprocessing.scaling import Scaling

__all__ = ["build_graph"]

# Signals as a network takes them, and functions that bring its output back.
Brought = tuple[tf.Tensor, Callable[..., tf.Tensor], Callable[..., tf.Tensor]]
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
        scaled, unscale, unscale_deviation = _scaled(noisy, network.scaling)
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


def _scaled(x: tf.Tensor, scaling: Scaling) -> Brought:
    """Bring signals to the network; return functions that undo it, of signals and deviations."""
    if not (scaling.jumps or scaling.trends):
        return _scaled_as(x, x, scaling.scaler)
    # Signals with a large offset keep their digits without it; where nothing scales, it is kept.
    first = 0 * x[:, :1] if scaling.scaler is None else x[:, :1]
    x = x - first
    taken = _taken_off(x, scaling)
    tame = within_reach(x, taken, TENSORS)
    scaled, unscale, unscale_deviation = _scaled_as(tame - taken.level, taken.flat, scaling.scaler)

    def back(y: tf.Tensor) -> tf.Tensor:
        length = tf.shape(y)[1]  # which a network of one's own may change, to be told later
        *parts, excess = (part[:, :length] for part in (*taken, x - tame))
        return put_back(unscale(y), TakenOff(*parts), excess, TENSORS) + first

    return scaled, back, unscale_deviation


def _taken_off(x: tf.Tensor, scaling: Scaling) -> TakenOff:
    """Find artefacts; most signals have no jumps, and need not wait for what finds them."""
    steps, reach = usual_steps(x, TENSORS)
    taken = TakenOff(x, 0 * x, x, reach)
    if scaling.jumps:
        flat, level, middle = tf.cond(
            tf.reduce_any(steps > reach),
            lambda: take_off_jumps(x, reach, TENSORS)[:3],
            # What is not computed there has no name in an ONNX graph.
            lambda: (x + 0.0, 0 * x, x - 0.0),
        )
        taken = TakenOff(flat, level, middle, reach)
    if scaling.trends:
        trend = trend_of(taken.flat, TENSORS)
        taken = taken._replace(flat=taken.flat - trend, level=taken.level + trend)
    return taken


def _scaled_as(x: tf.Tensor, reference: tf.Tensor, scaler: PerSampleScaler | None) -> Brought:
    """Scale signals by the statistics of others; return functions that undo it, too."""
    if scaler is None:
        return x, lambda y: y, lambda std, _: std
    if not (isinstance(scaler, FormulaScaler) and scaler.is_formula):
        raise ValueError(
            f"A scaler of your own, {scaler!r}, cannot be exported. Fit with scaler=None, and "
            "scale the signals before and after."
        )
    # Those of very large or small numbers, too, if they are first brought to the range from -1 to
    # 1. Scalers are equivariant to that.
    first = reference[:, :1]
    peak = tf.reduce_max(tf.abs(reference - first), axis=1, keepdims=True)
    unit = _or_one(peak)
    statistics = Statistics(*scaler.formula((reference - first) / unit, TENSORS))
    return (
        scaler.apply((x - first) / unit, statistics, TENSORS),
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


def _exceeded_by_one_in(x: tf.Tensor, n: int) -> tf.Tensor:
    count = tf.shape(x)[1] // n + 1
    largest = tf.math.top_k(tf.transpose(x, (0, 2, 1)), count).values
    return tf.transpose(largest[:, :, -1:], (0, 2, 1))


def _shifted(x: tf.Tensor, by: int) -> tf.Tensor:
    last = tf.shape(x)[1] - 1
    places = tf.minimum(tf.maximum(tf.range(by, last + 1 + by), 0), last)
    return tf.gather(x, places, axis=1)


def _median_of_neighbours(x: tf.Tensor, side: int) -> tf.Tensor:
    last = tf.shape(x)[1] - 1
    places = tf.range(last + 1)[:, tf.newaxis] + tf.range(-side, side + 1)
    near = tf.gather(x, tf.minimum(tf.maximum(places, 0), last), axis=1)
    return tf.math.top_k(tf.transpose(near, (0, 1, 3, 2)), side + 1).values[..., -1]


def _nearest_cubic(x: tf.Tensor) -> tf.Tensor:
    n = tf.cast(tf.shape(x)[1], x.dtype)
    t = (2 * tf.range(n, dtype=x.dtype) + 1 - n) / n
    square, cube = t * t - (1 - 1 / n**2) / 3, t * (t * t - (3 - 7 / n**2) / 5)
    waves = tf.stack([tf.ones_like(t), t, square, cube], axis=1)  # orthogonal for any n
    powers = _or_one(tf.reduce_sum(waves * waves, axis=0))
    return tf.matmul(waves, tf.matmul(waves / powers, x, transpose_a=True))


TENSORS = Operations(
    least=lambda x: tf.reduce_min(x, axis=1, keepdims=True),
    greatest=lambda x: tf.reduce_max(x, axis=1, keepdims=True),
    mean=_mean,
    average=_mean,
    root_mean_square=lambda x: tf.sqrt(_mean(tf.square(x))),
    exceeded_by_one_in=_exceeded_by_one_in,
    or_one=_or_one,
    where=tf.where,
    minimum=tf.minimum,
    maximum=tf.maximum,
    shifted=_shifted,
    median_of_neighbours=_median_of_neighbours,
    accumulated=lambda x: tf.cumsum(x, axis=1),
    nearest_cubic=_nearest_cubic,
    n_timesteps=lambda x: tf.shape(x)[1],
)


def _padded(x: tf.Tensor, shortest: int) -> tf.Tensor:
    """Mirror signals that are shorter than the network needs at their end."""
    if shortest == 1:
        return x
    length = tf.shape(x)[1]
    there_and_back = tf.range(tf.maximum(length, shortest)) % (2 * length)
    place = tf.minimum(there_and_back, 2 * length - 1 - there_and_back)
    return tf.gather(x, place, axis=1)


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
