"""Spectra with white noise and with spikes, and whether their peaks are still found.

    python benchmarks/spectra.py         # about ten minutes on two cores
    python benchmarks/spectra.py --quick # few signals, short training, for a look

Test signals are 64 spectra of `SignalGenerator("spectrum")`, 1,024 samples, none of which, nor any
like them, took part in training the networks of the package; networks that are fitted here learn
from 2,000 others of that generator, with noise of 0 to 20 dB and spikes drawn afresh, small ones in
630 steps of 32. Gains are in dB over the noisy signals, means over signals. The setting of each
classical family is the best for the truth in each case, a help that users do not have.

The task is to find the peaks of the clean spectrum that have a prominence of at least 0.05 (of the
highest peak's height) by `scipy.signal.find_peaks`, with the least prominence that gives the best
F1 for each method: a help, too. `found` is the share of these peaks that have one claimed within
three samples, `right` the share of those claimed that are within three samples of a peak of the
clean spectrum, of a prominence of at least 0.02. `place` (samples) and `height` (% of the true
prominence) are mean absolute errors of what was found.
"""

import argparse
import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from common import machine
from levels import Case, Method, Outcome, cases, compare, networks, peers, row, single
from scipy.signal import find_peaks

from conv_denoiser import SignalGenerator
from conv_denoiser.noise import GaussianNoise, ImpulseNoise

PROMINENCE, SMALLEST, NEAR = 0.05, 0.02, 3
LEAST = (0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5)  # prominences that are tried
SPIKES = 0.003  # of the samples
NOISES = {
    **{f"{level} dB": GaussianNoise(snr_db=level) for level in (0, 5, 10, 15, 20)},
    "10 dB and spikes": GaussianNoise(snr_db=10) + ImpulseNoise(SPIKES, snr_db=8),
}
LEARNED = GaussianNoise(snr_db=(0, 20)) + ImpulseNoise(SPIKES, snr_db=(5, 40))
TASKS = ("5 dB", "15 dB", "10 dB and spikes")


def spectra(n_signals: int, seed: int) -> np.ndarray:
    """Draw clean spectra."""
    return SignalGenerator("spectrum", noise=None, random_state=seed).sample(n_signals).clean


def matched(truth: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of the nearest peak found for each true one, and whether it is near."""
    if not found.size:
        return np.zeros(truth.size, int), np.zeros(truth.size, bool)
    distance = np.abs(truth[:, np.newaxis] - found)
    nearest = distance.argmin(axis=1)
    return nearest, distance[np.arange(truth.size), nearest] <= NEAR


def peaks_of(x: np.ndarray, prominence: float) -> tuple[np.ndarray, np.ndarray]:
    """Return places and prominences of peaks."""
    places, about = find_peaks(x, prominence=prominence)
    return places, about["prominences"]


class Found(NamedTuple):
    """What is found with some least prominence."""

    f1: float
    found: float
    right: float
    place: float
    height: float


def task(case: Case, denoised: np.ndarray) -> Found:
    """Find peaks with the least prominence that gives the best F1."""
    return max((search(case.clean, denoised, least) for least in LEAST), key=lambda f: f.f1)


def search(clean: np.ndarray, denoised: np.ndarray, least: float) -> Found:
    """Find peaks of at least some prominence."""
    n_true, hits, places, heights = 0, [], [], []
    for y, x in zip(clean, denoised, strict=True):
        truth, height = peaks_of(y, PROMINENCE)
        claimed, claimed_height = peaks_of(x, least)
        nearest, near = matched(truth, claimed)
        n_true += truth.size
        places.extend(np.abs(claimed[nearest[near]] - truth[near]))
        heights.extend(np.abs(claimed_height[nearest[near]] / height[near] - 1))
        hits.extend(matched(claimed, peaks_of(y, SMALLEST)[0])[1])
    found, right = len(places) / n_true, float(np.mean(hits or [0]))
    f1 = 2 * found * right / max(found + right, 1e-9)
    return Found(f1, found, right, float(np.mean(places or [0])), float(np.mean(heights or [0])))


def task_table(outcomes: dict[str, list[Outcome]], name: str) -> None:
    """Print what becomes of the peaks in one case."""
    print(f"\nPeaks at {name}:\n")
    print(row(["method", "F1", "found", "right", "place (samples)", "height (%)"]))
    print(row(["---"] * 6))
    for method, all_found in outcomes.items():
        for outcome in all_found:
            if outcome.case.name == name:
                f1, found, right, place, height = task(outcome.case, outcome.denoised)
                shares = f"{f1:.1%}", f"{found:.1%}", f"{right:.1%}"
                print(row([method, *shares, f"{place:.2f}", f"{100 * height:.1f}"]), flush=True)


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few signals, short training")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    test, train = spectra(8 if quick else 64, 1), spectra(64 if quick else 2000, 0)
    print(f"{machine('onnxruntime', 'scikit-image', 'noisereduce', 'scipy')}\n")
    print(f"{len(test)} spectra, gain in dB:\n")

    def methods() -> Iterator[Method]:
        yield single("nothing", lambda X: X)
        yield from peers(1.0)
        yield from networks(train, LEARNED, epochs=1 if quick else 10)

    outcomes = compare(methods(), cases(test, NOISES))
    for name in TASKS:
        task_table(outcomes, name)


if __name__ == "__main__":
    main()
