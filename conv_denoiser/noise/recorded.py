"""Noise that was recorded."""

import base64
from dataclasses import dataclass
from typing import Self, TypedDict

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.arrays import centred, check_finite
from conv_denoiser.noise.base import Array, ScaledNoise, Strength

__all__ = ["RecordedNoise"]


class BankDescription(TypedDict):
    """How `RecordedNoise.to_dict` describes its bank."""

    shape: list[int]
    dtype: str
    base64: str


@dataclass(frozen=True, repr=False, eq=False)
class RecordedNoise(ScaledNoise):
    """Pieces of recorded noise, drawn at random.

    Parameters
    ----------
    bank : array-like of shape (n_samples,), (n_rows, n_samples) or (n_rows, n_samples, n_channels)
        One long recording, or rows of them. Each signal gets a piece of its own length, from a
        random row and place, with repetition. A recording of several channels is a bank of one
        row, ``recording[np.newaxis]``. Arrays are copied; a read-only memory map stays on disk.
    scale : float or (low, high), default=None
        Root mean square of every piece, in the units of the signal, without its level. A constant
        piece becomes silent.
    snr_db : float or (low, high), default=None
        Signal-to-noise ratio of every signal in decibels, from its power about its mean; the level
        of the piece is removed. A constant signal stays clean. With neither `scale` nor `snr_db`,
        noise is added as it was recorded, level and all.

    Raises
    ------
    ValueError
        If the bank holds NaN, infinity or anything but real numbers, has no samples or another
        number of dimensions, or both strengths are given. When noise is drawn: if the bank is
        shorter than the signals, or has another number of channels.

    Notes
    -----
    All channels of a signal get the same piece of time, so noise stays as correlated between
    channels as it was. Clean signals plus pieces of recorded noise are how published protocols mix
    ECGs [1]_ and EEGs [2]_.

    References
    ----------
    .. [1] G. B. Moody, W. K. Muldrow, R. G. Mark. "A noise stress test for arrhythmia detectors".
       Computers in Cardiology 11, 1984. https://physionet.org/content/nstdb/1.0.0/
    .. [2] H. Zhang, M. Zhao, C. Wei, D. Mantini, Z. Li, Q. Liu. "EEGdenoiseNet: a benchmark dataset
       for deep learning solutions of EEG denoising". J. Neural Eng. 18 056057, 2021.
       doi:10.1088/1741-2552/ac2bf8

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser.noise import RecordedNoise
    >>> recording = np.sin(np.arange(5000.0) ** 1.3)  # anything that was measured without a signal
    >>> noise = RecordedNoise(recording, snr_db=(0, 6))
    >>> noise(np.eye(3, 100), rng=0).shape
    (3, 100)
    """

    bank: Array
    scale: Strength | None = None
    snr_db: Strength | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "bank", _checked_bank(self.bank))
        if self.scale is not None and self.snr_db is not None:
            raise ValueError(
                "RecordedNoise takes scale (in signal units), snr_db, or neither for noise as it "
                f"was recorded. Got scale={self.scale!r}, snr_db={self.snr_db!r}."
            )
        self._check_strength()

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
        if self.scale is None and self.snr_db is None:
            return self._pieces(clean, rng).astype(clean.dtype)
        return super().sample(clean, rng)

    def _unit_noise(self, clean: Array, rng: np.random.Generator) -> Array:
        pieces: Array = self._pieces(clean, rng).astype(np.float64)
        axes = tuple(range(1, clean.ndim))
        peak = np.abs(pieces).max(axis=axes, keepdims=True)
        # So that squares stay in the range of floats; a level is no noise.
        pieces = centred(pieces / np.where(peak == 0, 1, peak))
        rms = np.sqrt(np.mean(np.square(pieces), axis=axes, keepdims=True))
        return (pieces / np.where(rms == 0, 1, rms)).astype(clean.dtype)

    def _pieces(self, clean: Array, rng: np.random.Generator) -> Array:
        n_rows, n_samples, n_channels = self.bank.shape
        n_signals, n_timesteps, *channels = clean.shape
        if n_timesteps > n_samples:
            raise ValueError(
                f"The noise bank has rows of {n_samples} samples, shorter than the signals of "
                f"{n_timesteps}. Record longer noise, or cut the signals."
            )
        if (channels or [1]) != [n_channels]:
            raise ValueError(
                f"The noise bank has {n_channels} channel(s), but the signals have "
                f"{channels[0] if channels else 1}. A bank of several channels has the shape "
                "(n_rows, n_samples, n_channels)."
            )
        rows = rng.integers(n_rows, size=(n_signals, 1))
        starts = rng.integers(n_samples - n_timesteps + 1, size=(n_signals, 1))
        pieces = self.bank[rows, starts + np.arange(n_timesteps)]
        return pieces.reshape(clean.shape)

    def to_dict(self) -> dict[str, object]:
        """Describe the model by numbers and strings, the bank by its bytes in base64.

        Returns
        -------
        dict
            What `noise_from_dict` takes.
        """
        bank: BankDescription = {
            "shape": list(self.bank.shape),
            "dtype": self.bank.dtype.str,
            "base64": base64.b64encode(self.bank.tobytes()).decode(),
        }
        return {
            "type": "RecordedNoise",
            "bank": bank,
            "scale": self.scale,
            "snr_db": self.snr_db,
        }

    def __repr__(self) -> str:
        given = {"scale": self.scale, "snr_db": self.snr_db}
        strength = "".join(f", {name}={v!r}" for name, v in given.items() if v is not None)
        return f"RecordedNoise(<bank of shape {self.bank.shape}>{strength})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RecordedNoise):
            return NotImplemented
        same_strength = (self.scale, self.snr_db) == (other.scale, other.snr_db)
        return same_strength and np.array_equal(self.bank, other.bank)

    def __hash__(self) -> int:
        return hash((self.bank.shape, float(self.bank.flat[0]), self.scale, self.snr_db))

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self.bank.flags.writeable = False

    def __deepcopy__(self, memo: object) -> Self:
        return self  # frozen, and scikit-learn's clone would copy the bank for every candidate


def _checked_bank(bank: ArrayLike | BankDescription) -> Array:
    """Return a read-only bank of shape (n_rows, n_samples, n_channels)."""
    if isinstance(bank, dict):
        bank = _decoded(bank)
    array = np.asarray(bank)
    if array.ndim not in (1, 2, 3) or array.size == 0 or array.dtype.kind not in "fiu":
        raise ValueError(
            "A noise bank must be an array of real numbers: one recording (n_samples,), rows "
            "(n_rows, n_samples), or rows of several channels (n_rows, n_samples, n_channels). Got "
            f"shape {array.shape} of {array.dtype}."
        )
    rows = array[np.newaxis] if array.ndim == 1 else array
    check_finite(rows, "noise bank")
    if array.flags.writeable or not isinstance(bank, np.memmap):
        rows = rows.copy()
    rows = rows if rows.ndim == 3 else rows[:, :, np.newaxis]
    rows.flags.writeable = False
    return rows


def _decoded(description: BankDescription) -> Array:
    """Return the bank that `RecordedNoise.to_dict` described."""
    try:
        dtype = np.dtype(description["dtype"])
        if dtype.kind not in "fiu":
            raise ValueError(f"dtype {dtype}")
        data = base64.b64decode(description["base64"], validate=True)
        return np.frombuffer(data, dtype=dtype).reshape(description["shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            "A noise bank is described by 'shape', 'dtype' and 'base64', as by "
            f"RecordedNoise.to_dict. Got one that cannot be read: {error!r}."
        ) from error
