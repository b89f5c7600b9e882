"""How far a network sees, and which lengths it takes."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from conv_denoiser._typing import Array
from conv_denoiser.networks.backend import keras, tf
from conv_denoiser.networks.spec import NetworkSpec

__all__ = ["MAX_PADDING", "padded_length", "receptive_field"]

# How many timesteps `padded_length` adds at most before it gives up on a network.
MAX_PADDING = 1024


def padded_length(model: keras.Model, n_timesteps: int, spec: NetworkSpec) -> int:
    """Return the least length, from `n_timesteps` up, that the network gives back unchanged."""
    n_channels, n_outputs = spec.n_channels, spec.n_outputs
    if model.input_shape != (None, None, n_channels):
        raise ValueError(
            f"An architecture must take signals of shape (None, None, {n_channels}): any number of "
            f"signals and timesteps, {n_channels} channel(s). Got {model.input_shape}."
        )
    least = max(n_timesteps, spec.shortest)
    for length in range(least, least + MAX_PADDING):
        shape = (1, length, n_channels)
        try:
            if tuple(model.compute_output_shape(shape)) == (1, length, n_outputs):
                return length
        except ValueError:  # shorter than the kernels of the network
            continue
    kernels = [layer.kernel_size[0] for layer in model.layers if hasattr(layer, "kernel_size")]
    raise ValueError(
        f"The network maps signals of {n_timesteps} timesteps and {n_channels} channel(s) to the "
        f"shape {model.output_shape[1:]}, and no padding up to {MAX_PADDING} timesteps helps; its "
        f"longest kernel has {max(kernels, default=0)} timesteps. Choose a smaller kernel_size if "
        "that is the longer one; an architecture of your own must take (n_signals, n_timesteps, "
        f"{n_channels}) and return (n_signals, n_timesteps, {n_outputs})"
        + (", signals and their log variances" if spec.gives_variance else "")
        + ", with n_timesteps left open (None)."
    )


def receptive_field(spec: NetworkSpec) -> int | None:
    """Return how many timesteps of the input an output depends on at most, None if over 8,192.

    Found by asking for gradients in the middle of longer and longer signals, so it holds for
    networks of every kind. Where all weights are positive, no unit is dead and nothing cancels; a
    sigmoid could saturate, and would hide what it depends on.
    """
    spec = replace(spec, output_activation="linear")
    if not callable(spec.architecture):  # how wide our own networks are plays no part
        spec = replace(spec, filters=(1,) * len(spec.filters))
    model = spec.build()
    rng = np.random.default_rng(0)
    for weights in model.trainable_weights:
        kernel = np.prod(weights.shape) / min(weights.shape[-2:]) if len(weights.shape) > 1 else 1
        weights.assign(rng.uniform(0.5, 1, weights.shape) / kernel)
    for wanted in (512, 2048, 8192):
        length = padded_length(model, wanted, spec)
        gradients = _gradients(model, length, spec.n_channels)
        fields = [np.flatnonzero(gradient.any(axis=-1)) for gradient in gradients]
        if all(field[0] > 0 and field[-1] < length - 1 for field in fields):
            return max(int(field[-1] - field[0]) + 1 for field in fields)
    return None


def _gradients(model: keras.Model, length: int, n_channels: int) -> Iterator[Array]:
    """Yield the gradients of outputs in the middle, each with respect to a signal of its own.

    Outputs of a strided network have fields of different length: these are 64 in a row.
    """
    at_once = 8
    x = tf.ones((at_once, length, n_channels))
    for first in range(length // 2, length // 2 + 64, at_once):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = tf.reduce_sum(model(x, training=False), axis=-1)
            own = tf.linalg.trace(outputs[:, first : first + at_once])
        yield from tape.gradient(own, x).numpy()
