"""The model "ecg" on the six test patients of benchmarks/ecg.py, who took no part in its training.

    python benchmarks/ecg_patients.py --data FOLDER  # a few minutes on two cores

benchmarks/ecg.py says what FOLDER holds. Windows of 1,024 samples, every eighth one, are without
the wander below 0.5 Hz that records have by themselves; with white noise, also with it. Noise is
white, recorded (the second halves of the Noise Stress Test Database, of which the first halves were
learned), or the generated motion of electrodes. The settings of the classical filters are those
that are best for the truth of each patient, a help that users do not have.
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from classical import CLASSICAL
from common import machine
from ecg import RATE, TEST, stress_noise
from peers import band_passes
from pretrain_ecg import ElectrodeMotion, windows

from conv_denoiser import denoise
from conv_denoiser.metrics import snr_improvement_db
from conv_denoiser.noise import GaussianNoise, NoiseModel

WHITE = "white, 6 dB"
Denoise = Callable[[np.ndarray], np.ndarray]


def noises(data: Path) -> dict[str, NoiseModel]:
    """Return the noises."""
    return {
        WHITE: GaussianNoise(snr_db=6),
        "bw + ma, 0 dB": stress_noise(data, 1),
        "electrode motion, 0 dB": ElectrodeMotion(snr_db=0),
    }


def best(
    methods: Iterable[Denoise], gain: Callable[[np.ndarray], float], noisy: np.ndarray
) -> float:
    """Return the greatest gain of some methods."""
    return max(gain(method(noisy)) for method in methods)


def by_rows(name: str) -> Denoise:
    """Return a classical method for many signals."""
    return lambda X: np.stack([CLASSICAL[name](row) for row in X])


def report(clean: np.ndarray, noise: NoiseModel, seed: int) -> list[float]:
    """Return the gains of "ecg", "universal", the best wavelet and the best band-pass, in dB."""
    noisy = noise(clean, seed)

    def gain(denoised: np.ndarray) -> float:
        return float(snr_improvement_db(clean, denoised, noisy))

    wavelets = [by_rows(name) for name in CLASSICAL if "Shrink" in name]
    return [
        gain(denoise(noisy, model="ecg", sampling_rate=RATE)),
        gain(denoise(noisy)),
        best(wavelets, gain, noisy),
        best((method for _, method in band_passes(RATE)), gain, noisy),
    ]


def main() -> None:
    """Print tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds ecg/100.npy ...")
    folder = parser.parse_args().data / "ecg"
    print(machine("onnxruntime", "scikit-image"))
    for wander in (False, True):
        print(f"\nGain (dB), records {'as they are' if wander else 'without their own wander'}:\n")
        print("| patient | noise | `ecg` | `universal` | best wavelet | best band-pass |")
        print("|---|---|---|---|---|---|")
        gains: dict[str, list[list[float]]] = {}
        for record in TEST:
            clean = windows(folder, [record], keep_wander=wander)[::8]
            for name, noise in noises(folder).items():
                if wander and name != WHITE:
                    continue
                row = report(clean, noise, record)
                gains.setdefault(name, []).append(row)
                cells = " | ".join(f"{value:+.1f}" for value in row)
                print(f"| {record} | {name} | {cells} |", flush=True)
        for name, rows in gains.items():
            cells = " | ".join(f"{value:+.1f}" for value in np.mean(rows, axis=0))
            print(f"| mean | {name} | {cells} |")


if __name__ == "__main__":
    main()
