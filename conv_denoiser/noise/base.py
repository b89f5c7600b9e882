"""What noise models have in common: the call, sums, and how strength is given."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.arrays import centred
from conv_denoiser._checks.numbers import check_number
from conv_denoiser._checks.parameters import FrozenParameters
from conv_denoiser._typing import Array

__all__ = ["Array", "NoiseModel", "NoiseSum", "ScaledNoise", "Strength"]

Strength = float | tuple[float, float]


class NoiseModel(FrozenParameters, ABC):
    """The base class of all noise models; a subclass writes `sample`.

    A model is called with clean signals and returns noisy ones. Models add up: ``a + b`` is one.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser.noise import NoiseModel
    >>> class Drift(NoiseModel):
    ...     def sample(self, clean, rng):
    ...         slope = rng.normal(size=(len(clean), 1))
    ...         return (slope * np.linspace(0, 1, clean.shape[1])).astype(clean.dtype)
    >>> Drift()(np.zeros((3, 100)), rng=0).shape
    (3, 100)
    """

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
        """Draw the noise alone.

        Parameters
        ----------
        clean : ndarray of shape (n_signals, n_timesteps[, n_channels])
            Clean signals, float32 or float64.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of clean's shape and type
            Noise, in the units of the signals.
        """

    def __add__(self, other: "NoiseModel") -> "NoiseSum":
        if not isinstance(other, NoiseModel):
            return NotImplemented
        return NoiseSum((*_parts(self), *_parts(other)))

    def to_dict(self) -> dict[str, object]:
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
        If there are no parts, or one of them is not a noise model.

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
        """Draw the noise of all parts.

        Parameters
        ----------
        clean : ndarray of shape (n_signals, n_timesteps[, n_channels])
            Clean signals, float32 or float64.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of clean's shape and type
            Noise, in the units of the signals.
        """
        total = np.zeros_like(clean)
        for part in self.parts:
            total += part.sample(clean, rng)
        return total

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """Return the parts, each also by its number, and their parameters as ``number__name``.

        Parameters
        ----------
        deep : bool, default=True
            Return the parameters of the parts, too.

        Returns
        -------
        dict
            Names and values.
        """
        params: dict[str, object] = {"parts": self.parts}
        for number, part in enumerate(self.parts if deep else ()):
            params[str(number)] = part
            params |= {f"{number}__{name}": value for name, value in part.get_params().items()}
        return params

    def set_params(self, **params: object) -> Self:
        """Return a copy with other parts, or other parameters of parts.

        Parameters
        ----------
        **params
            New `parts`, or new values by ``number__name``, numbers counted from 0.

        Returns
        -------
        NoiseSum
            The changed copy.

        Raises
        ------
        ValueError
            If there is no parameter of that name, or the value is not valid.
        """
        whole = {name: value for name, value in params.items() if name == "parts"}
        changed = super().set_params(**whole)
        parts: list[object] = list(changed.parts)
        for name in sorted(params.keys() - whole.keys()):  # a part before its own parameters
            number, _, parameter = name.partition("__")
            if not number.isdecimal() or int(number) >= len(parts):
                known = [*map(str, range(len(parts))), "parts"]
                raise ValueError(f"{self!r} has no parameter {name!r}. It has {known}.")
            part = parts[int(number)]
            if parameter and isinstance(part, NoiseModel):
                part = part.set_params(**{parameter: params[name]})
            else:
                part = params[name]
            parts[int(number)] = part
        return super().set_params(parts=tuple(parts))

    def to_dict(self) -> dict[str, object]:
        """Describe the parts by numbers and strings that survive JSON.

        Returns
        -------
        dict
            What `noise_from_dict` takes.
        """
        return {"type": "NoiseSum", "parts": [part.to_dict() for part in self.parts]}

    def __repr__(self) -> str:
        return " + ".join(map(repr, self.parts))


class ScaledNoise(NoiseModel):
    """Noise of power 1, scaled to the wanted strength.

    A subclass is a frozen dataclass with the fields `scale` and `snr_db`, and writes `_unit_noise`.
    """

    scale: Strength | None
    snr_db: Strength | None

    def __post_init__(self) -> None:
        if (self.scale is None) == (self.snr_db is None):
            raise ValueError(
                f"{type(self).__name__} takes either scale (in signal units) or snr_db. "
                f"Got scale={self.scale!r}, snr_db={self.snr_db!r}."
            )
        self._check_strength()

    @abstractmethod
    def _unit_noise(self, clean: Array, rng: np.random.Generator) -> Array:
        """Draw noise of power 1, of clean's shape and type."""

    def sample(self, clean: Array, rng: np.random.Generator) -> Array:
        """Draw the noise alone, of clean's shape and type."""
        noise = self._unit_noise(clean, rng)
        noise *= self._amplitude(clean, rng)
        return noise

    def _check(
        self,
        name: str,
        *,
        above: float | None = None,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """Check that a field is a number within limits, and make it one of Python's."""
        value = check_number(
            f"{name} of {type(self).__name__}",
            getattr(self, name),
            above=above,
            at_least=at_least,
            at_most=at_most,
        )
        object.__setattr__(self, name, value)

    def _check_strength(self) -> None:
        for name in ("scale", "snr_db"):
            object.__setattr__(self, name, _checked_strength(name, getattr(self, name)))

    def _amplitude(self, clean: Array, rng: np.random.Generator) -> Array:
        """Return the root mean square of each signal's noise; 0 of a constant one with `snr_db`."""
        strength = self.scale if self.snr_db is None else self.snr_db
        shape = (len(clean),) + (1,) * (clean.ndim - 1)
        drawn = rng.uniform(*strength, shape) if isinstance(strength, tuple) else strength
        if self.snr_db is not None:
            axes = tuple(range(1, clean.ndim))
            power = np.mean(np.square(centred(clean), dtype=np.float64), axis=axes, keepdims=True)
            drawn = np.sqrt(power / 10 ** (np.asarray(drawn) / 10))
        return np.asarray(drawn, dtype=clean.dtype)

    def __repr__(self) -> str:
        given = [(field.name, getattr(self, field.name)) for field in fields(self)]  # type: ignore[arg-type]
        arguments = ", ".join(f"{name}={value!r}" for name, value in given if value is not None)
        return f"{type(self).__name__}({arguments})"


def _parts(noise: NoiseModel) -> tuple[NoiseModel, ...]:
    return noise.parts if isinstance(noise, NoiseSum) else (noise,)


def _checked_strength(name: str, value: object) -> Strength | None:
    if value is None:
        return None
    values = value if isinstance(value, (tuple, list)) else (value,)
    try:
        numbers = [check_number(name, number) for number in values]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2):
        raise ValueError(
            f"{name} must be a finite number or a pair (low, high) of them. Got {value!r}."
        )
    low, high = numbers[0], numbers[-1]
    if name == "scale" and low < 0:
        raise ValueError(f"scale is a standard deviation and cannot be negative. Got {value!r}.")
    if low > high:
        raise ValueError(f"{name} must be a pair (low, high) with low <= high. Got {value!r}.")
    return (low, high) if isinstance(value, (tuple, list)) else low
