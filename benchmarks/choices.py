"""What the U-Net's defaults were chosen from: one thing varied at a time, on real signals.

Depth, width, kernel size and normalisation on ECGs, pairs with recorded noise; depth and width on
EEGs with eye movements; and the share of hidden points on ECGs, noisy signals with white noise. The
data are those of `ecg.py` and `eeg.py`, with a third or less of their training.

    python benchmarks/choices.py --data FOLDER             # about 25 minutes on two cores
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
from conv_denoiser._networks import build_unet
from conv_denoiser.noise import GaussianNoise

DEFAULT = {"filters": (32, 64, 128, 128), "kernel_size": 5}
BatchNormalization = partial(keras.layers.BatchNormalization, momentum=0.9)
VARIANTS = {
    "the default: filters (32, 64, 128, 128), kernel 5": {},
    "three levels: (32, 64, 128)": {"filters": (32, 64, 128)},
    "five levels: (32, 64, 128, 128, 128)": {"filters": (32, 64, 128, 128, 128)},
    "half as wide: (16, 32, 64, 64)": {"filters": (16, 32, 64, 64)},
    "wider where it is cheap: (32, 96, 192, 192)": {"filters": (32, 96, 192, 192)},
    "kernel 3": {"kernel_size": 3},
    "kernel 7": {"kernel_size": 7},
    "batch normalisation": {"normalization": BatchNormalization},
    "layer normalisation": {"normalization": keras.layers.LayerNormalization},
}
SHARES = (0.02, 0.05, 0.1, 0.2)


class Normalized:
    """An architecture: the U-Net with a normalisation behind every convolution but the last."""

    def __init__(self, normalization: Callable[[], keras.Layer]) -> None:
        self.normalization = normalization

    def __call__(self, n_channels: int, filters: tuple[int, ...], kernel_size: int) -> keras.Model:
        """Build the network."""
        options = {"max_norm": None, "output_activation": "linear", "predicts_noise": True}
        model = build_unet(n_channels, filters, kernel_size, **options)
        last = model.layers[-3].name  # before the crop, and what takes the noise from the input

        def call(layer: keras.Layer, *args: object, **kwargs: object) -> object:
            output = layer(*args, **kwargs)
            is_convolution = isinstance(layer, keras.layers.Conv1D | keras.layers.Conv1DTranspose)
            return self.normalization()(output) if is_convolution and layer.name != last else output

        return keras.models.clone_model(model, call_function=call)


def network_rows(data: Path, epochs: int) -> Iterator[Row]:
    """Vary the network."""
    clean, test = ecg.signals(data)
    pair = (ecg.stress_noise(data, 0)(clean, 0), clean)
    noisy = ecg.stress_noise(data, 1)(test, 1)
    for name, changes in VARIANTS.items():
        options = {**DEFAULT, **changes}
        normalization = options.pop("normalization", None)
        denoiser = unet(epochs, **options)
        if normalization is not None:
            denoiser.set_params(architecture=Normalized(normalization))
        yield network(name, denoiser, pair, noisy, test, ecg.METRICS)


def eeg_rows(data: Path, epochs: int) -> Iterator[Row]:
    """Vary the network."""
    clean, noise = (np.load(data / f"{name}.npy") for name in ("eeg", "eog"))
    test = eeg.test_signals(clean[: eeg.N_TEST], noise[: eeg.N_TEST])
    train, noise = eeg.training_signals(clean, noise)
    steps = -(-len(train) // BATCH_SIZE)
    for name in list(VARIANTS)[:5]:
        denoiser = unet(epochs, steps, noise=noise, **{**DEFAULT, **VARIANTS[name]})
        yield network(name, denoiser, (train,), *test, eeg.METRICS)


def blind_spot_rows(data: Path, epochs: int) -> Iterator[Row]:
    """Vary the share of hidden points."""
    clean, test = ecg.signals(data)
    noise = GaussianNoise(snr_db=6)
    X, noisy = noise(clean, 0), noise(test, 1)
    for share in SHARES:
        denoiser = unet(epochs, supervision=BlindSpot(share=share))
        yield network(f"share {share:g}", denoiser, (X,), noisy, test, ecg.METRICS)


def main() -> None:
    """Print both tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds ecg/100.npy ...")
    parser.add_argument("--epochs", type=int, default=5, help="of 64 steps each, 85 on EEGs")
    options = parser.parse_args()
    folder = options.data / "ecg"
    print(machine())
    print("\nECGs, pairs, recorded noise at 0 dB:\n")
    print(table(network_rows(folder, options.epochs), ecg.METRICS))
    print("\nEEGs with eye movements at -7 to 2 dB:\n")
    print(table(eeg_rows(options.data / "eeg", options.epochs), eeg.METRICS))
    print("\nECGs, noisy signals only, white noise at 6 dB:\n")
    print(table(blind_spot_rows(folder, options.epochs), ecg.METRICS))


if __name__ == "__main__":
    main()
