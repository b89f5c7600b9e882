"""A denoiser's parameters as JSON and arrays, and back. Free of Keras.

What JSON cannot hold, such as a callable or an object of the user's own class, is stored by name
only: whoever loads the file passes it, or does without.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from conv_denoiser._typing import JSON, RawArray
from conv_denoiser.gaps import Gaps
from conv_denoiser.model_files.container import Arrays
from conv_denoiser.noise import NoiseModel, RecordedNoise, noise_from_dict
from conv_denoiser.noise.base import NoiseSum
from conv_denoiser.noise.registry import NOISE_MODELS
from conv_denoiser.preprocessing import MinMaxPerSample, StandardizePerSample
from conv_denoiser.supervision.blind_spot import BlindSpot

__all__ = ["decode", "encode", "external_name"]

SCALERS = {scaler.__name__: scaler for scaler in (MinMaxPerSample, StandardizePerSample)}
PLAIN = (bool, int, str, type(None))


def encode(value: Any, arrays: Arrays) -> JSON:
    """Return a parameter as JSON; banks of noise go into `arrays`."""
    if isinstance(value, np.generic):
        value = value.item()
    if _is_plain(value):
        return value
    if type(value) in (tuple, list):
        items = [item.item() if isinstance(item, np.generic) else item for item in value]
        if all(map(_is_plain, items)):
            return {"type": type(value).__name__, "items": items}
    if type(value) in SCALERS.values():
        fields = {name: encode(part, arrays) for name, part in value.get_params().items()}
        return {"type": type(value).__name__, **fields}
    if type(value) is BlindSpot:
        return {"type": "BlindSpot", "share": float(value.share), "width": int(value.width)}
    if type(value) is Gaps:
        return {"type": "Gaps", "fill": bool(value.fill), "max_gap": value.max_gap}
    if type(value) in (*NOISE_MODELS.values(), NoiseSum):
        return _encode_noise(value, arrays)
    return {"type": "external", "name": external_name(value)}


def _is_plain(value: object) -> bool:
    return isinstance(value, PLAIN) or (isinstance(value, float) and math.isfinite(value))


def _encode_noise(noise: NoiseModel, arrays: Arrays) -> dict[str, object]:
    if isinstance(noise, NoiseSum):
        return {"type": "NoiseSum", "parts": [_encode_noise(part, arrays) for part in noise.parts]}
    if not isinstance(noise, RecordedNoise):
        return noise.to_dict()
    name = f"noise_bank_{len(arrays)}"
    arrays[name] = noise.bank
    strength = {"scale": noise.scale, "snr_db": noise.snr_db}
    return {"type": "RecordedNoise", "bank": name, **strength}


def external_name(value: object) -> str:
    """Name a callable by where it is defined, and any other object by its class."""
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


def decode(value: JSON, arrays: Mapping[str, RawArray]) -> Any:
    """Return the parameter that `encode` described; raise KeyError or ValueError for others."""
    if isinstance(value, (*PLAIN, float)):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"not a parameter: {value!r}")
    fields = dict(value)
    kind = fields.pop("type")
    if kind in ("tuple", "list"):
        items = list(fields["items"])
        return tuple(items) if kind == "tuple" else items
    if kind in SCALERS:
        scaler = SCALERS[kind](**{name: decode(part, arrays) for name, part in fields.items()})
        scaler.check_parameters()
        return scaler
    if kind == "BlindSpot":
        return BlindSpot(**fields)
    if kind == "Gaps":
        return Gaps(**fields)
    return _decode_noise(value, arrays)


def _decode_noise(description: dict[str, JSON], arrays: Mapping[str, RawArray]) -> NoiseModel:
    fields = dict(description)
    if fields.get("type") == "NoiseSum":
        return NoiseSum(tuple(_decode_noise(part, arrays) for part in fields["parts"]))
    if "bank" in fields:
        fields["bank"] = arrays[fields["bank"]]
    return noise_from_dict(fields)
