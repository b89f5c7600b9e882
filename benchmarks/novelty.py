"""Whether signals unlike those learned from are told apart, and how often others raise an alarm.

A denoiser learns from 2,048 windows of 16 ECG records, as benchmarks/ecg.py draws them, without
noise or with white noise at 6 dB. It knows what they look like, but not the six patients whose
windows are the usual ones here. The strange ones get the same noise: EEGs; pulse waves of two bells
a beat; sines of 1/512 to 0.4 cycles a sample; spectra of 4 to 15 Lorentz peaks; ECGs at half the
sampling rate; ECGs that are clipped at their 95th percentile, after noise; and ECGs with another
level or kind of noise. "Alarms" are the share of 300 batches of so many signals that make
``novelty="warn"`` warn.

    python benchmarks/novelty.py --data FOLDER   # half a minute on one core; no network is needed

FOLDER is that of benchmarks/ecg.py and benchmarks/eeg.py.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common import machine
from ecg import TEST, TRAIN, stress_noise, windows
from sklearn.metrics import roc_auc_score

from conv_denoiser.noise import GaussianNoise
from conv_denoiser.uncertainty import Profile
from conv_denoiser.uncertainty.profile import novelty_in

N_STRANGE, N_BATCHES, BATCHES = 400, 300, (1, 5, 20, 100)
LEVELS = (0, 3, 12)  # dB


def standardised(X: np.ndarray) -> np.ndarray:
    """Bring signals to a mean of 0 and a standard deviation of 1."""
    X = X - X.mean(axis=1, keepdims=True)
    return X / X.std(axis=1, keepdims=True)


def other_kinds(data: Path, test: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield signals of other kinds, (n_signals, 512)."""
    rng = np.random.default_rng(0)
    time = np.arange(test.shape[1])

    def draw(low: float, high: float, *shape: int) -> np.ndarray:
        return rng.uniform(low, high, (N_STRANGE, *shape, 1))

    yield "EEG", np.load(data / "eeg" / "eeg.npy")[:N_STRANGE, : time.size]
    phase = (time / draw(220, 400) + draw(0, 1)) % 1
    second = draw(0.2, 0.6) * np.exp(-(((phase - 0.55) / 0.12) ** 2))
    yield "pulse waves", np.exp(-(((phase - 0.25) / 0.1) ** 2)) + second
    frequency = np.exp(draw(np.log(1 / 512), np.log(0.4)))
    yield "sines", np.sin(2 * np.pi * (frequency * time + draw(0, 1)))
    height = draw(0.1, 1, 15) * (np.arange(15)[:, np.newaxis] < rng.integers(4, 16, (400, 1, 1)))
    width = np.exp(draw(np.log(3), np.log(20), 15))
    distance = (time - draw(0, time.size, 15)) / width
    yield "spectra", (height / (1 + distance**2)).sum(axis=1)
    records = [np.load(data / "ecg" / f"{record}.npy")[::2] / 200 for record in TEST]
    halves = [series[: series.size // 512 * 512].reshape(-1, 512) for series in records]
    slow = np.concatenate(halves)
    yield "ECG at half the rate", rng.permutation(slow[slow.std(axis=1) > 0.02])[:N_STRANGE]


def alarms(scores: np.ndarray) -> list[float]:
    """Return the share of batches of each size that raise an alarm."""
    rng = np.random.default_rng(0)
    return [
        float(
            np.mean(
                [
                    novelty_in(rng.choice(scores, size, replace=size > len(scores))) is not None
                    for _ in range(N_BATCHES)
                ]
            )
        )
        for size in BATCHES
    ]


def rows(data: Path, noise: GaussianNoise | None, n_signals: int) -> Iterator[str]:
    """Measure with one noise."""
    rng = np.random.default_rng(1)
    clean = windows(data / "ecg", TRAIN)
    clean = clean[rng.choice(len(clean), n_signals, replace=False)]
    parts = [windows(data / "ecg", [record])[::5] for record in TEST]
    test = np.concatenate(parts)

    def noisy(X: np.ndarray) -> np.ndarray:
        X = standardised(X)
        return X if noise is None else noise(X, rng)

    profile = Profile.of(noisy(clean)[..., np.newaxis])

    def scores(X: np.ndarray) -> np.ndarray:
        return profile.score(X[..., np.newaxis])

    usual = scores(noisy(test))
    by_patient = [scores(noisy(part)) for part in parts]
    yield row("new patients", usual)
    yield row("the worst of six", max(by_patient, key=lambda found: np.mean(found > 1)))
    top = np.quantile(noisy(test), 0.95, axis=1, keepdims=True)
    strange = {name: noisy(X) for name, X in other_kinds(data, test)}
    strange["ECG, clipped"] = np.minimum(noisy(test), top)
    strange |= {f"ECG at {db} dB": GaussianNoise(snr_db=db)(test, rng) for db in LEVELS}
    strange["ECG with recorded noise at 0 dB"] = stress_noise(data / "ecg", 1)(test, 1)
    for name, X in strange.items():
        yield row(name, scores(X), usual)


def row(name: str, found: np.ndarray, usual: np.ndarray | None = None) -> str:
    """Format a row."""
    area = ""
    if usual is not None:
        is_strange = np.repeat([0, 1], [len(usual), len(found)])
        area = f"{roc_auc_score(is_strange, np.concatenate([usual, found])):.3f}"
    cells = [name, area, f"{np.mean(found > 1):.3f}", *(f"{share:.3f}" for share in alarms(found))]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Measure, and print tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds ecg/100.npy ...")
    parser.add_argument("--n-signals", type=int, default=2048, help="to learn from")
    options = parser.parse_args()
    print(machine() + "\n")
    heads = ["signals", "AUROC", "over 1", *(f"alarms, {size}" for size in BATCHES)]
    for noise in (None, GaussianNoise(snr_db=6)):
        print(f"Noise: {noise}\n")
        print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
        print("\n".join(rows(options.data, noise, options.n_signals)) + "\n")


if __name__ == "__main__":
    main()
