"""Denoisers with nothing set but the architecture, on few and on many real ECGs.

    python benchmarks/defaults.py --data FOLDER

Windows, records and white noise of 6 dB are those of benchmarks/ecg.py, which says what FOLDER
holds; every third test window is used. "none" is `ConvDenoiser.from_pretrained()`.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from common import machine
from ecg import signals
from scipy.signal import savgol_filter

from conv_denoiser import ConvDenoiser, denoise
from conv_denoiser.metrics import snr_db

CASES = [
    ("unet", 20, "pairs"),
    ("unet", 300, "pairs"),
    ("unet", 4096, "pairs"),
    ("unet", 300, "noisy"),
    ("unet", 4096, "noisy"),
    ("autoencoder", 300, "pairs"),
    ("autoencoder", 300, "noisy"),
]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data / "ecg"
    clean, test = signals(data)
    test = test[::3]
    rng = np.random.default_rng(0)
    deviation = 10 ** (-6 / 20)
    noisy, noisy_test = (
        x + deviation * rng.standard_normal(x.shape, np.float32) for x in (clean, test)
    )

    def line(name: str, denoised: np.ndarray, seconds: float = 0) -> None:
        print(f"| {name} | {snr_db(test, denoised):.2f} | {seconds:.0f} |", flush=True)

    print(machine(), "", "| method | SNR (dB) | training (s) |", "|---|---|---|", sep="\n")
    line("nothing", noisy_test)
    averages = [savgol_filter(noisy_test, size, 0) for size in (3, 5, 7, 9)]
    line("best moving average", max(averages, key=lambda x: snr_db(test, x)))
    line("denoise", denoise(noisy_test))
    line("unet, none", ConvDenoiser.from_pretrained().transform(noisy_test))
    warnings.simplefilter("ignore")
    for architecture, n_signals, kind in CASES:
        start = time.perf_counter()
        denoiser = ConvDenoiser(architecture, random_state=0)
        denoiser.fit(noisy[:n_signals], clean[:n_signals] if kind == "pairs" else None)
        seconds = time.perf_counter() - start
        line(f"{architecture}, {n_signals} {kind}", denoiser.transform(noisy_test), seconds)


if __name__ == "__main__":
    main()
