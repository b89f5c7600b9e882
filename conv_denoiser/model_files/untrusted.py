"""Checks of a stranger's file, before anything is built from what it says."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser._checks.version import __version__
from conv_denoiser._typing import JSON
from conv_denoiser.model_files.container import Arrays, Shapes
from conv_denoiser.model_files.parameters import decode
from conv_denoiser.uncertainty.calibration import Calibration
from conv_denoiser.uncertainty.profile import Profile

__all__ = ["FORMAT", "LIMIT", "MAX_NOISE_PARTS", "NEEDED", "NETWORK_OPTIONS", "Arrays", "Shapes"]

# Version of the contents of a file; every version that was ever released can be read.
FORMAT = 1
# A denoiser cannot be rebuilt without these, where a file has only their names.
NEEDED = ("architecture", "scaler")
NETWORK_OPTIONS = (
    *("filters", "kernel_size", "max_norm", "output_activation"),
    *("predicts_noise", "gives_variance", "shortest"),
)
LIMIT = 2**31
MAX_SHORTEST = 2**14  # timesteps
MAX_NOISE_PARTS = 100


def check_content(content: JSON, shapes: Shapes, given: Mapping[str, object]) -> None:
    """Raise if a file has another version, needs more, or shapes that it does not describe."""
    if type(content["format"]) is not int or content["format"] != FORMAT:
        raise ModelFileError(
            f"is of format {content['format']!r}; conv_denoiser {__version__} reads format "
            f"{FORMAT}."
        )
    for name in NEEDED:
        value = content["parameters"][name]
        if is_external(value) and name not in given:
            raise ModelFileError(
                f"has only a name for its {name}, {value['name']}. Pass it: load(path, {name}=...)."
            )
    weights = [name for name in shapes if name.startswith("weight_")]
    parts = list(_noise_parts(content["parameters"]["noise"]))
    if len(parts) > MAX_NOISE_PARTS:
        raise ValueError(f"a noise model of {len(parts)} parts is too large")
    banks = [part["bank"] for part in parts if isinstance(part, dict) and "bank" in part]
    if not all(bank.startswith("noise_bank_") for bank in banks):
        raise ValueError(f"{banks} are not banks of noise")
    if sorted([*weights, *banks]) != sorted(shapes):
        raise ValueError("its arrays are not those that it describes")
    check_options(network_options(content), content["fitted"]["n_channels_in_"])


def network_options(content: JSON) -> dict[str, Any]:
    """Return what a file says of its network; older ones say nothing of what came later."""
    described = {"gives_variance": False, "shortest": 1, **content["network"]}
    check_count_in_file(described["shortest"])
    if described["shortest"] > MAX_SHORTEST:
        raise ValueError(f"a network of {described['shortest']} timesteps is not to be expected")
    return {name: decode(described[name], {}) for name in NETWORK_OPTIONS}


def _noise_parts(noise: JSON) -> Iterator[JSON]:
    """Yield the parts of a sum of noise models, or the model itself."""
    if isinstance(noise, dict) and noise.get("type") == "NoiseSum":
        for part in noise["parts"]:
            yield from _noise_parts(part)
    else:
        yield noise


def fitted_state(fields: Mapping[str, JSON]) -> dict[str, Any]:
    n_timesteps = fields["n_features_in_"]
    n_channels = fields["n_channels_in_"]
    for number in (n_timesteps, n_channels):
        check_count_in_file(number)
    fitted = {"n_features_in_": n_timesteps, "n_channels_in_": n_channels}
    names = fields["feature_names_in_"]
    if names is not None:
        are_names = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if not are_names or len(names) != n_timesteps:
            raise ValueError("feature_names_in_ are not names of the timesteps")
        fitted["feature_names_in_"] = np.array(names, dtype=object)
    if fields["supervision_"] not in ("paired", "synthetic", "blind_spot", "recorrupted"):
        raise ValueError(f"unknown supervision {fields['supervision_']!r}")
    fitted["supervision_"] = fields["supervision_"]
    best = fields["best_epoch_"]
    floor = fields["loss_floor_"]
    if best is not None:
        check_count_in_file(best)
    if floor is not None and not math.isfinite(floor):
        raise ValueError(f"loss_floor_ is {floor!r}")
    any_length = bool(fields.get("any_length", False))
    return {**fitted, "_any_length": any_length, "best_epoch_": best, "loss_floor_": floor}


def check_count_in_file(number: object) -> None:
    if type(number) is not int or not 1 <= number < LIMIT:
        raise ValueError(f"{number!r} is not a count")


def read_history(fields: Mapping[str, JSON]) -> dict[str, list[float]]:
    history = {name: [_loss(value) for value in values] for name, values in fields.items()}
    if len({len(values) for values in history.values()}) > 1 or "loss" not in history:
        raise ValueError("the history has epochs that lack values")
    return history


def read_diagnostics(fields: JSON) -> dict[str, Any] | None:
    """Return what the last fit came to; files of before it was looked at do not say."""
    if fields is None:
        return None
    if not isinstance(fields, dict):
        raise ValueError("the diagnostics are not numbers by name")
    for name, value in fields.items():
        plain = value is None or isinstance(value, (bool, int, float))
        if not plain or (isinstance(value, float) and not math.isfinite(value)):
            raise ValueError(f"the diagnostic {name} is {value!r}")
    return fields


def read_calibration(fields: JSON) -> Calibration | None:
    """Return what a denoiser was conformalized with, if it was."""
    return None if fields is None else Calibration.from_dict(fields)


def read_profile(fields: JSON, n_timesteps: int, n_channels: int) -> Profile | None:
    """Return what the signals looked like that were learned from, where a file says so."""
    if fields is None:
        return None
    profile = Profile.from_dict(fields)
    if profile.n_timesteps != n_timesteps or len(profile.mean) != n_channels:
        raise ValueError("the profile is of other signals")
    return profile


def _loss(value: JSON) -> float:
    if value is None:
        return math.nan
    if type(value) not in (int, float):
        raise ValueError(f"a loss of {value!r}")
    return float(value)


def read_weights(arrays: Arrays) -> list[NDArray[np.float32]]:
    n_weights = sum(name.startswith("weight_") for name in arrays)
    weights = [arrays[weight_name(number)] for number in range(n_weights)]
    for array in weights:
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise ValueError("weights are not finite float32 numbers")
    return weights


def check_options(options: Mapping[str, Any], n_channels: Any) -> None:
    """Raise ValueError where a network cannot be built from what a file says."""
    for number in (*options["filters"], options["kernel_size"], n_channels):
        check_count_in_file(number)
    if not options["filters"]:
        raise ValueError("the network has no filters")
    if options["output_activation"] not in ("sigmoid", "linear"):
        raise ValueError(f"unknown activation {options['output_activation']!r}")
    for name in ("predicts_noise", "gives_variance"):
        if type(options[name]) is not bool:
            raise ValueError(f"{name} is neither true nor false")
    if options["max_norm"] is not None and not 0 < options["max_norm"] < math.inf:
        raise ValueError(f"max_norm is {options['max_norm']!r}")


def weight_shapes(shapes: Shapes) -> list[tuple[int, ...]]:
    """Return the shapes of the weights of a file, in their order."""
    n_weights = sum(name.startswith("weight_") for name in shapes)
    return [shapes[weight_name(number)] for number in range(n_weights)]


def is_external(value: JSON) -> bool:
    return isinstance(value, dict) and value.get("type") == "external"


def weight_name(number: int) -> str:
    return f"weight_{number:03d}"
