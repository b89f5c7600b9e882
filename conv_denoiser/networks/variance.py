"""The second output of a network: how uncertain the first is."""

from conv_denoiser.networks.backend import keras
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.networks.weight_shapes import N_VARIANCE_FILTERS

__all__ = ["log_variance"]

# Logarithms go farther than signals, and an optimizer's steps are of one size for both.
FACTOR = 10.0
# At first, errors are taken for a seventh of the signal's standard deviation.
FIRST_GUESS = -4.0


class StopGradient(keras.layers.Layer):
    """Pass on values alone: what comes after learns nothing that changes what came before."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.stop_gradient(x)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape


def log_variance(
    spec: NetworkSpec, features: keras.KerasTensor, last: keras.KerasTensor
) -> keras.KerasTensor:
    """Predict the log variance of each sample's error from what `last` was made of, and `last`.

    Neither learns from it, so denoised signals are what they would be without it.
    """
    x = StopGradient()(keras.layers.Concatenate()([features, last]))
    size = {"kernel_size": spec.kernel_size, "padding": "same"}
    x = keras.layers.Conv1D(
        N_VARIANCE_FILTERS, activation="relu", kernel_initializer="he_normal", **size
    )(x)
    x = keras.layers.Conv1D(
        spec.n_channels,
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(FIRST_GUESS / FACTOR),
        **size,
    )(x)
    return keras.layers.Rescaling(FACTOR)(x)
