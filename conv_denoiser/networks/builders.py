"""Networks: functions that build Keras models from noisy to denoised signals.

Every model maps (n_signals, n_timesteps, n_channels) to the same shape and leaves the number of
timesteps open, so one model serves signals of any length.
"""

from collections.abc import Callable, Sequence
from typing import Any

from conv_denoiser.networks.autoencoder import build_autoencoder
from conv_denoiser.networks.backend import keras
from conv_denoiser.networks.tensorflow_process import start_tensorflow
from conv_denoiser.networks.unet import build_unet

__all__ = [
    "NETWORKS",
    "build_network",
]


NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "autoencoder": build_autoencoder,
    "unet": build_unet,
}


def build_network(
    architecture: str | Callable[..., keras.Model],
    n_channels: int,
    filters: Sequence[int],
    kernel_size: int,
    **options: Any,
) -> keras.Model:
    """Build a network by name, or by the user's callable."""
    start_tensorflow()
    if isinstance(architecture, str):
        return NETWORKS[architecture](n_channels, filters, kernel_size, **options)
    model = architecture(n_channels, filters, kernel_size)
    if not isinstance(model, keras.Model):
        raise TypeError(f"architecture must return a keras.Model. {architecture!r} gave {model!r}.")
    return model
