"""EEGs with eye movements, level by level, and whether the alpha rhythm keeps its power.

    python benchmarks/eeg_tasks.py --data FOLDER # half an hour; also a part of benchmarks/eeg.py

benchmarks/eeg.py says what FOLDER holds, and which epochs are for the test. Numbers are means over
the 340 test epochs at each level. The setting of each classical family is the one of the least
relative RMSE at each level by the truth, a help that users do not have. By itself this script fits
networks with nothing but the noise set; benchmarks/eeg.py adds those that it trains for longer.

The error of the alpha band is the mean over epochs of |10 log10 (P / P0)| in dB, P and P0 being the
powers from 8 to 13 Hz of the denoised and of the clean epoch (periodogram, Hann window). What a
classifier makes of denoised EEGs cannot be told here: these epochs have no labels.
"""

import argparse
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from common import machine
from eeg import N_TEST, RATE, TEST_RATIOS, high_passes, test_signals, training_signals
from levels import Method, fitted, row, single, small
from peers import (
    kalman_smoothers,
    savitzky_golays,
    spectral_gates,
    spectrum_analyses,
    wavelets,
)
from scipy.signal import periodogram
from small_networks import fcn_dae, separable_unet

from conv_denoiser import ConvDenoiser
from conv_denoiser.metrics import correlation, relative_rmse

ALPHA = (8, 13)  # Hz
SLOW = 16
Metric = Callable[[np.ndarray, np.ndarray], float]


def alpha_error(clean: np.ndarray, denoised: np.ndarray) -> float:
    """Return by how much the power of the alpha band is off, in dB."""
    powers = []
    for signals in (clean, denoised):
        frequencies, density = periodogram(signals, RATE, "hann", axis=1)
        inside = (frequencies >= ALPHA[0]) & (frequencies <= ALPHA[1])
        powers.append(density[:, inside].sum(axis=1) + 1e-12)
    return float(np.abs(10 * np.log10(powers[1] / powers[0])).mean())


METRICS: dict[str, tuple[Metric, str]] = {
    "Relative RMSE": (relative_rmse, ".3f"),
    "Correlation": (correlation, ".3f"),
    "Error of the power of the alpha band (dB)": (alpha_error, ".2f"),
}


def peers() -> Iterator[Method]:
    """Yield the classical families; most of them are not made for noise that is slow."""
    yield single("nothing", lambda X: X)
    yield Method("best high-pass", high_passes)
    yield Method("best wavelet", wavelets)
    yield Method("best Savitzky-Golay", savitzky_golays)
    yield Method("best SSA", spectrum_analyses)
    yield Method("best noisereduce", lambda: spectral_gates(RATE), SLOW)
    yield Method("best Kalman smoother", kalman_smoothers)


def networks(eeg: np.ndarray, eog: np.ndarray, epochs: int) -> Iterator[Method]:
    """Fit networks with nothing but the noise set, and small ones."""
    clean, noise = training_signals(eeg, eog)
    ours = ConvDenoiser("unet", noise=noise, random_state=0)
    yield fitted('`ConvDenoiser("unet")`', ours, clean)
    for name, architecture in (("FCN-DAE", fcn_dae), ("separable U-Net", separable_unet)):
        yield fitted(name, small(architecture, noise, epochs, len(clean)), clean)


def by_level(method: Method, noisy: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """Return all metrics at all levels, (metrics, levels), each in the best setting."""
    columns = []
    for X, y in zip(*(np.split(part, TEST_RATIOS.size) for part in (noisy, clean)), strict=True):
        X, y = X[: method.n_signals], y[: method.n_signals]
        tried = [np.nan_to_num(function(X)) for _, function in method.settings()]
        best = min(tried, key=lambda denoised, y=y: float(relative_rmse(y, denoised)))
        columns.append([float(metric(y, best)) for metric, _ in METRICS.values()])
    return np.array(columns).T


def report(eeg: np.ndarray, eog: np.ndarray, methods: Iterable[Method]) -> None:
    """Print a table for each metric, with levels as columns."""
    warnings.simplefilter("ignore")
    noisy, clean = test_signals(eeg[:N_TEST], eog[:N_TEST])
    numbers = {}
    for method in [*peers(), *methods]:
        name = method.name + (f" (on {method.n_signals} epochs)" if method.n_signals else "")
        numbers[name] = by_level(method, noisy, clean)
    heads = ["method", *(f"{level:.1f} dB" for level in TEST_RATIOS), "mean"]
    for k, (title, (_, form)) in enumerate(METRICS.items()):
        print(f"\n{title}, eye movements:\n\n{row(heads)}\n{row(['---'] * len(heads))}")
        for name, values in numbers.items():
            print(row([name, *(f"{v:{form}}" for v in (*values[k], values[k].mean()))]))


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds eeg/eeg.npy ...")
    parser.add_argument("--epochs", type=int, default=5, help="of the small networks")
    options = parser.parse_args()
    eeg, eog = (np.load(options.data / "eeg" / f"{name}.npy") for name in ("eeg", "eog"))
    print(machine("scikit-image", "noisereduce", "scipy"))
    report(eeg, eog, networks(eeg, eog, options.epochs))


if __name__ == "__main__":
    main()
