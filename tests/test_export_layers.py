"""Layers of Keras say the same as nodes of ONNX; what has no counterpart is named."""

import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from conv_denoiser.export.graph import build_graph
from conv_denoiser.networks.network import Network
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.preprocessing.scaling import Scaling

layers = keras.layers
N_CHANNELS = 4


def after(*steps):
    """Return a network of layers that follow one another."""

    def build(x):
        for step in steps:
            x = step(x)
        return x

    return build


def branches(x):
    a, b = layers.Conv1D(N_CHANNELS, 3, padding="same")(x), layers.Conv1D(N_CHANNELS, 1)(x)
    joined = [layers.Add()([a, b, x]), layers.Subtract()([a, b]), layers.Multiply()([a, b])]
    joined += [layers.Average()([a, b]), layers.Maximum()([a, b]), layers.Minimum()([a, x])]
    joined = layers.Concatenate()(joined)
    return layers.Conv1D(N_CHANNELS, 1)(joined)


def operators(x):
    half = -x[:, :, :2] * 0.5 + 1.0
    return keras.ops.concatenate([1.0 - half, abs(x[:, :, 2:]) / 2.0], axis=-1)


def nested(x):
    inputs = keras.Input((None, N_CHANNELS))
    inner = keras.Model(inputs, layers.Conv1D(N_CHANNELS, 3, padding="same")(inputs))
    row = keras.Sequential([keras.Input((None, N_CHANNELS)), layers.Dense(N_CHANNELS, "elu")])
    return row(inner(inner(x)))


def gated(x):
    """Build a gate of what all timesteps have in common."""
    mean = layers.GlobalAveragePooling1D(keepdims=True)(x)
    most = layers.GlobalMaxPooling1D(keepdims=True)(x)
    return layers.Multiply()([x, layers.Dense(N_CHANNELS, "sigmoid")(layers.Add()([mean, most]))])


ACTIVATIONS = [
    "elu", "exponential", "gelu", "hard_sigmoid", "leaky_relu", "linear", "relu", "relu6", "selu",
    "sigmoid", "silu", "softmax", "softplus", "softsign", "tanh",
]  # fmt: skip
NETWORKS = {
    "convolutions": after(
        layers.Conv1D(6, 4, padding="same", dilation_rate=3, activation="relu"),
        layers.Conv1D(6, 5, padding="causal", groups=2),
        layers.ZeroPadding1D((2, 3)),
        layers.Conv1D(N_CHANNELS, 6, use_bias=False),
    ),
    "strides": after(
        layers.Conv1D(6, 5, strides=3, padding="same"),
        layers.Conv1DTranspose(5, 8, strides=3, padding="same"),
        layers.Conv1D(6, 1, strides=2, padding="same"),
        layers.Conv1DTranspose(N_CHANNELS, 1, strides=2, padding="same"),
    ),
    "transposed": after(
        layers.Conv1D(6, 5, strides=2),
        layers.Conv1DTranspose(5, 4, strides=2, activation="relu"),
        layers.Conv1DTranspose(5, 4, padding="same", dilation_rate=2),
        layers.Conv1DTranspose(N_CHANNELS, 3, use_bias=False),
    ),
    "separable": after(
        layers.DepthwiseConv1D(5, padding="same", depth_multiplier=2, activation="tanh"),
        layers.SeparableConv1D(6, 3, padding="same", dilation_rate=2),
        layers.DepthwiseConv1D(4, strides=2, padding="same", use_bias=False),
        layers.UpSampling1D(2),
        layers.SeparableConv1D(N_CHANNELS, 3, padding="same", depth_multiplier=2),
    ),
    "pooled": after(
        layers.AveragePooling1D(3, strides=1, padding="same"),
        layers.MaxPooling1D(2),
        layers.AveragePooling1D(2, padding="same"),
        layers.UpSampling1D(4),
        layers.ZeroPadding1D(3),
        layers.Cropping1D((2, 4)),
    ),
    "normalised": after(
        layers.BatchNormalization(),
        layers.LayerNormalization(),
        layers.BatchNormalization(center=False, scale=False),
        layers.Rescaling(3.0, offset=-1.0),
        layers.Dropout(0.5),
    ),
    "slopes": after(
        layers.PReLU(shared_axes=[1]),
        layers.LeakyReLU(0.3),
        layers.ReLU(max_value=2.0, negative_slope=0.1),
        layers.ELU(0.5),
        layers.Activation("softsign"),
    ),
    "branches": branches,
    "operators": operators,
    "nested": nested,
    "gated": gated,
    "activations": after(*(layers.Conv1D(N_CHANNELS, 1, activation=name) for name in ACTIVATIONS)),
}


def network_of(build):
    """Return a network with random weights, which takes signals as they are."""
    spec = NetworkSpec(lambda *_: None, N_CHANNELS, (), 3, None, "linear", False)
    inputs = keras.Input((None, N_CHANNELS))
    model = keras.Model(inputs, build(inputs))
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 0.9, w.shape) - 0.4 * (w.ndim > 1) for w in model.weights])
    return Network(spec, Scaling(None), 48, model=model)


@pytest.mark.parametrize("name", NETWORKS)
def test_says_the_same(name):
    network = network_of(NETWORKS[name])
    graph = build_graph(network, 48, 17)
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    for n_timesteps in (48, 50, 96):
        X = np.random.default_rng(1).normal(size=(5, n_timesteps, N_CHANNELS)).astype("f4")
        expected = network.model(X, training=False).numpy()[:, :n_timesteps]
        (result,) = session.run(None, {"noisy": X})
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
        alone = [session.run(None, {"noisy": x[np.newaxis]})[0] for x in X]
        np.testing.assert_array_equal(np.concatenate(alone), result)


def pad_reflected(x):
    return x


class Conv1D(layers.Conv1D):
    """A layer of somebody else's, of a known name."""


REFUSED = {
    "is a LSTM": layers.LSTM(N_CHANNELS, return_sequences=True, name="memory"),
    "is a Conv1D": Conv1D(N_CHANNELS, 1, name="memory"),
    "has the activation pad_reflected": layers.Conv1D(
        N_CHANNELS, 1, activation=pad_reflected, name="memory"
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_counterpart_is_named(what):
    with pytest.raises(ValueError, match=f"The layer 'memory' {what}.*conv_denoiser.save"):
        build_graph(network_of(REFUSED[what]), 48, 17)


def test_a_model_with_a_call_of_its_own():
    class Own(keras.Model):
        input_shape = (None, None, N_CHANNELS)

        def call(self, x):
            return x

        def compute_output_shape(self, shape):
            return shape

    network = network_of(layers.Identity())
    network._model = Own()
    with pytest.raises(ValueError, match=r"is a Own with a call of its own.*keras.Model\(inputs"):
        build_graph(network, 48, 17)
