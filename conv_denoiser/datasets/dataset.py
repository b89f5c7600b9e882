"""Noisy and clean signals that belong together."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from conv_denoiser._typing import Array
from conv_denoiser.datasets.files import read_array

if TYPE_CHECKING:
    from conv_denoiser.plotting import DenoisingDisplay

__all__ = ["Array", "SignalDataset", "load_dataset"]


class SignalDataset(NamedTuple):
    """Noisy signals, the clean ones in them, and the time axis.

    Parameters
    ----------
    noisy, clean : ndarray of shape (n_signals, n_timesteps[, n_channels])
        Signals; row i of one belongs to row i of the other.
    time : ndarray of shape (n_timesteps,)
        Time axis, in seconds where a sampling rate was given.

    Examples
    --------
    >>> from conv_denoiser import SignalGenerator
    >>> dataset = SignalGenerator("sine", random_state=0).sample(10)
    >>> dataset.noisy.shape
    (10, 150)
    """

    noisy: Array
    clean: Array
    time: Array

    def __repr__(self) -> str:
        shape, dtype = self.noisy.shape, self.noisy.dtype
        return f"SignalDataset(noisy and clean: {dtype} {shape}, time: {self.time.shape})"

    def plot(self, n_signals: int = 1) -> "DenoisingDisplay":
        """Draw the first signals, noisy and clean side by side.

        Parameters
        ----------
        n_signals : int, default=1
            Number of signals, one row each.

        Returns
        -------
        DenoisingDisplay
            The display, with `figure_` and `axes_`.
        """
        from conv_denoiser.plotting import DenoisingDisplay
        from conv_denoiser.plotting.parts import n_rows_to_draw

        n_signals = n_rows_to_draw(self.noisy, n_signals)
        # With a sampling rate, time starts at 0; without one it is the recipe's axis.
        label = "time (s)" if self.time[0] == 0 else "x"
        rows = slice(n_signals)
        display = DenoisingDisplay(
            self.noisy[rows], clean=self.clean[rows], time=self.time, time_label=label
        )
        return display.plot()


def load_dataset(
    folder: str | Path, mmap_mode: Literal["r", "r+", "c"] | None = "r"
) -> SignalDataset:
    """Read a data set that `SignalGenerator.save` wrote.

    Parameters
    ----------
    folder : str or Path
        The folder.
    mmap_mode : {"r", "r+", "c"} or None, default="r"
        How the signals are mapped from disk, as in `numpy.load`; None reads them into memory.

    Returns
    -------
    SignalDataset
        The data set.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file is not a NumPy array of numbers, or the shapes do not fit together.

    Examples
    --------
    >>> import tempfile
    >>> from conv_denoiser import SignalGenerator, load_dataset
    >>> folder = tempfile.mkdtemp()
    >>> _ = SignalGenerator(random_state=0).save(folder, n_signals=10)
    >>> load_dataset(folder).noisy.shape
    (10, 150)
    """
    if mmap_mode not in (None, "r", "r+", "c"):
        raise ValueError(f"mmap_mode must be 'r', 'r+', 'c' or None. Got {mmap_mode!r}.")
    folder = Path(folder)
    arrays = {name: read_array(folder / f"{name}.npy", mmap_mode) for name in ("noisy", "clean")}
    time = read_array(folder / "time.npy", None)
    noisy = arrays["noisy"]
    clean = arrays["clean"]
    if (
        noisy.ndim not in (2, 3)
        or 0 in noisy.shape
        or noisy.shape != clean.shape
        or time.shape != noisy.shape[1:2]
    ):
        raise ValueError(
            f"The arrays in {str(folder)!r} do not form a data set: noisy {noisy.shape}, clean "
            f"{clean.shape}, time {time.shape}. Expected noisy and clean of one shape (n_signals, "
            "n_timesteps[, n_channels]) and time (n_timesteps,); write them again with "
            "SignalGenerator.save."
        )
    return SignalDataset(noisy, clean, time)
