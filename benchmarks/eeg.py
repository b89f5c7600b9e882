"""Networks and classical filters on real EEGs with recorded noise of eye movements.

The protocol of EEGdenoiseNet (Zhang et al. 2021, doi:10.1088/1741-2552/ac2bf8): clean epochs of 512
samples at 256 Hz plus epochs of eye movements at -7 to 2 dB. Epochs 0 to 339 are for the test, each
with the eye movement of the same number, at 11 ratios; 340 to 679 are left for validation; the
others are for training, any EEG with any eye movement at any ratio, both with either sign, drawn
afresh in every epoch of training. (The network's scaler divides by the standard deviation of the
noisy epoch.) The U-Net's loss is the metric, the relative RMSE of each signal. The settings of the
high-pass are those that are best for the truth of the test signals themselves. Last come
the tables of benchmarks/eeg_tasks.py, level by level.

    python benchmarks/eeg.py --data FOLDER             # about 20 minutes on two cores
    python benchmarks/eeg.py --data FOLDER --epochs 2  # a quick look

FOLDER/eeg holds eeg.npy (clean epochs) and eog.npy (eye movements), float32 of shape (3400, 512).
EEGdenoiseNet is published at https://github.com/ncclabsustech/EEGdenoiseNet; the published runs of
GCTNet, https://github.com/JinY97/GCTNet, say which rows of its files belong to which fold.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common import Denoise, Row, classical, machine, network, recipe, table, unet
from keras import KerasTensor, ops
from scipy.signal import butter, sosfiltfilt

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser.metrics import correlation, relative_rmse
from conv_denoiser.noise import RecordedNoise

RATE = 256  # Hz
N_TEST = 340
BATCH_SIZE = 32
TEST_RATIOS = np.linspace(-7, 2, 11)  # dB
METRICS = {"relative RMSE": (relative_rmse, ".3f"), "correlation": (correlation, ".3f")}


def test_signals(eeg: np.ndarray, eog: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mix each EEG with its eye movement at all ratios; return (noisy, clean)."""
    power = np.square([eeg, eog]).mean(axis=2, keepdims=True)
    noisy = [eeg + eog * np.sqrt(power[0] / power[1] / 10 ** (db / 10)) for db in TEST_RATIOS]
    return np.concatenate(noisy).astype(np.float32), np.tile(eeg, (TEST_RATIOS.size, 1))


def training_signals(eeg: np.ndarray, eog: np.ndarray) -> tuple[np.ndarray, RecordedNoise]:
    """Return clean signals and noise to train with, both with either sign."""
    clean, bank = (np.concatenate([part[2 * N_TEST :], -part[2 * N_TEST :]]) for part in (eeg, eog))
    return clean, RecordedNoise(bank, snr_db=(-7, 2))


def high_passes() -> Iterator[tuple[str, Denoise]]:
    """Butterworth high-passes, forwards and backwards."""
    for cut in (1, 2, 3, 4, 5, 6, 7, 8, 10):
        sections = butter(4, cut, "highpass", fs=RATE, output="sos")
        yield (
            f"high-pass {cut} Hz",
            lambda X, sections=sections: sosfiltfilt(sections, X, axis=1),
        )


def relative_error(y_true: KerasTensor, y_pred: KerasTensor) -> KerasTensor:
    """Root mean square of the error over that of the clean signal: a loss like the metric."""
    error = ops.mean(ops.square(y_pred - y_true), axis=(1, 2))
    power = ops.mean(ops.square(y_true), axis=(1, 2))
    return ops.sqrt((error + 1e-6) / (power + 1e-3))


def rows(
    eeg: np.ndarray, eog: np.ndarray, epochs: int, fitted: dict[str, Denoise]
) -> Iterator[Row]:
    """Compare methods, and hand on what was fitted."""
    noisy, clean = test_signals(eeg[:N_TEST], eog[:N_TEST])
    train, noise = training_signals(eeg, eog)
    steps = ceil_div(len(train), BATCH_SIZE)
    options = {"batch_size": BATCH_SIZE}
    pair = (noisy, clean, METRICS)
    yield classical([("nothing", lambda X: X)], *pair)
    yield classical(high_passes(), *pair)
    small = recipe(max(1, epochs // 2), steps, noise=noise, **options)
    yield network("recipe's network, drawn afresh", small, (train,), *pair)
    large = unet(epochs, steps, noise=noise, loss=relative_error, **options)
    yield network("U-Net, drawn afresh", large, (train,), *pair)
    fitted |= {"recipe's network": small.transform, "U-Net": large.transform}


def main() -> None:
    """Run all methods and print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds eeg/eeg.npy ...")
    parser.add_argument("--epochs", type=int, default=33, help="of the U-Net")
    options = parser.parse_args()
    eeg, eog = (np.load(options.data / "eeg" / f"{name}.npy") for name in ("eeg", "eog"))
    print(machine())
    print(f"\n{N_TEST * TEST_RATIOS.size:,} test signals, eye movements at -7 to 2 dB:\n")
    fitted: dict[str, Denoise] = {}
    print(table(rows(eeg, eog, options.epochs, fitted), METRICS))
    from eeg_tasks import report
    from levels import single

    report(eeg, eog, [single(*method) for method in fitted.items()])


if __name__ == "__main__":
    main()
