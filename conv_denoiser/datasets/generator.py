"""The dataset factory: clean and noisy signals in memory, in batches or on disk."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain, count
from numbers import Integral
from pathlib import Path
from typing import Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from conv_denoiser._checks.numbers import check_count, check_sampling_rate
from conv_denoiser._checks.validation import check_range
from conv_denoiser._typing import Array
from conv_denoiser.datasets.dataset import SignalDataset
from conv_denoiser.datasets.files import write_header
from conv_denoiser.noise import NoiseModel, as_noise_model
from conv_denoiser.waveforms import WAVEFORMS

__all__ = ["SignalGenerator"]

RandomState = int | np.random.RandomState | np.random.Generator | None

# Signals are drawn in blocks of this many, so that `save` needs the memory of one block and
# still writes the bytes that `sample` returns.
BLOCK_SIZE = 4096
# Length in samples, and samples a second, of waveforms that have their own.
OWN_AXES = {
    "ecg": (1024, 360.0),
    "spectrum": (1024, None),
    "vibration": (4096, 12_000.0),
}


class SignalGenerator:
    """A factory of clean signals and noisy copies of them.

    Parameters
    ----------
    waveform : str, callable or array-like, default="x_squared"
        A name in `conv_denoiser.waveforms.WAVEFORMS`; a callable ``(n_signals, time, rng) ->
        clean``; or a bank of clean signals, of shape (n_bank, n_timesteps[, n_channels]), whose
        rows are drawn with replacement.
    noise : NoiseModel, float or None, default=0.05
        Noise model; a float is the standard deviation of Gaussian noise in signal units.
    n_timesteps : int, default=None
        Length of a signal in samples; None is 150, 1,024 for "ecg" and "spectrum", and 4,096 for
        "vibration". A bank has its own length.
    sampling_rate : float, default=None
        Samples a second (Hz); time then starts at 0. None is 360 for "ecg", 12,000 for "vibration",
        and else the recipe's axis: steps of 0.01 from -0.5.
    dtype : {"float32", "float64"}, default="float32"
        Type of the signals.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same bytes at every call; None gives new ones.

    Raises
    ------
    ValueError
        If a parameter is not one of the above, or clean signals hold NaN, infinity or values
        beyond the range of `dtype`; raised when signals are drawn.

    See Also
    --------
    load_dataset : Reads what `save` wrote.

    Examples
    --------
    >>> from conv_denoiser import SignalGenerator
    >>> from conv_denoiser.noise import GaussianNoise
    >>> generator = SignalGenerator("sine", noise=GaussianNoise(snr_db=6), random_state=0)
    >>> noisy, clean, time = generator.sample(1000)
    >>> noisy.shape, clean.shape, time.shape
    ((1000, 150), (1000, 150), (150,))
    """

    def __init__(
        self,
        waveform: str | Callable[..., Array] | ArrayLike = "x_squared",
        *,
        noise: NoiseModel | float | None = 0.05,
        n_timesteps: int | None = None,
        sampling_rate: float | None = None,
        dtype: str = "float32",
        random_state: RandomState = None,
    ) -> None:
        self.waveform = waveform
        self.noise = noise
        self.n_timesteps = n_timesteps
        self.sampling_rate = sampling_rate
        self.dtype = dtype
        self.random_state = random_state

    def __repr__(self) -> str:
        shown = self.waveform
        if not isinstance(shown, str) and not callable(shown):
            shown = f"<bank of shape {np.shape(shown)}>"
        n_timesteps, _ = self._axis()
        return f"SignalGenerator({shown!r}, noise={self.noise!r}, n_timesteps={n_timesteps})"

    @overload
    def sample(self, n_signals: int, return_X_y: Literal[False] = ...) -> SignalDataset: ...
    @overload
    def sample(self, n_signals: int, return_X_y: Literal[True]) -> tuple[Array, Array]: ...

    def sample(
        self, n_signals: int, return_X_y: bool = False
    ) -> SignalDataset | tuple[Array, Array]:
        """Draw signals into memory.

        Parameters
        ----------
        n_signals : int
            Number of signals.
        return_X_y : bool, default=False
            Return (noisy, clean), as `fit` takes them.

        Returns
        -------
        SignalDataset or (ndarray, ndarray)
            Noisy and clean signals, and the time axis.
        """
        source = self._source()
        blocks = list(self._blocks(source, check_count("n_signals", n_signals)))
        noisy, clean = (np.concatenate(part) for part in zip(*blocks, strict=True))
        return (noisy, clean) if return_X_y else SignalDataset(noisy, clean, source.time)

    def batches(
        self, batch_size: int, n_batches: int | None = None
    ) -> Iterator[tuple[Array, Array]]:
        """Iterate over batches of new signals.

        Parameters
        ----------
        batch_size : int
            Signals a batch.
        n_batches : int, default=None
            Number of batches; None never ends.

        Returns
        -------
        iterator of (noisy, clean)
            Arrays of shape (batch_size, n_timesteps[, n_channels]).
        """
        batch_size = check_count("batch_size", batch_size)
        if n_batches is not None:
            n_batches = check_count("n_batches", n_batches)
        source = self._source()
        rng = _generator(self.random_state)
        numbers = count() if n_batches is None else range(n_batches)
        return (source.draw(batch_size, rng) for _ in numbers)

    def save(self, folder: str | Path, n_signals: int, progress: bool = True) -> Path:
        """Write signals to ``clean.npy``, ``noisy.npy`` and ``time.npy``.

        The files hold what `sample` returns for the same int as `random_state`, and are written
        block by block, so memory does not grow with `n_signals`.

        Parameters
        ----------
        folder : str or Path
            The folder, made if it does not exist; a data set in it is replaced.
        n_signals : int
            Number of signals.
        progress : bool, default=True
            Show a progress bar.

        Returns
        -------
        Path
            The folder.
        """
        from tqdm.auto import tqdm

        source = self._source()
        n_signals = check_count("n_signals", n_signals)
        folder = Path(folder)
        blocks = self._blocks(source, n_signals)
        first = next(blocks)  # before anything is written: it may raise
        folder.mkdir(parents=True, exist_ok=True)
        names = ("noisy", "clean", "time")
        parts = [folder / f"{name}.npy.part" for name in names]
        bar = tqdm(total=n_signals, unit="signals", disable=not progress)
        with ExitStack() as stack:
            for part in parts:
                stack.callback(part.unlink, missing_ok=True)
            stack.enter_context(bar)
            noisy_file, clean_file, time_file = (
                stack.enter_context(part.open("wb")) for part in parts
            )
            np.save(time_file, source.time)
            for file in (noisy_file, clean_file):
                write_header(file, (n_signals, *first[0].shape[1:]), source.dtype)
            for noisy, clean in chain([first], blocks):
                noisy.tofile(noisy_file)
                clean.tofile(clean_file)
                bar.update(len(noisy))
            for file, part in zip((noisy_file, clean_file, time_file), parts, strict=True):
                file.close()
                os.replace(part, part.with_suffix(""))
        return folder

    def _source(self) -> "_Source":
        """Check the parameters and gather what drawing needs."""
        if self.dtype not in ("float32", "float64", np.float32, np.float64):
            raise ValueError(f"dtype must be 'float32' or 'float64'. Got {self.dtype!r}.")
        dtype = np.dtype(self.dtype)
        n_timesteps, sampling_rate = self._axis()
        waveform, n_timesteps = _as_waveform(self.waveform, n_timesteps, dtype)
        time = _time_axis(n_timesteps, sampling_rate)
        return _Source(waveform, as_noise_model(self.noise), time, dtype)

    def _axis(self) -> tuple[int, float | None]:
        """Return length and sampling rate, those of the waveform where nothing else is said."""
        name = self.waveform if isinstance(self.waveform, str) else ""
        n_timesteps, sampling_rate = OWN_AXES.get(name, (150, None))
        return (
            n_timesteps if self.n_timesteps is None else self.n_timesteps,
            sampling_rate if self.sampling_rate is None else self.sampling_rate,
        )

    def _blocks(self, source: "_Source", n_signals: int) -> Iterator[tuple[Array, Array]]:
        rng = _generator(self.random_state)
        for start in range(0, n_signals, BLOCK_SIZE):
            yield source.draw(min(BLOCK_SIZE, n_signals - start), rng)


class _Source(NamedTuple):
    """Checked parameters of a generator."""

    waveform: Callable[..., Array]
    noise: NoiseModel | None
    time: Array
    dtype: np.dtype

    def draw(self, n_signals: int, rng: np.random.Generator) -> tuple[Array, Array]:
        clean = np.asarray(self.waveform(n_signals, self.time, rng))
        expected = (n_signals, self.time.size)
        if clean.ndim not in (2, 3) or clean.shape[:2] != expected or 0 in clean.shape:
            raise ValueError(
                f"The waveform returned an array of shape {clean.shape}; expected (n_signals, "
                f"n_timesteps[, n_channels]) = ({n_signals}, {self.time.size}[, ...])."
            )
        if clean.dtype.kind not in "bfiu":
            raise ValueError(
                f"The waveform returned {clean.dtype}; expected real numbers, such as those of "
                "numpy.real(clean) or clean.astype(float)."
            )
        check_range(clean, "clean (what the waveform returned)", self.dtype)
        clean = np.ascontiguousarray(clean, dtype=self.dtype)
        noisy = clean.copy() if self.noise is None else self.noise(clean, rng)
        return noisy, clean


def _as_waveform(
    waveform: str | Callable[..., Array] | ArrayLike, n_timesteps: int, dtype: np.dtype
) -> tuple[Callable[..., Array], int]:
    """Turn a name, callable or bank into a waveform function, and return its length, too."""
    if isinstance(waveform, str):
        if waveform not in WAVEFORMS:
            raise ValueError(
                f"Unknown waveform {waveform!r}. Expected one of {sorted(WAVEFORMS)}, a callable "
                "(n_signals, time, rng) -> clean, or an array of clean signals."
            )
        waveform = WAVEFORMS[waveform]
    if callable(waveform):
        return waveform, check_count("n_timesteps", n_timesteps)
    bank = np.asarray(waveform)
    if bank.ndim not in (2, 3) or 0 in bank.shape or bank.dtype.kind not in "fiu":
        raise ValueError(
            "A bank of clean signals must be an array of real numbers of shape (n_bank, n_timesteps"
            f"[, n_channels]). Got shape {bank.shape} of {bank.dtype}."
        )
    check_range(bank, "bank of clean signals", dtype)

    def draw_rows(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
        return bank[rng.integers(len(bank), size=n_signals)]

    return draw_rows, bank.shape[1]


def _time_axis(n_timesteps: int, sampling_rate: float | None) -> Array:
    rate = check_sampling_rate(sampling_rate)
    return (np.arange(n_timesteps) - 50) / 100 if rate is None else np.arange(n_timesteps) / rate


def _generator(random_state: RandomState) -> np.random.Generator:
    if random_state is None or isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state)
    if isinstance(random_state, Integral):
        return np.random.default_rng(int(random_state))
    return np.random.default_rng(check_random_state(random_state).randint(2**31, size=4))
