"""What a file says of the denoiser in it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from conv_denoiser import __version__
from conv_denoiser._parameters import external_name

if TYPE_CHECKING:
    from conv_denoiser.denoiser import ConvDenoiser

__all__ = ["model_card"]


def model_card(
    denoiser: "ConvDenoiser", sampling_rate: float | None, units: str | None
) -> dict[str, Any]:
    """Describe a fitted denoiser; the sampling rate (Hz) and the units come from the user."""
    if sampling_rate is not None and not 0 < sampling_rate < np.inf:
        raise ValueError(f"sampling_rate must be a positive number of Hz. Got {sampling_rate!r}.")
    if units is not None and not isinstance(units, str):
        raise TypeError(f"units must be a name, such as 'mV'. Got {units!r}.")
    architecture = denoiser._network["architecture"]
    learned_noise = denoiser.supervision_ == "synthetic"
    return {
        "library_version": __version__,
        "n_timesteps": denoiser.n_features_in_,
        "n_channels": denoiser.n_channels_in_,
        "sampling_rate": None if sampling_rate is None else float(sampling_rate),
        "units": units,
        "architecture": external_name(architecture) if callable(architecture) else architecture,
        "n_parameters": denoiser.model_.count_params(),
        "scaler": repr(denoiser.scaler_),
        "supervision": denoiser.supervision_,
        "noise": repr(denoiser.noise) if learned_noise else None,
        "n_epochs": denoiser.n_epochs_,
    }
