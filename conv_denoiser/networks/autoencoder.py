"""The convolutional autoencoder of the recipe."""

from collections.abc import Sequence

from conv_denoiser.networks.backend import keras

__all__ = ["build_autoencoder"]


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
