"""Noise models: small frozen objects that add noise to clean signals.

A model is called as ``noise(clean, rng)``. Its strength is either `scale`, in the units of the
signal, or `snr_db`, in decibels of signal power over noise power; a pair ``(low, high)`` draws one
value for each signal. ``a + b`` adds the noise of both to the same clean signal.
"""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["GaussianNoise", "NoiseModel", "NoiseSum", "as_noise_model", "noise_from_dict"]

Array = NDArray[np.floating]
Strength = float | tuple[float, float]


class NoiseModel(ABC):
    """What every noise model offers; a subclass writes `sample`."""

    def __call__(self, clean: ArrayLike, rng: np.random.Generator | int | None = None) -> Array:
        """Return noisy copies of clean signals.

        Parameters
        ----------
        clean : array-like of shape (n_signals, n_timesteps[, n_channels])
            Clean signals; left unchanged.
        rng : numpy.random.Generator, int or None, default=None
            Source of randomness, or a seed for one.

        Returns
        -------
        ndarray of clean's shape
            Noisy signals, float32 for float32 input and float64 otherwise.
        """
        clean = np.asarray(clean)
        if clean.dtype not in (np.float32, np.float64):
            clean = clean.astype(np.float64)
        if clean.ndim not in (2, 3):
            raise ValueError(
                "clean must have shape (n_signals, n_timesteps) or (n_signals, n_timesteps, "
                f"n_channels). Got {clean.shape}; a single signal is clean.reshape(1, -1)."
            )
        noise = np.asarray(self.sample(clean, np.random.default_rng(rng)))
        if noise.shape != clean.shape:
            raise ValueError(
                f"{self!r} drew noise of shape {noise.shape} for signals of shape {clean.shape}."
            )
        return (clean + noise).astype(clean.dtype, copy=False)

    @abstractmethod
    def sample(self, clean: Array, rng: np.random.Generator) -> Array:
        """Draw the noise alone, of clean's shape and type."""

    def __add__(self, other: "NoiseModel") -> "NoiseSum":
        if not isinstance(other, NoiseModel):
            return NotImplemented
        return NoiseSum((*_parts(self), *_parts(other)))

    def to_dict(self) -> dict[str, Any]:
        """Describe the model by numbers and strings that survive JSON.

        Returns
        -------
        dict
            What `noise_from_dict` takes.
        """
        return {"type": type(self).__name__, **asdict(self)}  # type: ignore[call-overload]


@dataclass(frozen=True)
class NoiseSum(NoiseModel):
    """The noise of several models, added to the same clean signal.

    Parameters
    ----------
    parts : tuple of NoiseModel
        One or more models. `snr_db` of each is relative to the clean signal.

    Raises
    ------
    ValueError
        If there is no part, or one is not a noise model.

    Examples
    --------
    >>> from conv_denoiser.noise import GaussianNoise
    >>> GaussianNoise(0.1) + GaussianNoise(snr_db=(0, 10))
    GaussianNoise(scale=0.1) + GaussianNoise(snr_db=(0, 10))
    """

    parts: tuple[NoiseModel, ...]

    def __post_init__(self) -> None:
        parts = self.parts
        known = isinstance(parts, (tuple, list)) and all(isinstance(p, NoiseModel) for p in parts)
        if not known or not parts:
            raise ValueError(
                "NoiseSum takes a tuple of one or more noise models, as in "
                f"NoiseSum((GaussianNoise(0.1), GaussianNoise(snr_db=6))). Got {parts!r}."
            )
        object.__setattr__(self, "parts", tuple(parts))

    def sample(self, clean: Array, rng: np.random.Generator) -> Array:
        """Draw the noise of all parts, of clean's shape and type."""
        total = np.zeros_like(clean)
        for part in self.parts:
            total += part.sample(clean, rng)
        return total

    def to_dict(self) -> dict[str, Any]:
        """Describe the parts by numbers and strings that survive JSON."""
        return {"type": "NoiseSum", "parts": [part.to_dict() for part in self.parts]}

    def __repr__(self) -> str:
        return " + ".join(map(repr, self.parts))


@dataclass(frozen=True, repr=False)
class _ScaledNoise(NoiseModel):
    """Noise of unit power, scaled to the wanted strength; a subclass writes `_unit_noise`."""

    scale: Strength | None = None
    snr_db: Strength | None = None

    def __post_init__(self) -> None:
        if (self.scale is None) == (self.snr_db is None):
            raise ValueError(
                f"{type(self).__name__} takes either scale (in signal units) or snr_db. "
                f"Got scale={self.scale!r}, snr_db={self.snr_db!r}."
            )
        for name in ("scale", "snr_db"):
            object.__setattr__(self, name, _checked_strength(name, getattr(self, name)))

    @abstractmethod
    def _unit_noise(self, clean: Array, rng: np.random.Generator) -> Array:
        """Draw noise of power 1, of clean's shape and type."""

    def sample(self, clean: Array, rng: np.random.Generator) -> Array:
        """Draw the noise alone, of clean's shape and type."""
        noise = self._unit_noise(clean, rng)
        noise *= self._amplitude(clean, rng)
        return noise

    def _amplitude(self, clean: Array, rng: np.random.Generator) -> Array:
        """Root mean square of the noise of each signal; 0 for a silent one if `snr_db` rules."""
        strength = self.scale if self.snr_db is None else self.snr_db
        shape = (len(clean), *(1,) * (clean.ndim - 1))
        drawn = rng.uniform(*strength, shape) if isinstance(strength, tuple) else strength
        if self.snr_db is not None:
            axes = tuple(range(1, clean.ndim))
            power = np.mean(np.square(clean, dtype=np.float64), axis=axes, keepdims=True)
            drawn = np.sqrt(power / 10 ** (np.asarray(drawn) / 10))
        return np.asarray(drawn, dtype=clean.dtype)

    def __repr__(self) -> str:
        given = [(field.name, getattr(self, field.name)) for field in fields(self)]
        arguments = ", ".join(f"{name}={value!r}" for name, value in given if value is not None)
        return f"{type(self).__name__}({arguments})"


class GaussianNoise(_ScaledNoise):
    """White Gaussian noise, independent from point to point and from channel to channel.

    Parameters
    ----------
    scale : float or (low, high), default=None
        Standard deviation in the units of the signal.
    snr_db : float or (low, high), default=None
        Signal-to-noise ratio in decibels, from the mean square of each clean signal. A silent
        signal, for which the ratio is not defined, stays clean.

    Raises
    ------
    ValueError
        If not exactly one of the two is given, or a value is negative (`scale`), not finite, or
        a range is upside down.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser.noise import GaussianNoise
    >>> clean = np.zeros((2, 1000))
    >>> noisy = GaussianNoise(0.05)(clean, rng=0)
    >>> noisy.std(axis=1).round(2)
    array([0.05, 0.05])
    """

    def _unit_noise(self, clean: Array, rng: np.random.Generator) -> Array:
        return rng.standard_normal(clean.shape, dtype=clean.dtype.type)


NOISE_MODELS: dict[str, type[_ScaledNoise]] = {"GaussianNoise": GaussianNoise}


def noise_from_dict(description: dict[str, Any]) -> NoiseModel:
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
    if isinstance(noise, Real) and not isinstance(noise, bool):
        return GaussianNoise(float(noise))
    raise ValueError(
        f"noise must be a noise model such as GaussianNoise(0.05), its standard deviation as a "
        f"number, or None. Got {noise!r}."
    )


def _parts(noise: NoiseModel) -> tuple[NoiseModel, ...]:
    return noise.parts if isinstance(noise, NoiseSum) else (noise,)


def _checked_strength(name: str, value: Any) -> Strength | None:
    if value is None:
        return None
    values = value if isinstance(value, (tuple, list)) else (value,)
    numeric = all(isinstance(v, Real) and not isinstance(v, bool) for v in values)
    if not numeric or not np.isfinite(values).all() or len(values) not in (1, 2):
        raise ValueError(
            f"{name} must be a finite number or a pair (low, high) of them. Got {value!r}."
        )
    if name == "scale" and min(values) < 0:
        raise ValueError(f"scale is a standard deviation and cannot be negative. Got {value!r}.")
    if values[0] > values[-1]:
        raise ValueError(f"{name} must be a pair (low, high) with low <= high. Got {value!r}.")
    # NumPy's numbers would neither survive JSON nor read well.
    plain = tuple(v.item() if isinstance(v, np.generic) else v for v in values)
    return plain if isinstance(value, (tuple, list)) else plain[0]
