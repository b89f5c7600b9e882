"""How the U-Net's defaults were chosen: one thing varied at a time, on real signals.

It varies depth, width, kernel size and normalisation on ECG pairs with recorded noise; depth on
EEGs with eye movements; the share of hidden points on noisy ECGs with white noise; and the number
of epochs on pairs, whose noise a network memorises after some time. The data are those of `ecg.py`
and `eeg.py` without their test signals: 12 of the training records train and 4
judge; the EEGs left for validation judge. Another seed changes a ratio by about 0.1 dB.

    python benchmarks/choices.py --data FOLDER             # about 20 minutes on two cores
    python benchmarks/choices.py --data FOLDER --epochs 1  # a quick look
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import ecg
import eeg
import keras
import numpy as np
from common import BATCH_SIZE, Row, machine, network, table, unet

from conv_denoiser import BlindSpot
from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser.networks.unet import build_unet
from conv_denoiser.noise import GaussianNoise

DEFAULT = {"filters": (32, 64, 128, 128), "kernel_size": 5}
BatchNormalization = partial(keras.layers.BatchNormalization, momentum=0.9)
VARIANTS = {
    "the default: filters (32, 64, 128, 128), kernel 5": {},
    "three levels: (32, 64, 128)": {"filters": (32, 64, 128)},
    "five levels: (32, 64, 128, 128, 128)": {"filters": (32, 64, 128, 128, 128)},
    "half as wide: (16, 32, 64, 64)": {"filters": (16, 32, 64, 64)},
    "kernel 3": {"kernel_size": 3},
    "kernel 7": {"kernel_size": 7},
    "batch normalisation": {"normalization": BatchNormalization},
    "layer normalisation": {"normalization": keras.layers.LayerNormalization},
}
SHARES = (0.05, 0.1, 0.2)


class Normalized:
    """An architecture: the U-Net with a normalisation after every convolution but the last."""

    def __init__(self, normalization: Callable[[], keras.Layer]) -> None:
        self.normalization = normalization

    def __call__(self, n_channels: int, filters: tuple[int, ...], kernel_size: int) -> keras.Model:
        """Build the network."""
        options = {"max_norm": None, "output_activation": "linear", "predicts_noise": True}
        model = build_unet(n_channels, filters, kernel_size, **options)
        last = model.layers[-3].name  # before the crop and the subtraction from the input

        def call(layer: keras.Layer, *args: object, **kwargs: object) -> object:
            output = layer(*args, **kwargs)
            is_convolution = isinstance(layer, keras.layers.Conv1D | keras.layers.Conv1DTranspose)
            return self.normalization()(output) if is_convolution and layer.name != last else output

        return keras.models.clone_model(model, call_function=call)


def records(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return windows of some training records to train with, and of others to judge by."""
    clean = ecg.windows(data, ecg.TRAIN[:12])
    rows = np.random.default_rng(0).choice(len(clean), ecg.N_TRAIN, replace=False)
    return clean[rows], ecg.windows(data, ecg.TRAIN[12:])[::5]


def network_rows(data: Path, epochs: int) -> Iterator[Row]:
    """Vary the network on ECGs with recorded noise."""
    clean, held_out = records(data)
    noise = ecg.stress_noise(data, 0)
    pair = (noise(clean, 0), clean)
    noisy = noise(held_out, 1)
    for name, changes in VARIANTS.items():
        options = {**DEFAULT, **changes}
        normalization = options.pop("normalization", None)
        denoiser = unet(epochs, **options)
        if normalization is not None:
            denoiser.set_params(architecture=Normalized(normalization))
        yield network(name, denoiser, pair, noisy, held_out, ecg.METRICS)


def eeg_rows(data: Path, epochs: int) -> Iterator[Row]:
    """Vary the depth on EEGs."""
    clean, bank = (np.load(data / f"{name}.npy") for name in ("eeg", "eog"))
    held_out = slice(eeg.N_TEST, 2 * eeg.N_TEST)
    noisy, target = eeg.test_signals(clean[held_out], bank[held_out])
    train, noise = eeg.training_signals(clean, bank)
    steps = ceil_div(len(train), BATCH_SIZE)
    for name in list(VARIANTS)[:2]:
        denoiser = unet(epochs, steps, noise=noise, **{**DEFAULT, **VARIANTS[name]})
        yield network(name, denoiser, (train,), noisy, target, eeg.METRICS)


def share_rows(data: Path, epochs: int) -> Iterator[Row]:
    """Vary the share of hidden points on ECGs with white noise."""
    X, _, noisy, held_out = white(data)
    for share in SHARES:
        denoiser = unet(epochs, supervision=BlindSpot(share=share))
        yield network(f"share {share:g}", denoiser, (X,), noisy, held_out, ecg.METRICS)


def epoch_rows(data: Path, epochs: int) -> Iterator[Row]:
    """Vary the number of epochs on pairs with white noise."""
    X, clean, noisy, held_out = white(data)
    for n_epochs in (epochs, ecg.PAIRS, 15):
        name = f"{n_epochs} epochs of 64 steps"
        yield network(name, unet(n_epochs), (X, clean), noisy, held_out, ecg.METRICS)


def white(data: Path) -> tuple[np.ndarray, ...]:
    """Return noisy and clean windows to train with, and to judge by."""
    clean, held_out = records(data)
    noise = GaussianNoise(snr_db=6)
    return noise(clean, 0), clean, noise(held_out, 1), held_out


TABLES = {
    "ECGs, pairs, recorded noise at 0 dB": ("ecg", network_rows, ecg.METRICS),
    "ECGs, noisy signals only, white noise at 6 dB": ("ecg", share_rows, ecg.METRICS),
    "EEGs with eye movements at -7 to 2 dB": ("eeg", eeg_rows, eeg.METRICS),
    "ECGs, pairs, white noise at 6 dB": ("ecg", epoch_rows, ecg.METRICS),
}


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds ecg/100.npy ...")
    parser.add_argument("--epochs", type=int, default=4, help="of 64 steps each, 85 on EEGs")
    options = parser.parse_args()
    print(machine())
    for title, (folder, rows, metrics) in TABLES.items():
        print(f"\n{title}:\n")
        print(table(rows(options.data / folder, options.epochs), metrics), flush=True)


if __name__ == "__main__":
    main()
