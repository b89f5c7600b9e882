"""ECGs in windows of ten seconds: errors as others define them, and whether R peaks are found.

    python benchmarks/ecg_tasks.py --data FOLDER           # also a part of benchmarks/ecg.py
    python benchmarks/ecg_tasks.py --data FOLDER --every 1 # all windows; by default every ninth

benchmarks/ecg.py says what FOLDER holds, and which records and halves of noise are for training.
Windows are of 3,600 samples in mV, of the six test patients, without the wander below 0.5 Hz that
records have by themselves. All numbers are means over patients: of all beats of a patient, and over
all windows of a patient. The setting of each classical family is the one that is best for the
truth (by F1 of R peaks; in tables of errors, by the gain), a help that users do not have. Small
networks learn from 2,048 windows of 1,024 samples of the training records, with the first halves of
both noises, each at -5 to 15 dB. A wander much slower than these windows is an offset to a network,
which it keeps: so what is slower than 0.5 Hz is taken off before, in training and here. The
ready-made model is shown with and without that.

R peaks are found by `neurokit2.ecg_peaks`. Those of the clean window are the truth; a peak within
75 ms of one of them is right, one for each. `time` is the mean absolute error of the right ones.

The table of errors is for baseline wander and muscle noise together, whose amplitude (peak to peak)
is 0.2 to 2 times that of the window, at random, as in DeepFilter (doi:10.1016/j.bspc.2021.102992,
for beats and wander alone) and DeScoD-ECG (doi:10.1109/JBHI.2023.3237712). For a clean signal y and
a denoised one z they define:

- SSD = sum (y - z)², in mV²; it grows with the length of a window;
- MAD = max |y - z|, in mV;
- PRD = 100 sqrt(sum (y - z)² / sum (z - mean y)²), in %: the denoised signal is in the
  denominator, unlike in `conv_denoiser.metrics.prd`;
- cosine similarity = sum yz / sqrt(sum y² sum z²).

Their published figures are of other records, in beats padded to 512 samples, and cannot be set
beside these.
"""

import argparse
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import neurokit2
import numpy as np
from common import machine
from ecg import RATE, TEST, TRAIN, StressNoise, read, stress_noise
from levels import Method, fitted, row, single, small
from peers import (
    Denoise,
    band_passes,
    ecg_cleaners,
    kalman_smoothers,
    savitzky_golays,
    spectral_gates,
    spectrum_analyses,
    spun_wavelets,
    wavelets,
)
from pretrain_ecg import windows, without_wander
from small_networks import fcn_dae, separable_unet

from conv_denoiser import ConvDenoiser, denoise
from conv_denoiser.metrics import snr_improvement_db
from conv_denoiser.noise import GaussianNoise, NoiseModel, RecordedNoise

WINDOW, FLAT = 3600, 0.02  # samples, mV
NEAR = 0.075  # s
SLOW = 2  # windows a patient, of methods that take long
Patients = dict[int, np.ndarray]  # windows by record


class Case(NamedTuple):
    """Windows by patient, clean and with noise."""

    clean: Patients
    noisy: Patients


class Beats(NamedTuple):
    """How the R peaks of a patient were found; shares and ms."""

    sensitivity: float
    precision: float
    f1: float
    time: float


def patients(data: Path, every: int) -> Patients:
    """Cut the test records into windows."""
    found = {}
    for record in TEST:
        samples = without_wander(read(data / f"{record}.npy"))
        cut = samples[: samples.size // WINDOW * WINDOW].reshape(-1, WINDOW)[::every]
        cut = cut[cut.std(axis=1) >= FLAT]
        found[record] = (cut - cut.mean(axis=1, keepdims=True)).astype(np.float32)
    return found


def with_noise(clean: Patients, noise: Callable[[np.ndarray, int], np.ndarray]) -> Case:
    """Add noise, with the number of the record as its seed."""
    return Case(clean, {record: noise(windows, record) for record, windows in clean.items()})


def of_amplitude(noise: StressNoise, clean: np.ndarray, seed: int) -> np.ndarray:
    """Add noise of 0.2 to 2 times the amplitude of each window, peak to peak."""
    rng = np.random.default_rng(seed)
    added = noise.sample(clean, rng)
    ratio = rng.uniform(0.2, 2, (len(clean), 1)) * np.ptp(clean, axis=1, keepdims=True)
    return (clean + added * ratio / np.ptp(added, axis=1, keepdims=True)).astype(np.float32)


def r_peaks(x: np.ndarray) -> np.ndarray:
    """Find R peaks; of a signal that the detector cannot work with, none."""
    try:
        return np.asarray(neurokit2.ecg_peaks(x.astype(float), RATE)[1]["ECG_R_Peaks"], int)
    except (ValueError, IndexError, ZeroDivisionError):
        return np.empty(0, int)


def pairs(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return the distances (samples) of found peaks from true ones, one for each at most."""
    if not truth.size or not found.size:
        return np.empty(0)
    distance = np.abs(truth[:, np.newaxis] - found)
    nearest = distance.argmin(axis=1)
    mutual = distance.argmin(axis=0)[nearest] == np.arange(truth.size)
    closest = distance[np.arange(truth.size), nearest]
    return closest[mutual & (closest <= NEAR * RATE)]


def beats(clean: np.ndarray, denoised: np.ndarray) -> Beats:
    """Compare the R peaks of denoised windows with those of clean ones."""
    n_true, n_found, apart = 0, 0, []
    for y, z in zip(clean, denoised, strict=True):
        truth, found = r_peaks(y), r_peaks(z)
        n_true, n_found = n_true + truth.size, n_found + found.size
        apart.extend(pairs(truth, found))
    sensitivity, precision = len(apart) / n_true, len(apart) / max(n_found, 1)
    f1 = 2 * len(apart) / (n_true + n_found)
    return Beats(sensitivity, precision, f1, 1000 / RATE * float(np.mean(apart or [np.nan])))


def errors(clean: np.ndarray, noisy: np.ndarray, denoised: np.ndarray) -> tuple[float, ...]:
    """Return the gain (dB), SSD, MAD, PRD and cosine similarity, means over windows."""
    y, z = clean.astype(float), denoised.astype(float)
    squares = np.sum((y - z) ** 2, axis=1)
    about_mean = np.sum((z - y.mean(axis=1, keepdims=True)) ** 2, axis=1)
    lengths = np.sqrt(np.sum(y**2, axis=1) * np.sum(z**2, axis=1))
    return (
        float(snr_improvement_db(clean, denoised, noisy)),
        squares.mean(),
        np.abs(y - z).max(axis=1).mean(),
        np.mean(100 * np.sqrt(squares / np.maximum(about_mean, 1e-12))),
        np.mean(np.sum(y * z, axis=1) / np.maximum(lengths, 1e-12)),
    )


def filters() -> Iterator[Method]:
    """Yield the classical families."""
    yield single("nothing", lambda X: X)
    yield Method("best band-pass", lambda: band_passes(RATE))
    yield Method("best wavelet", wavelets)
    yield Method("best cycle-spun wavelet", spun_wavelets)
    yield Method("best Savitzky-Golay", savitzky_golays)
    for setting in ecg_cleaners(RATE):
        yield single(*setting)
    yield Method("best SSA", spectrum_analyses)
    yield Method("best noisereduce", lambda: spectral_gates(RATE), SLOW)
    yield Method("best Kalman smoother", kalman_smoothers)


def high_passed(denoise: Denoise) -> Denoise:
    """Take what is slower than 0.5 Hz off before."""
    return lambda X: denoise(without_wander(X).astype(np.float32))


def training(data: Path, n_windows: int) -> tuple[np.ndarray, NoiseModel]:
    """Return windows of the training records, and noises, all without what is below 0.5 Hz."""
    clean = windows(data, TRAIN)
    chosen = np.random.default_rng(0).choice(len(clean), n_windows, replace=False)
    noises = []
    for name in ("noise_bw", "noise_ma"):
        samples = without_wander(read(data / f"{name}.npy"))
        first, _ = np.split(samples, [samples.size // 2])
        noises.append(RecordedNoise(first, snr_db=(-5, 15)))
    return clean[chosen], noises[0] + noises[1]


def networks(data: Path, epochs: int) -> Iterator[Method]:
    """Fit networks to windows of the training records with recorded noise."""
    ready = partial(denoise, model="ecg", sampling_rate=RATE)
    yield single("`denoise`", denoise)
    yield single('`denoise(model="ecg")`', ready)
    yield single('high-pass, `denoise(model="ecg")`', high_passed(ready))
    clean, noise = training(data, 2048)
    ours = ConvDenoiser("unet", noise=noise, random_state=0)
    yield behind_high_pass('`ConvDenoiser("unet")`', ours, clean)
    for name, architecture in (
        ("recipe's network", "autoencoder"),
        ("FCN-DAE", fcn_dae),
        ("separable U-Net", separable_unet),
    ):
        denoiser = small(architecture, noise, epochs, len(clean))
        yield behind_high_pass(name, denoiser, clean)


def behind_high_pass(name: str, denoiser: ConvDenoiser, clean: np.ndarray) -> Method:
    """Fit a denoiser, and put it behind the high-pass."""
    method = fitted(f"high-pass, {name}", denoiser, clean)
    ((_, denoise_all),) = method.settings()
    return single(method.name, high_passed(denoise_all))


def outcomes(
    method: Method, case: Case, measure: Callable[..., tuple[float, ...]], by: int
) -> np.ndarray:
    """Return numbers, (patients, numbers), in the setting that is best by one of them."""
    found = []
    for _, function in method.settings():
        rows = []
        for record in TEST:
            clean, noisy = (part[record][: method.n_signals] for part in case)
            rows.append(measure(clean, noisy, np.nan_to_num(function(noisy))))
        found.append(np.array(rows))
    return max(found, key=lambda rows: rows[:, by].mean())


def table(
    title: str,
    heads: tuple[str, ...],
    forms: tuple[str, ...],
    methods: Iterable[Method],
    numbers: Callable[[Method], np.ndarray],
) -> None:
    """Print one row a method, as soon as it is there."""
    print(f"\n{title}:\n\n{row(['method', *heads])}\n{row(['---'] * (len(heads) + 1))}", flush=True)
    for method in methods:
        name = method.name + (f" ({method.n_signals} windows each)" if method.n_signals else "")
        values = (f"{value:{form}}" for value, form in zip(numbers(method), forms, strict=True))
        print(row([name, *values]), flush=True)


def beat_table(title: str, case: Case, methods: Iterable[Method]) -> None:
    """Print how R peaks are found, and F1 patient by patient."""

    def numbers(method: Method) -> np.ndarray:
        found = outcomes(method, case, lambda clean, _, denoised: beats(clean, denoised), 2)
        return np.array([*np.nanmean(found, axis=0), *found[:, 2]])

    heads = ("sensitivity", "precision", "F1", "time (ms)", *(f"F1 of {p}" for p in TEST))
    forms = (".1%", ".1%", ".1%", ".1f", *(".1%",) * len(TEST))
    table(title, heads, forms, methods, numbers)


def error_table(title: str, case: Case, methods: Iterable[Method]) -> None:
    """Print errors, and gains patient by patient."""

    def numbers(method: Method) -> np.ndarray:
        found = outcomes(method, case, errors, 0)
        return np.array([*found.mean(axis=0), *found[:, 0]])

    heads = ("gain (dB)", "SSD", "MAD", "PRD", "cosine", *(f"gain of {p}" for p in TEST))
    forms = ("+.1f", ".1f", ".2f", ".1f", ".3f", *("+.1f",) * len(TEST))
    table(title, heads, forms, methods, numbers)


def report(data: Path, every: int = 9, epochs: int = 10) -> None:
    """Print all tables."""
    warnings.simplefilter("ignore")
    clean = patients(data, every)
    n_windows = sum(map(len, clean.values()))
    recorded = with_noise(clean, stress_noise(data, 1))
    mixed = with_noise(clean, partial(of_amplitude, stress_noise(data, 1)))
    white = with_noise(clean, GaussianNoise(snr_db=6))
    all_networks = list(networks(data, epochs))
    both = f"{n_windows} windows of 10 s of {len(TEST)} patients"
    methods = [*filters(), *all_networks]
    title = f"10-s windows, mixed noise 0.2 to 2 times the amplitude, {both}"
    error_table(title, mixed, methods)
    error_table(f"Recorded noise (bw + ma) at 0 dB, {both}", recorded, methods)
    beat_table(f"R peaks, recorded noise (bw + ma) at 0 dB, {both}", recorded, methods)
    beat_table(f"R peaks, white noise at 6 dB, {both}", white, [*filters(), *all_networks[:3]])


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds ecg/100.npy ...")
    parser.add_argument("--every", type=int, default=9, help="take every nth window")
    parser.add_argument("--epochs", type=int, default=10, help="of the small networks")
    options = parser.parse_args()
    print(machine("onnxruntime", "scikit-image", "neurokit2", "noisereduce", "scipy"))
    report(options.data / "ecg", options.every, options.epochs)


if __name__ == "__main__":
    main()
