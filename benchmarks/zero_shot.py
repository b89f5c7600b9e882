"""`denoise`, with no training, beside classical methods and beside the best that is possible.

    python benchmarks/zero_shot.py                # about ten minutes on two cores
    python benchmarks/zero_shot.py --data FOLDER  # and on real ECGs: see benchmarks/ecg.py

The demo signals of PyWavelets with white noise, two draws a case, beside cycle-spun BayesShrink and
beside the best of thirteen methods, picked for each case with the truth, which users cannot do.
Then Gaussian processes of known covariance, for which the Wiener filter is the best estimator that
there can be. No signal of these took part in training or in choosing checkpoints. Last, the error
bars, on random signals of the kinds that the network learned from.
"""

import argparse
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pywt
from classical import CLASSICAL, SPUN
from common import classical, machine, table

from conv_denoiser import denoise
from conv_denoiser.metrics import snr_db
from conv_denoiser.waveforms import anything

LEVELS_DB, USUAL_DB = (0, 5, 10, 15, 20, 30, 40, 60), 20
N_DRAWS = 2
N_TIMESTEPS, N_PROCESSES, PROCESS_DB = 768, 16, (0, 10, 20)
N_RANDOM = 200


def demo_signals() -> dict[str, np.ndarray]:
    """Return the signals by name; of complex ones the real part."""
    signals = {}
    for name in pywt.data.demo_signal("list"):
        fixed = name in ("Gabor", "sineoneoverx")
        signal = pywt.data.demo_signal(name) if fixed else pywt.data.demo_signal(name, 2048)
        signals[name] = np.real(signal).astype(float)
    return signals


def gains_of_demo_signals(decibels: int) -> dict[str, dict[str, float]]:
    """Return the gains in dB by signal, and by method."""
    gains = {}
    for name, clean in demo_signals().items():
        rng = np.random.default_rng(list(name.encode()))
        scale = clean.std() * 10 ** (-decibels / 20)
        noisy = clean + scale * rng.standard_normal((N_DRAWS, clean.size))
        truth = np.tile(clean, (N_DRAWS, 1))
        denoised = {"denoise": denoise(noisy)}
        for method, function in CLASSICAL.items():
            denoised[method] = np.stack([function(row) for row in noisy])
        before = snr_db(truth, noisy)
        gains[name] = {key: snr_db(truth, array) - before for key, array in denoised.items()}
    return gains


def demo_table() -> None:
    """Compare methods on the demo signals."""
    print("| noise in | mean gain (dB) | least gain | wavelet | best of 13 | ahead of the best |")
    print("|---|---|---|---|---|---|")
    usual = []
    for decibels in LEVELS_DB:
        gains = gains_of_demo_signals(decibels)
        ours, spun = (np.array([g[name] for g in gains.values()]) for name in ("denoise", SPUN))
        best = np.array([max(g[name] for name in CLASSICAL) for g in gains.values()])
        if decibels <= USUAL_DB:
            usual.append(decibels + np.stack([ours, spun, best]))
        print(
            f"| {decibels} dB | {ours.mean():.2f} | {ours.min():.2f} ({[*gains][ours.argmin()]}) | "
            f"{spun.mean():.2f} | {best.mean():.2f} | {(ours > best).sum()} of {len(ours)} |",
            flush=True,
        )
    ours, spun, best = np.moveaxis(np.array(usual), 1, 0)  # (levels, signals)
    against = (ours - spun).mean(axis=0)
    print(
        f"\nMean SNR from 0 to {USUAL_DB} dB in: {ours.mean():.2f} dB; wavelet {spun.mean():.2f}, "
        f"best of 13 {best.mean():.2f}, beaten in {(ours > best).sum()} of {ours.size} cases. "
        f"Against the wavelet, the worst signal is {[*demo_signals()][against.argmin()]}: "
        f"{against.min():+.2f} dB in the mean over these levels."
    )


def covariances() -> dict[str, np.ndarray]:
    """Return covariances of Gaussian processes of variance 1."""
    t = np.arange(N_TIMESTEPS)
    distance = np.abs(t[:, np.newaxis] - t)
    scaled = np.sqrt(3) * distance / 20
    return {
        "RBF, length 10": np.exp(-((distance / 10) ** 2) / 2),
        "RBF, length 60": np.exp(-((distance / 60) ** 2) / 2),
        "Matérn 3/2, length 20": (1 + scaled) * np.exp(-scaled),
        "Ornstein-Uhlenbeck, length 50": np.exp(-distance / 50),
        "periodic, period 40": np.exp(-2 * np.sin(np.pi * distance / 40) ** 2),
    }


def gaps(covariance: np.ndarray, decibels: int, rng: np.random.Generator) -> list[float]:
    """Return how far `denoise`, the same with the level given, and the wavelet are off, in dB."""
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 0)
    clean = rng.standard_normal((N_PROCESSES, N_TIMESTEPS)) * np.sqrt(values) @ vectors.T
    power = 10 ** (-decibels / 10)
    noisy = clean + np.sqrt(power) * rng.standard_normal(clean.shape)
    optimum = noisy @ vectors * (values / (values + power)) @ vectors.T
    limit = np.mean((optimum - clean) ** 2, axis=1)
    given = denoise(noisy, noise_std=float(np.sqrt(power)))
    by_wavelet = np.stack([CLASSICAL[SPUN](row) for row in noisy])
    errors = [np.mean((y - clean) ** 2, axis=1) for y in (denoise(noisy), given, by_wavelet)]
    return [10 * np.log10(error / limit).mean() for error in errors]


def wiener_table() -> None:
    """Compare with the Wiener filter that is given the true covariance."""
    rng = np.random.default_rng(0)
    heads = " | ".join(f"{decibels} dB" for decibels in PROCESS_DB)
    print(
        "\nDecibels below the Wiener filter: `denoise`, the same with its level given, wavelet:\n"
    )
    print(f"| Gaussian process | {heads} | mean |")
    print("|---|" + "---|" * (len(PROCESS_DB) + 1))
    means = []
    for name, covariance in covariances().items():
        below = np.array([gaps(covariance, decibels, rng) for decibels in PROCESS_DB])
        means.append(below.mean(axis=0))
        print(f"| {name} | {' | '.join(map(_numbers, (*below, means[-1])))} |", flush=True)
    print(f"| mean | {'| ' * len(PROCESS_DB)}{_numbers(np.mean(means, axis=0))} |")


def _numbers(values: np.ndarray) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def coverage_table() -> None:
    """Count how many clean samples lie in the intervals that `return_std` promises."""
    rng = np.random.default_rng(0)
    quantiles = {share: NormalDist().inv_cdf(0.5 + share / 2) for share in (0.5, 0.8, 0.9, 0.95)}
    print(f"\n| {N_RANDOM} random signals | {' | '.join(f'{share:.0%}' for share in quantiles)} |")
    print("|---|" + "---|" * len(quantiles))
    for decibels in LEVELS_DB:
        clean = anything(N_RANDOM, np.arange(2048), rng)
        scale = np.maximum(clean.std(axis=1, keepdims=True), 1e-3) * 10 ** (-decibels / 20)
        noisy = clean + scale * rng.standard_normal(clean.shape)
        denoised, std = denoise(noisy, return_std=True)
        distance = np.abs(denoised - clean) / std
        covered = [f"{(distance < quantile).mean():.1%}" for quantile in quantiles.values()]
        print(f"| {decibels} dB | {' | '.join(covered)} |", flush=True)


def ecg_table(data: Path) -> None:
    """Denoise the ECGs of `benchmarks/ecg.py`, with white noise at 6 dB."""
    from ecg import METRICS, TEST, windows

    from conv_denoiser.noise import GaussianNoise

    clean = windows(data / "ecg", TEST)[::5]
    noisy = GaussianNoise(snr_db=6)(clean, 1)
    level = 10 ** (-6 / 20)
    methods = {
        "nothing": lambda X: X,
        "`denoise`, no training": denoise,
        "`denoise`, no training, its level given": lambda X: denoise(X, noise_std=level),
    }
    rows = [classical([method], noisy, clean, METRICS) for method in methods.items()]
    print(f"\n{len(clean):,} windows of ECG, white noise at 6 dB:\n\n{table(rows, METRICS)}")


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="holds ecg/100.npy ...")
    options = parser.parse_args()
    print(f"{machine('onnxruntime', 'scikit-image')}\n")
    demo_table()
    wiener_table()
    coverage_table()
    if options.data:
        ecg_table(options.data)


if __name__ == "__main__":
    main()
