"""Whether intervals hold what they promise, on real ECGs and EEGs, and how wide they are.

A U-Net with nothing set but ``loss="gaussian_nll"`` learns from 4,096 pairs of ECG windows, as
benchmarks/ecg.py draws them: white noise at 6 dB, or recorded noise at 0 dB. All else is done on
windows of six other patients. "Exchangeable": half of all windows, drawn at random, to
conformalize with, and the other half to test; mean of twenty draws. "A new patient": five patients
to conformalize with, and the sixth to test, each in turn. Other noise: conformalized with white
noise at 6 dB, and tested on windows of the other half with what the row says. EEGs with eye
movements at -7 to 2 dB: epochs 0 to 1,019 to conformalize with and to test, in twenty random
halves; the others to learn from.

The smoother beside it is a Gaussian process with a Matern-3/2 covariance, as a Kalman smoother
computes it: of each window's 16 correlation times, the one of the highest likelihood, with the
variance of the signal and of the noise that fit it best. It is conformalized in the same way.

    python benchmarks/uncertainty.py --data FOLDER   # about ten minutes on two cores

FOLDER is that of benchmarks/ecg.py and benchmarks/eeg.py.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from common import machine
from ecg import TEST, signals, stress_noise, windows
from eeg import training_signals

from conv_denoiser import ConvDenoiser
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import GaussianNoise, RecordedNoise
from conv_denoiser.uncertainty.calibration import calibrated

COVERAGES = (0.5, 0.8, 0.9, 0.95)
KINDS = ("pointwise", "band")
N_DRAWS = 20


class Predicted(NamedTuple):
    """Clean signals, what came out for their noisy ones, and how sure that is."""

    clean: np.ndarray
    mean: np.ndarray
    std: np.ndarray

    def rows(self, rows: np.ndarray) -> "Predicted":
        """Take some signals."""
        return Predicted(*(part[rows] for part in self))


class Held(NamedTuple):
    """Shares of what intervals hold at each coverage, and mean width of those of 0.9."""

    shares: list[float]
    width: float


def held(before: Predicted, new: Predicted, kind: str) -> Held:
    """Conformalize with some signals, and test on others."""
    calibration = calibrated(*before)
    shares, width = [], 0.0
    for coverage in COVERAGES:
        lower, upper = calibration.interval(new.mean, new.std, coverage, kind)
        inside = (lower <= new.clean) & (new.clean <= upper)
        shares.append(float((inside if kind == "pointwise" else inside.all(axis=1)).mean()))
        if coverage == 0.9:
            width = float((upper - lower).mean())
    return Held(shares, width)


def mean_of(results: list[Held]) -> Held:
    """Average over draws, or over patients."""
    shares = np.mean([result.shares for result in results], axis=0)
    return Held(shares.tolist(), float(np.mean([result.width for result in results])))


def in_halves(predicted: Predicted, kind: str, tested: Predicted | None = None) -> Held:
    """Conformalize with one random half, and test on the other: these signals, or what is given."""
    results = []
    for seed in range(N_DRAWS):
        order = np.random.default_rng(seed).permutation(len(predicted.clean))
        first, second = np.array_split(order, 2)
        new = predicted if tested is None else tested
        results.append(held(predicted.rows(first), new.rows(second), kind))
    return mean_of(results)


def by_patient(predicted: Predicted, patients: np.ndarray, kind: str) -> list[Held]:
    """Test on each patient, conformalized with the others."""
    return [
        held(predicted.rows(patients != one), predicted.rows(patients == one), kind)
        for one in np.unique(patients)
    ]


def predict(denoiser: ConvDenoiser, noisy: np.ndarray, clean: np.ndarray) -> Predicted:
    """Denoise, and keep the truth beside it."""
    return Predicted(clean, *denoiser.predict(noisy, return_std=True))


def smooth(noisy: np.ndarray, clean: np.ndarray) -> Predicted:
    """Denoise by a Gaussian process of its own for each window."""
    n = noisy.shape[1]
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    means, stds = np.empty(noisy.shape), np.empty(noisy.shape)
    best = np.full(len(noisy), -np.inf)
    centred = noisy - noisy.mean(axis=1, keepdims=True)
    ratios = np.geomspace(1e-3, 10, 25)  # of the noise's variance to the signal's
    for time_constant in np.geomspace(1, 60, 16):
        scaled = np.sqrt(3) * distance / time_constant
        values, vectors = np.linalg.eigh((1 + scaled) * np.exp(-scaled))
        projected = centred @ vectors
        for ratio in ratios:
            spectrum = values + ratio
            variance = (projected**2 / spectrum).mean(axis=1)  # of the signal, where likeliest
            likelihood = -0.5 * (n * np.log(variance) + np.log(spectrum).sum())
            better = likelihood > best
            gain = values / spectrum
            means[better] = (projected[better] * gain) @ vectors.T
            unit = np.sqrt((vectors**2 * (values - values * gain)).sum(axis=1))
            stds[better] = np.sqrt(variance[better, np.newaxis]) * unit
            best[better] = likelihood[better]
    return Predicted(clean, means + noisy.mean(axis=1, keepdims=True), stds)


def row(name: str, kind: str, result: Held) -> str:
    """Format a row, and show it at once."""
    cells = [name, kind, *(f"{share:.3f}" for share in result.shares), f"{result.width:.3f}"]
    line = "| " + " | ".join(cells) + " |"
    print(line, file=sys.stderr, flush=True)
    return line


def table(rows: Iterator[str]) -> str:
    """Put rows under their heads."""
    heads = ["case", "kind", *(f"{coverage:g}" for coverage in COVERAGES), "width at 0.9"]
    return "\n".join(["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *rows])


def fitted(X: np.ndarray, y: np.ndarray, loss: str = "gaussian_nll") -> ConvDenoiser:
    """Fit a U-Net with nothing else set."""
    return ConvDenoiser("unet", loss=loss, random_state=0).fit(X, y)


def ecg_rows(data: Path, n_pairs: int) -> Iterator[str]:
    """Measure on ECGs."""
    clean, test = signals(data)
    clean = clean[:n_pairs]
    patients = np.concatenate([np.full(len(windows(data, [record])), record) for record in TEST])[
        ::5
    ]
    white = GaussianNoise(snr_db=6)
    X, noisy = white(clean, 0), white(test, 1)
    denoiser = fitted(X, clean)
    report_mean(denoiser, fitted(X, clean, "mean_squared_error"), noisy, test)
    sure = predict(denoiser, noisy, test)
    process = smooth(noisy, test)
    stressed = predict(denoiser, stress_noise(data, 1)(test, 1), test)
    others = {
        f"white noise at {level} dB": predict(denoiser, GaussianNoise(snr_db=level)(test, 1), test)
        for level in (0, 3, 9, 12)
    }
    for kind in KINDS:
        yield row("exchangeable, white noise at 6 dB", kind, in_halves(sure, kind))
        yield row("the same, Gaussian process", kind, in_halves(process, kind))
        yield from patient_rows(sure, patients, kind)
        for name, other in others.items():
            yield row(f"conformalized at 6 dB, {name}", kind, in_halves(sure, kind, other))
        yield row("the same, recorded noise at 0 dB", kind, in_halves(sure, kind, stressed))
    yield from stress_rows(data, clean, test, patients)


def stress_rows(
    data: Path, clean: np.ndarray, test: np.ndarray, patients: np.ndarray
) -> Iterator[str]:
    """Measure on ECGs with recorded noise."""
    denoiser = fitted(stress_noise(data, 0)(clean, 0), clean)
    sure = predict(denoiser, stress_noise(data, 1)(test, 1), test)
    for kind in KINDS:
        yield row("exchangeable, recorded noise at 0 dB", kind, in_halves(sure, kind))
        yield from patient_rows(sure, patients, kind)


def patient_rows(predicted: Predicted, patients: np.ndarray, kind: str) -> Iterator[str]:
    """Report the mean over new patients, and the one who is covered least."""
    results = by_patient(predicted, patients, kind)
    yield row("a new patient, mean of six", kind, mean_of(results))
    yield row("the worst of six", kind, min(results, key=lambda result: result.shares[2]))


def report_mean(
    denoiser: ConvDenoiser, plain: ConvDenoiser, noisy: np.ndarray, clean: np.ndarray
) -> None:
    """Say what the variance costs: dB of the mean, and time."""
    for name, model in (("gaussian_nll", denoiser), ("mean_squared_error", plain)):
        print(f"{name}: {snr_db(clean, model.transform(noisy)):.2f} dB")
    seconds = [
        least_seconds(lambda: denoiser.transform(noisy)),
        least_seconds(lambda: denoiser.predict(noisy, return_std=True)),
        least_seconds(lambda: plain.transform(noisy)),
    ]
    print(
        "transform, with std, transform without variance: {:.2f}, {:.2f}, {:.2f} s".format(*seconds)
    )


def least_seconds(run: Callable[[], object]) -> float:
    """Return the least of five times."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def eeg_rows(data: Path, n_pairs: int) -> Iterator[str]:
    """Measure on EEGs with eye movements."""
    eeg, eog = (np.load(data / f"{name}.npy") for name in ("eeg", "eog"))
    train, noise = training_signals(eeg[340:], eog[340:])
    train = np.random.default_rng(0).permutation(train)[:n_pairs]
    test = eeg[:1020]
    denoiser = fitted(noise(train, 0), train)
    movements = RecordedNoise(eog[:1020], snr_db=(-7, 2))
    sure = predict(denoiser, movements(test, 1), test)
    for kind in KINDS:
        yield row("exchangeable, EEG with eye movements", kind, in_halves(sure, kind))


def main() -> None:
    """Measure, and print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds ecg/100.npy ...")
    parser.add_argument("--n-pairs", type=int, default=4096, help="to learn from, at most")
    options = parser.parse_args()
    print(machine() + "\n")
    print(table(ecg_rows(options.data / "ecg", options.n_pairs)))
    print("\n" + table(eeg_rows(options.data / "eeg", options.n_pairs)))


if __name__ == "__main__":
    main()
