"""Networks: functions that build Keras models from noisy to denoised signals.

Every model maps (n_signals, n_timesteps, n_channels) to the same shape and leaves the number of
timesteps open, so one model serves signals of any length.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from conv_denoiser._threads import limit_threads

__all__ = ["NETWORKS", "build_autoencoder", "build_network", "padded_length"]

# How many timesteps `padded_length` adds at most before it gives up on a network.
MAX_PADDING = 1024


def build_autoencoder(
    n_channels: int,
    filters: Sequence[int],
    kernel_size: int,
    *,
    max_norm: float | None,
    output_activation: str,
) -> keras.Model:
    """Build the recipe's convolutional autoencoder.

    One valid convolution for each of `filters`, their transposes in reverse order, and a
    convolution back to the number of channels.
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


def build_unet(n_channels: int, filters: Sequence[int], kernel_size: int, **options: Any) -> None:
    """Say that this network comes later."""
    raise NotImplementedError(
        "architecture='unet' is not there yet. Use architecture='autoencoder', or pass a "
        "callable (n_channels, filters, kernel_size) -> keras.Model."
    )


NETWORKS: dict[str, Callable[..., Any]] = {"autoencoder": build_autoencoder, "unet": build_unet}


def build_network(
    architecture: str | Callable[..., keras.Model],
    n_channels: int,
    filters: Sequence[int],
    kernel_size: int,
    **options: Any,
) -> keras.Model:
    """Build a network by name, or by the user's callable."""
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
