"""The convolutional autoencoder of the recipe."""

from conv_denoiser.networks.backend import keras
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.networks.variance import log_variance

__all__ = ["build_autoencoder"]


def build_autoencoder(spec: NetworkSpec) -> keras.Model:
    """Build the recipe's convolutional autoencoder.

    One valid convolution for each of the filters, their transposes in reverse order, and a
    convolution back to the number of channels. The output is the signal, even if the spec
    `predicts_noise`.
    """
    constraint = None if spec.max_norm is None else keras.constraints.max_norm(spec.max_norm)
    hidden = {
        "kernel_size": spec.kernel_size,
        "activation": "relu",
        "kernel_initializer": "he_uniform",
        "kernel_constraint": constraint,
    }
    inputs = keras.Input((None, spec.n_channels))
    x = inputs
    for n_filters in spec.filters:
        x = keras.layers.Conv1D(n_filters, **hidden)(x)
    for n_filters in reversed(spec.filters):
        x = keras.layers.Conv1DTranspose(n_filters, **hidden)(x)
    outputs = keras.layers.Conv1D(
        spec.n_channels,
        spec.kernel_size,
        padding="same",
        activation=spec.output_activation,
        kernel_constraint=constraint,
    )(x)
    if spec.gives_variance:
        outputs = keras.layers.Concatenate()([outputs, log_variance(spec, x, outputs)])
    return keras.Model(inputs, outputs, name="autoencoder")
