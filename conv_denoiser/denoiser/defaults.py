"""What a `ConvDenoiser` means by its parameters, "auto" resolved. Free of Keras."""

import os
from numbers import Integral, Real
from typing import Any

from conv_denoiser._checks.numbers import plain_number
from conv_denoiser._checks.validation import HasMethods, Interval, StrOptions
from conv_denoiser.gaps import Gaps
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.preprocessing import MinMaxPerSample, PerSampleScaler, StandardizePerSample
from conv_denoiser.pretrained.unet import FILTERS, KERNEL_SIZE
from conv_denoiser.supervision.blind_spot import BlindSpot

__all__ = [
    "AUTO",
    "CONSTRAINTS",
    "PRETRAINED",
    "chosen",
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
        "filters": (32, 64, 128, 128),
        "kernel_size": 5,
        "max_norm": None,
        "loss": "mean_squared_error",
        "scaler": StandardizePerSample(),
    },
}
AUTO["unet-small"] = {**AUTO["unet"], "filters": FILTERS["unet-small"]}
AUTO_CALLABLE = {
    **AUTO["autoencoder"],
    "loss": "mean_squared_error",
    "scaler": StandardizePerSample(),
}


# The networks whose weights are part of the package, by architecture.
PRETRAINED = {
    architecture: NetworkSpec(
        architecture=architecture,
        n_channels=1,
        filters=filters,
        kernel_size=KERNEL_SIZE,
        max_norm=None,
        output_activation="linear",
        predicts_noise=True,
        shortest=512,
    )
    for architecture, filters in FILTERS.items()
}


# What scikit-learn's machinery checks of the parameters.
CONSTRAINTS: dict[str, list[Any]] = {
    "architecture": [StrOptions(set(AUTO)), callable],
    "filters": [StrOptions({"auto"}), tuple, list],
    "kernel_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "max_norm": [StrOptions({"auto"}), None, Interval(Real, 0, None, closed="neither")],
    "loss": [str, callable],
    "scaler": [StrOptions({"auto"}), None, PerSampleScaler],
    "supervision": [
        StrOptions({"auto", "paired", "synthetic", "blind_spot", "recorrupted"}),
        BlindSpot,
    ],
    "gaps": [StrOptions({"fill", "keep"}), Gaps],
    "novelty": [StrOptions({"ignore", "warn"})],
    "init": [StrOptions({"auto", "pretrained", "ecg", "random"})],
    "epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "validation_split": [
        Interval(Real, 0, 1, closed="left"),
        HasMethods(["split", "get_n_splits"]),
    ],
    "early_stopping": [StrOptions({"auto"}), "boolean"],
    "patience": [Interval(Integral, 1, None, closed="left")],
    "callbacks": [None, list, tuple],
    "checkpoint": [None, str, os.PathLike],
    "warm_start": ["boolean"],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


def chosen(denoiser: Any, name: str) -> Any:
    """Return a parameter, what "auto" means for the architecture, and NumPy's numbers as plain."""
    value = plain_number(getattr(denoiser, name))
    if not (isinstance(value, str) and value == "auto"):
        return value
    architecture = denoiser.architecture
    return (AUTO_CALLABLE if callable(architecture) else AUTO[architecture])[name]
