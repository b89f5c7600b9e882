"""Noise models by name, from descriptions and from numbers."""

from collections.abc import Mapping

from conv_denoiser._checks.numbers import check_number
from conv_denoiser.noise.base import NoiseModel, NoiseSum, ScaledNoise
from conv_denoiser.noise.oscillating import BaselineWander, LineNoise
from conv_denoiser.noise.random import ColoredNoise, GaussianNoise, ImpulseNoise
from conv_denoiser.noise.recorded import RecordedNoise

__all__ = ["NOISE_MODELS", "as_noise_model", "noise_from_dict"]

NOISE_MODELS: dict[str, type[ScaledNoise]] = {
    model.__name__: model
    for model in (
        GaussianNoise,
        ColoredNoise,
        ImpulseNoise,
        LineNoise,
        BaselineWander,
        RecordedNoise,
    )
}


def noise_from_dict(description: Mapping[str, object]) -> NoiseModel:
    """Build the noise model that `NoiseModel.to_dict` described.

    Parameters
    ----------
    description : dict
        The description, also after a round trip through JSON.

    Returns
    -------
    NoiseModel
        An equal model.

    Raises
    ------
    ValueError
        If the description names no known model or parameter, or a sum lacks a list of parts.

    Examples
    --------
    >>> from conv_denoiser.noise import GaussianNoise, noise_from_dict
    >>> noise_from_dict(GaussianNoise(snr_db=(0, 6)).to_dict())
    GaussianNoise(snr_db=(0, 6))
    """
    if not isinstance(description, dict):
        raise ValueError(f"A noise model is described by a dict. Got {description!r}.")
    arguments = dict(description)
    name = arguments.pop("type", None)
    if name == "NoiseSum":
        parts = arguments.get("parts")
        if not isinstance(parts, (list, tuple)) or len(arguments) > 1:
            raise ValueError(
                "A NoiseSum is described by {'type': 'NoiseSum', 'parts': [...]}, with a list of "
                f"what NoiseModel.to_dict returned for each part. Got {description!r}."
            )
        return NoiseSum(tuple(map(noise_from_dict, parts)))
    if not isinstance(name, str) or name not in NOISE_MODELS:
        known = sorted((*NOISE_MODELS, "NoiseSum"))
        raise ValueError(f"Unknown noise model {name!r}; expected one of {known}.")
    try:
        return NOISE_MODELS[name](**arguments)
    except TypeError as error:
        raise ValueError(f"{name} does not take {arguments!r}: {error}.") from error


def as_noise_model(noise: NoiseModel | float | None) -> NoiseModel | None:
    """Turn the short form of a noise model, a standard deviation, into a model.

    Parameters
    ----------
    noise : NoiseModel, float or None
        A float is short for ``GaussianNoise(noise)``.

    Returns
    -------
    NoiseModel or None
        The model.

    Examples
    --------
    >>> from conv_denoiser.noise import as_noise_model
    >>> as_noise_model(0.05)
    GaussianNoise(scale=0.05)
    """
    if noise is None or isinstance(noise, NoiseModel):
        return noise
    try:
        scale = float(check_number("noise", noise))
    except ValueError as error:
        raise ValueError(
            "noise must be a noise model such as GaussianNoise(0.05), its standard deviation as a "
            f"number, or None. Got {noise!r}."
        ) from error
    return GaussianNoise(scale)
