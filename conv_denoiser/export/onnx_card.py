"""What the metadata of an ONNX file say of the denoiser in it, and whether it is ours."""

import json
import os
from typing import Any

import numpy as np

from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser._checks.version import __version__
from conv_denoiser.gaps import Gaps
from conv_denoiser.uncertainty.calibration import Calibration
from conv_denoiser.uncertainty.profile import Profile

__all__ = [
    "CALIBRATION",
    "CARD",
    "FORMAT",
    "PROFILE",
    "calibration_of",
    "card_of",
    "gaps_of",
    "missing_packages",
    "profile_of",
]

# Version of what the graph expects and of what the metadata say.
FORMAT = 1
# Name of the metadata that hold the model card.
CARD = "conv_denoiser"
# That of what a denoiser was conformalized with, if it was.
CALIBRATION = "conv_denoiser_calibration"
# That of what the signals looked like that it learned from, if that is known.
PROFILE = "conv_denoiser_profile"


def card_of(session: Any, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the model card of a file that is ours, or raise ModelFileError."""
    try:
        card = json.loads(session.get_modelmeta().custom_metadata_map[CARD])
        version = card["format"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ModelFileError(
            f"{os.fspath(path)!r} has no model card of conv_denoiser. Was it written by to_onnx?"
        ) from error
    if type(version) is not int or version != FORMAT:
        raise ModelFileError(
            f"{os.fspath(path)!r} is of format {version!r}, written by conv_denoiser "
            f"{card.get('library_version')}; version {__version__} reads format {FORMAT}. Use the "
            "version that wrote it, or export again."
        )
    if not _is_sound(card, session):
        raise ModelFileError(
            f"{os.fspath(path)!r} is damaged: its graph or its model card is not what to_onnx "
            "writes."
        )
    return card


def _is_sound(card: dict[str, Any], session: Any) -> bool:
    """Tell whether a model card fits its graph."""
    n_timesteps, n_channels = card.get("n_timesteps"), card.get("n_channels")
    rate = card.get("sampling_rate", "")
    tensors = [*session.get_inputs(), *session.get_outputs()]
    return (
        type(n_timesteps) is int
        and type(n_channels) is int
        and 1 <= n_timesteps < 2**31
        and type(card.get("scaled")) is bool
        and gaps_of(card) is not None
        and (rate is None or (type(rate) is float and 0 < rate < np.inf))
        and [tensor.name for tensor in tensors] == ["noisy", *_output_names(card)]
        and all(tensor.type == "tensor(float)" and len(tensor.shape) == 3 for tensor in tensors)
        and tensors[0].shape[2] == n_channels
    )


def _output_names(card: dict[str, Any]) -> tuple[str, ...]:
    return ("denoised", "std") if card.get("gives_std") is True else ("denoised",)


def calibration_of(session: Any, path: str | os.PathLike[str]) -> Calibration | None:
    """Return what a denoiser was conformalized with, or raise ModelFileError if it is damaged."""
    text = session.get_modelmeta().custom_metadata_map.get(CALIBRATION)
    try:
        return None if text is None else Calibration.from_dict(json.loads(text))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{os.fspath(path)!r} has a damaged calibration: {error}") from error


def profile_of(session: Any, path: str | os.PathLike[str]) -> Profile | None:
    """Return what training signals looked like, or raise ModelFileError if that is damaged."""
    text = session.get_modelmeta().custom_metadata_map.get(PROFILE)
    try:
        profile = None if text is None else Profile.from_dict(json.loads(text))
        n_channels = session.get_inputs()[0].shape[2]
        if profile is not None and len(profile.mean) != n_channels:
            raise ValueError(f"it is of {len(profile.mean)} channel(s), the graph of {n_channels}")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{os.fspath(path)!r} has a damaged profile: {error}") from error
    return profile


def gaps_of(card: dict[str, Any]) -> Gaps | None:
    """Return what a card says of gaps, or None if that means nothing."""
    try:
        return Gaps(**card.get("gaps", {}))
    except (TypeError, ValueError):
        return None


def missing_packages(name: str, error: ImportError) -> ImportError:
    """Return an error that says what to install."""
    return ImportError(
        f"{name} needs packages that are not installed ({error}). Install them with: "
        "pip install 'conv-denoiser[onnx]'"
    )
