"""Model cards: what a file says about the denoiser in it."""

import os
from typing import TYPE_CHECKING, Any

from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser._checks.numbers import check_sampling_rate
from conv_denoiser._checks.version import __version__
from conv_denoiser.model_files.container import MEANINGLESS, read_model_file
from conv_denoiser.model_files.parameters import external_name

if TYPE_CHECKING:
    from conv_denoiser.denoiser import ConvDenoiser

__all__ = ["model_card", "read_card"]


def model_card(
    denoiser: "ConvDenoiser", sampling_rate: float | None, units: str | None
) -> dict[str, Any]:
    """Describe a fitted denoiser; the sampling rate (Hz) and the units come from the user."""
    if units is not None and not isinstance(units, str):
        raise TypeError(f"units must be a name, such as 'mV'. Got {units!r}.")
    architecture = denoiser._network.spec.architecture
    learned_noise = denoiser.supervision_ == "synthetic"
    return {
        "library_version": __version__,
        "n_timesteps": denoiser.n_features_in_,
        "n_channels": denoiser.n_channels_in_,
        "sampling_rate": check_sampling_rate(sampling_rate),
        "units": units,
        "architecture": external_name(architecture) if callable(architecture) else architecture,
        "n_parameters": denoiser._network.n_parameters,
        "scaler": repr(denoiser.scaler_),
        "supervision": denoiser.supervision_,
        "noise": repr(denoiser.noise) if learned_noise else None,
        "n_epochs": denoiser.n_epochs_,
    }


def read_card(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the model card of a file that `save` wrote.

    Parameters
    ----------
    path : path-like
        File to read.

    Returns
    -------
    dict
        The card: n_timesteps, n_channels, sampling_rate (Hz), units, supervision, noise and others.

    Raises
    ------
    ModelFileError
        If the file was not written by `save`, or is damaged.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from conv_denoiser import ConvDenoiser, SignalGenerator, save
    >>> from conv_denoiser.persistence import read_card
    >>> X = SignalGenerator(random_state=0).sample(20).noisy
    >>> denoiser = ConvDenoiser(filters=(2,), epochs=1).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "model.safetensors")
    ...     save(denoiser, path, units="mV")
    ...     print(read_card(path)["units"])
    mV
    """
    content, _ = read_model_file(path)
    try:
        card: dict[str, Any] = content["card"]
        rate = card["sampling_rate"]
        if rate is not None and not (isinstance(rate, float) and rate > 0):
            raise ValueError(f"a sampling rate of {rate!r}")
    except MEANINGLESS as error:
        raise ModelFileError(f"{os.fspath(path)!r} has a damaged model card: {error!r}") from error
    return card
