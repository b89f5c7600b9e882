"""`denoise` where samples are missing, singly and in bursts, beside other ways to bridge gaps.

    python benchmarks/gaps.py                # a few minutes
    python benchmarks/gaps.py --data FOLDER  # ten minutes; on real ECGs and EEGs, too, see ecg.py

White noise at 10 dB. The network of `denoise` is told which samples are missing; "not told" is the
same with straight lines in the gaps, which it takes for samples. Beside it, straight lines, cubic
Hermite (PCHIP) and cubic splines, each denoised by cycle-spun BayesShrink wavelets, and a Gaussian
process (Matérn 3/2 and white noise, fitted to each piece of 256 samples by its likelihood). Bursts
cover about a tenth of a signal; gaps may be at its ends, where the last sample is repeated.
"""

import argparse
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from classical import CLASSICAL, SPUN
from common import machine
from scipy.interpolate import CubicSpline, PchipInterpolator
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from zero_shot import demo_signals

from conv_denoiser import denoise

N_TIMESTEPS, LEVEL_DB, PIECE = 2048, 10, 256
CASES = {
    "none": None,
    **{f"{share:.0%} singly": share for share in (0.01, 0.05, 0.2)},
    **{f"bursts of {length}": length for length in (10, 50, 200)},
}
SHARE_IN_BURSTS = 0.1
SLOW, SLOW_CASES = "Gaussian process", ("5% singly", "bursts of 50")
LENGTHS = (2, 30)  # that Gaussian processes begin with; the more likely end counts
Fill = Callable[[np.ndarray], np.ndarray]  # of one signal, NaN where it is missing


def missing(case: float | None, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return which samples are missing: a share of them, or bursts of a length."""
    gone = np.zeros(shape, bool)
    if isinstance(case, float):
        return rng.random(shape) < case
    if case is not None:
        n_bursts = max(1, round(SHARE_IN_BURSTS * shape[1] / case))
        for row, start in zip(
            gone, rng.integers(0, shape[1] - case, (shape[0], n_bursts)), strict=True
        ):
            for begin in start:
                row[begin : begin + case] = True
    return gone


def bridged(interpolator: Callable[..., Fill] | None, x: np.ndarray) -> np.ndarray:
    """Bridge the gaps of a signal."""
    t, there = np.arange(x.size), ~np.isnan(x)
    filled = np.interp(t, t[there], x[there])
    if interpolator is not None:
        inside = slice(np.argmax(there), x.size - np.argmax(there[::-1]))
        filled[inside] = interpolator(t[there], x[there])(t[inside])
    return filled


def fitted(t: np.ndarray, x: np.ndarray, length: float) -> GaussianProcessRegressor:
    """Fit a Gaussian process, from a length of its correlation on."""
    kernel = ConstantKernel() * Matern(length, (0.5, 1000), nu=1.5) + WhiteKernel(0.1)
    return GaussianProcessRegressor(kernel, normalize_y=True).fit(t, x)


def by_process(x: np.ndarray) -> np.ndarray:
    """Denoise a signal by Gaussian processes, each fitted to a piece of it."""
    estimate = np.empty_like(x)
    for begin in range(0, x.size, PIECE):
        piece = x[begin : begin + PIECE]
        t, there = np.arange(piece.size)[:, np.newaxis], ~np.isnan(piece)
        scale = piece[there].std() or 1
        fits = [fitted(t[there], piece[there] / scale, length) for length in LENGTHS]
        process = max(fits, key=lambda fit: fit.log_marginal_likelihood_value_)
        estimate[begin : begin + PIECE] = scale * process.predict(t)
    return estimate


def by_wavelet(interpolator: Callable[..., Fill] | None, x: np.ndarray) -> np.ndarray:
    """Bridge the gaps of a signal, and denoise it by wavelets."""
    return CLASSICAL[SPUN](bridged(interpolator, x))


def rows_of(function: Fill, X: np.ndarray) -> np.ndarray:
    """Apply a function of one signal to many."""
    return np.stack([function(row) for row in X])


METHODS = {
    "`denoise`": denoise,
    "`denoise`, not told": lambda X: denoise(rows_of(partial(bridged, None), X)),
    "lines, wavelet": partial(rows_of, partial(by_wavelet, None)),
    "PCHIP, wavelet": partial(rows_of, partial(by_wavelet, PchipInterpolator)),
    "spline, wavelet": partial(rows_of, partial(by_wavelet, CubicSpline)),
    SLOW: partial(rows_of, by_process),
}


def decibels(clean: np.ndarray, denoised: np.ndarray, where: np.ndarray) -> float:
    """Return the mean over signals of their power over that of the error at some samples."""
    power = clean.var(axis=1)
    error = np.array(
        [np.mean((c - d)[w] ** 2) for c, d, w in zip(clean, denoised, where, strict=True)]
    )
    return float(np.mean(10 * np.log10(power / error)))


def compare(name: str, clean: np.ndarray) -> None:
    """Print the table of one kind of signals."""
    print(f"\n{name}, {len(clean)} signals of {clean.shape[1]:,} samples:\n")
    print(f"| missing | {' | '.join(METHODS)} |")
    print("|---|" + "---|" * len(METHODS))
    for case_name, case in CASES.items():
        rng = np.random.default_rng(0)
        scale = clean.std(axis=1, keepdims=True) * 10 ** (-LEVEL_DB / 20)
        noisy = clean + scale * rng.standard_normal(clean.shape)
        gone = missing(case, clean.shape, rng)
        X = np.where(gone, np.nan, noisy)
        kept = gone.any(axis=1) | (case is None)  # of few samples, none may be missing
        cells = []
        for name_of_method, method in METHODS.items():
            if name_of_method == SLOW and case_name not in SLOW_CASES:
                cells.append("")
                continue
            denoised = method(X)
            cell = f"{decibels(clean, denoised, np.full(gone.shape, True)):.1f}"
            if case is not None:
                cell += f", {decibels(clean[kept], denoised[kept], gone[kept]):.1f}"
            cells.append(cell)
        print(f"| {case_name} | {' | '.join(cells)} |", flush=True)


def demo() -> np.ndarray:
    """Return the demo signals of PyWavelets that may have any length, scaled alike."""
    signals = [signal for signal in demo_signals().values() if signal.size == N_TIMESTEPS]
    return np.stack([signal / signal.std() for signal in signals])


def ecgs(data: Path) -> np.ndarray:
    """Return windows of the records that benchmarks/ecg.py tests with."""
    from ecg import TEST, read

    records = [read(data / "ecg" / f"{record}.npy") for record in TEST]
    return np.stack(
        [
            record[begin : begin + N_TIMESTEPS]
            for record in records
            for begin in (36_000, 252_000, 468_000)
        ]
    )


def eegs(data: Path) -> np.ndarray:
    """Return some of the epochs of benchmarks/eeg.py."""
    return np.load(data / "eeg" / "eeg.npy")[::100].astype(float)


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="holds ecg/100.npy ... and eeg/eeg.npy")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"{machine('onnxruntime', 'scikit-image', 'scipy')}")
    compare("Demo signals", demo())
    if options.data:
        compare("Real ECGs", ecgs(options.data))
        compare("Real EEGs", eegs(options.data))


if __name__ == "__main__":
    sys.exit(main())
