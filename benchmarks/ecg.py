"""Networks and classical filters on real ECGs, with white noise and with recorded noise.

The signals are windows of 512 samples from records of the MIT-BIH Arrhythmia Database. They do not
overlap; the mean is subtracted, they are divided by their standard deviation, and flat ones are
left out. Networks learn from 4,096 windows of 16 records and are tested on every fifth window of 6
others. They train in steps of 64 windows with a cosine learning rate. The recipe's network takes
960 steps. The U-Net takes 448 steps on pairs, whose unchanging noise it would otherwise
memorise, 640 on noise drawn afresh, and 1,408 steps of 32 windows with blind spots.
White noise is Gaussian, at 6 dB. Real noise is baseline wander and muscle noise of the MIT-BIH
Noise Stress Test Database, each weighted at random, at 0 dB; networks train with its first half and
are tested with its second. Networks of the package begin with its weights, and nothing else is set
with white noise. The settings of the classical filters are those that are best for the truth of the
test windows themselves, a help that users do not have. Last come the tables of
benchmarks/ecg_tasks.py, for windows of ten seconds.

    python benchmarks/ecg.py --data FOLDER         # about half an hour on two cores
    python benchmarks/ecg.py --data FOLDER --quick # one epoch each, for a look

FOLDER/ecg holds, for each record and for the noises bw and ma, the first channel as int16 at 360 Hz
in units of 1/200 mV: 100.npy ... 234.npy, noise_bw.npy and noise_ma.npy. The records are published
at https://physionet.org/content/mitdb/1.0.0/, the noises at
https://physionet.org/content/nstdb/1.0.0/ (both ODC-BY 1.0); the package wfdb reads them.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import BATCH_SIZE, Row, classical, machine, network, recipe, table, unet
from peers import band_passes, savitzky_golays, spectral_gates, wavelets

from conv_denoiser import ConvDenoiser, StandardizePerSample
from conv_denoiser.metrics import relative_rmse, snr_db
from conv_denoiser.noise import GaussianNoise, NoiseModel, RecordedNoise
from conv_denoiser.training import cosine_decay

TRAIN = [100, 101, 103, 105, 106, 112, 115, 119, 121, 123, 201, 203, 209, 213, 222, 230]
TEST = [113, 117, 122, 220, 231, 234]
RATE = 360  # Hz
WINDOW = 512  # samples
N_TRAIN = 4096
# Epochs of the recipe's network, and of the U-Net on pairs, on fresh noise and on blind spots.
RECIPE = 15
PAIRS = 7
FRESH = 10
BLIND = 11
# Windows stretched in time for each one, by up to this factor, and epochs on both.
N_STRETCHED, FACTOR, STRETCHED = 3, 1.22, 6
METRICS = {"SNR (dB)": (snr_db, ".2f"), "relative RMSE": (relative_rmse, ".3f")}


def read(path: Path) -> np.ndarray:
    """Read a record in millivolts."""
    return np.load(path) / 200


def windows(data: Path, records: list[int]) -> np.ndarray:
    """Cut records into windows of mean 0 and standard deviation 1."""
    cut = []
    for record in records:
        samples = read(data / f"{record}.npy")
        cut.append(samples[: samples.size // WINDOW * WINDOW].reshape(-1, WINDOW))
    signals = np.concatenate(cut)
    signals = signals[signals.std(axis=1) >= 0.02]
    signals -= signals.mean(axis=1, keepdims=True)
    return (signals / signals.std(axis=1, keepdims=True)).astype(np.float32)


def signals(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return clean windows to train and to test with."""
    clean, test = windows(data, TRAIN), windows(data, TEST)[::5]
    return clean[np.random.default_rng(0).choice(len(clean), N_TRAIN, replace=False)], test


def with_stretched(clean: np.ndarray) -> np.ndarray:
    """Add windows that are stretched in time about their middle, ends mirrored."""
    rng = np.random.default_rng(5)
    last = clean.shape[1] - 1
    places = np.arange(clean.shape[1]) - last / 2
    found = [clean]
    for _ in range(N_STRETCHED):
        factors = FACTOR ** rng.uniform(-1, 1, len(clean))
        for_each = np.abs(places * factors[:, np.newaxis] + last / 2)
        for_each = last - np.abs(last - for_each)
        rows = [
            np.interp(p, np.arange(last + 1), row) for p, row in zip(for_each, clean, strict=True)
        ]
        found.append(StandardizePerSample().fit_transform(np.array(rows, np.float32)))
    return np.concatenate(found)


@dataclass(frozen=True)
class StressNoise(NoiseModel):
    """Baseline wander and muscle noise, weighted at random, together at a given ratio."""

    wander: RecordedNoise
    muscle: RecordedNoise
    snr_db: float = 0.0

    def sample(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw both noises, and scale their sum."""
        parts = [part.sample(clean, rng) for part in (self.wander, self.muscle)]
        column = (len(clean), *(1,) * (clean.ndim - 1))
        noise = sum(part * rng.uniform(0.5, 1.5, column) for part in parts)
        noise -= noise.mean(axis=1, keepdims=True)
        wanted = np.square(clean).mean(axis=1, keepdims=True) / 10 ** (self.snr_db / 10)
        return noise * np.sqrt(wanted / np.square(noise).mean(axis=1, keepdims=True))


def stress_noise(data: Path, half: int) -> StressNoise:
    """Take the first (0) or the second (1) half of the recorded noises."""
    halves = []
    for name in ("noise_bw", "noise_ma"):
        recording = read(data / f"{name}.npy")
        halves.append(RecordedNoise(np.split(recording, [recording.size // 2])[half]))
    return StressNoise(*halves)


def white_rows(clean: np.ndarray, test: np.ndarray, quick: bool) -> Iterator[Row]:
    """Compare methods on white noise at 6 dB."""
    noise = GaussianNoise(snr_db=6)
    X, noisy = noise(clean, 0), noise(test, 1)
    pair = (noisy, test, METRICS)
    yield classical([("nothing", lambda X: X)], *pair)
    yield classical(wavelets(), *pair)
    yield classical(savitzky_golays(), *pair)
    yield classical(spectral_gates(RATE), *pair)
    yield network("recipe's network, pairs", recipe(1 if quick else RECIPE), (X, clean), *pair)
    yield network("U-Net, pairs", unet(1 if quick else PAIRS), (X, clean), *pair)
    synthetic = unet(1 if quick else FRESH, noise=noise)
    yield network("U-Net, clean signals and a noise model", synthetic, (clean,), *pair)
    blind = unet(1 if quick else BLIND, N_TRAIN // 32, batch_size=32)
    yield network("U-Net, noisy signals only (blind spot)", blind, (X,), *pair)
    for architecture in ("unet", "unet-small"):
        ours = {"architecture": architecture, "random_state": 0}
        start = f"`{architecture}` of the package"
        yield network(f"{start}, pairs", ConvDenoiser(**ours), (X, clean), *pair)
        synthetic = ConvDenoiser(**ours, noise=noise)
        yield network(f"{start}, clean signals and a noise model", synthetic, (clean,), *pair)
        yield network(f"{start}, noisy signals only", ConvDenoiser(**ours), (X,), *pair)


def real_rows(clean: np.ndarray, test: np.ndarray, quick: bool, data: Path) -> Iterator[Row]:
    """Compare methods on recorded noise at 0 dB."""
    noise = stress_noise(data, 0)
    X, noisy = noise(clean, 0), stress_noise(data, 1)(test, 1)
    pair = (noisy, test, METRICS)
    yield classical([("nothing", lambda X: X)], *pair)
    yield classical(band_passes(RATE), *pair)
    yield classical(wavelets(), *pair)
    yield classical(savitzky_golays(), *pair)
    yield classical(spectral_gates(RATE), *pair)
    yield network("recipe's network, pairs", recipe(1 if quick else RECIPE), (X, clean), *pair)
    yield network("U-Net, pairs", unet(1 if quick else PAIRS), (X, clean), *pair)
    synthetic = unet(1 if quick else FRESH, noise=noise)
    yield network("U-Net, clean signals and a noise model", synthetic, (clean,), *pair)
    longer = with_stretched(clean)
    synthetic = unet(1 if quick else STRETCHED, len(longer) // BATCH_SIZE, noise=noise)
    yield network("the same, windows stretched in time as well", synthetic, (longer,), *pair)
    exchanged = RecordedNoise(np.concatenate([X - clean, clean - X]), snr_db=0)
    rate = cosine_decay(1e-3, 3 * len(longer) // 32, warmup=0.05)
    ecg = unet(3, init="ecg", noise=exchanged, batch_size=32)
    ecg.set_params(learning_rate=rate)
    yield network('"ecg" of the package, pairs with noises exchanged', ecg, (longer,), *pair)


def main() -> None:
    """Run all methods and print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds ecg/100.npy ...")
    parser.add_argument("--quick", action="store_true", help="train for one epoch only")
    options = parser.parse_args()
    folder = options.data / "ecg"
    clean, test = signals(folder)
    print(machine())
    print(f"\n{len(test):,} test windows, white noise at 6 dB:\n")
    print(table(white_rows(clean, test, options.quick), METRICS))
    print("\nThe same windows, recorded noise at 0 dB:\n")
    print(table(real_rows(clean, test, options.quick, folder), METRICS))
    if not options.quick:
        from ecg_tasks import report

        report(folder)


if __name__ == "__main__":
    main()
