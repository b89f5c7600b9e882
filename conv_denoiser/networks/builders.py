"""Networks: functions that build Keras models from noisy to denoised signals.

Every model maps (n_signals, n_timesteps, n_channels) to the same shape and leaves the number of
timesteps open, so one model serves signals of any length.
"""

from collections.abc import Callable

from conv_denoiser.networks.autoencoder import build_autoencoder
from conv_denoiser.networks.backend import keras
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.networks.tensorflow_process import (
    known_settings,
    release_old_networks,
    seeded,
    start_tensorflow,
)
from conv_denoiser.networks.unet import build_unet

__all__ = ["NETWORKS", "build_network"]

NETWORKS: dict[str, Callable[[NetworkSpec], keras.Model]] = {
    "autoencoder": build_autoencoder,
    "unet": build_unet,
    "unet-small": build_unet,
}


def build_network(spec: NetworkSpec, seed: int) -> keras.Model:
    """Build a network by name, or by the user's callable."""
    start_tensorflow()
    release_old_networks()
    with seeded(seed), known_settings():
        if isinstance(spec.architecture, str):
            return NETWORKS[spec.architecture](spec)
        model = spec.architecture(spec.n_channels, spec.filters, spec.kernel_size)
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"architecture must return a keras.Model. {spec.architecture!r} gave {model!r}."
        )
    return model
