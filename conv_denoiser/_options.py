"""What a `ConvDenoiser` means by its parameters, "auto" resolved. Free of Keras."""

import math
from typing import Any

import numpy as np
from sklearn.base import clone

from conv_denoiser.noise import as_noise_model
from conv_denoiser.preprocessing import MinMaxPerSample, PerSampleScaler, StandardizePerSample

__all__ = [
    "AUTO",
    "chosen",
    "chosen_scaler",
    "chosen_supervision",
    "n_training_signals",
    "network_options",
    "training_options",
]

# What "auto" means for each named architecture, and for a callable.
AUTO: dict[str, dict[str, Any]] = {
    "autoencoder": {
        "filters": (128, 32),
        "kernel_size": 3,
        "max_norm": 2.0,
        "loss": "binary_crossentropy",
        "scaler": MinMaxPerSample(),
    },
    "unet": {
        "filters": (32, 64, 128),
        "kernel_size": 5,
        "max_norm": None,
        "loss": "mean_squared_error",
        "scaler": StandardizePerSample(),
    },
}
AUTO_CALLABLE = {
    **AUTO["autoencoder"],
    "loss": "mean_squared_error",
    "scaler": StandardizePerSample(),
}


def chosen(denoiser: Any, name: str) -> Any:
    """Return the value of a parameter, or what "auto" means for the architecture."""
    value = getattr(denoiser, name)
    if not (isinstance(value, str) and value == "auto"):
        return value
    architecture = denoiser.architecture
    return (AUTO_CALLABLE if callable(architecture) else AUTO[architecture])[name]


def chosen_scaler(denoiser: Any, cross_entropy: bool) -> PerSampleScaler | None:
    """Return a fresh scaler whose parameters were checked."""
    if denoiser.scaler == "auto" and callable(denoiser.architecture) and cross_entropy:
        return MinMaxPerSample()
    scaler = clone(chosen(denoiser, "scaler"), safe=False)
    if scaler is not None:
        scaler.check_parameters()
    return scaler


def chosen_supervision(denoiser: Any, y: Any) -> str:
    """Return what "auto" supervision means for the data, or raise where data is missing."""
    noise = as_noise_model(denoiser.noise)
    supervision = denoiser.supervision
    if supervision == "auto":
        without_y = "blind_spot" if noise is None else "synthetic"
        supervision = without_y if y is None else "paired"
    if supervision == "paired" and y is None:
        raise ValueError(
            "supervision='paired' needs clean signals y of X's shape, and got none. Pass y, or "
            "choose supervision='blind_spot' (X noisy) or 'synthetic' (X clean, noise=...)."
        )
    if supervision == "synthetic" and noise is None:
        raise ValueError(
            "supervision='synthetic' adds noise to clean X and needs a noise model, for "
            "example noise=0.05 or noise=GaussianNoise(snr_db=(0, 12)). Got noise=None."
        )
    return supervision


def network_options(denoiser: Any, n_channels: int, cross_entropy: bool) -> dict[str, Any]:
    """Return the arguments of `build_network`."""
    filters = chosen(denoiser, "filters")
    if not filters or not all(isinstance(n, (int, np.integer)) and n > 0 for n in filters):
        raise ValueError(f"filters must be positive integers, as in (128, 32). Got {filters!r}.")
    return {
        "architecture": denoiser.architecture,
        "n_channels": n_channels,
        "filters": tuple(filters),
        "kernel_size": chosen(denoiser, "kernel_size"),
        "max_norm": chosen(denoiser, "max_norm"),
        "output_activation": "sigmoid" if cross_entropy else "linear",
    }


def training_options(denoiser: Any) -> dict[str, Any]:
    """Return what a network is compiled with."""
    return {
        "loss": chosen(denoiser, "loss"),
        "optimizer": denoiser.optimizer,
        "learning_rate": denoiser.learning_rate,
    }


def n_training_signals(denoiser: Any, n_signals: int) -> int:
    """Return how many signals, from the start, are not for validation."""
    # 10 * (1 - 0.9) is a little less than 1.
    n_train = math.floor(n_signals * (1 - denoiser.validation_split) + 1e-9)
    if n_train == 0:
        raise ValueError(
            f"n_samples={n_signals}: validation_split={denoiser.validation_split} leaves no signal "
            "to train on. Pass more signals, or validation_split=0."
        )
    return n_train
