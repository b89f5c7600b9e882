"""How fast networks are, and how much noise they remove: the front to choose from.

    python benchmarks/front.py --data FOLDER  # about ten minutes on two cores

Each network learns from the 4,096 ECG windows of benchmarks/ecg.py with white noise of 6 dB, which
says what FOLDER holds: from the weights of the package where there are some, else from random ones.
"demo" is the mean SNR of the demo signals of PyWavelets with white noise of 0 to 20 dB, without
training on anything like them, for networks that have learned before. Times are of one window of
512 samples, and of one in a batch of 16, by ONNX Runtime on one thread; all networks take turns.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import machine, recipe, unet
from ecg import RECIPE, signals
from zero_shot import LEVELS_DB, USUAL_DB, demo_signals

from conv_denoiser import ConvDenoiser
from conv_denoiser.export import OnnxDenoiser, to_onnx
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import GaussianNoise

N_TIMESTEPS, BATCH, N_ROUNDS = 512, 16, 60
NETWORKS: dict[str, Callable[[], ConvDenoiser]] = {
    "recipe's network": lambda: recipe(RECIPE),
    "`unet-small`": lambda: ConvDenoiser("unet-small", random_state=0),
    "`unet`": lambda: ConvDenoiser("unet", random_state=0),
    "`unet`, filters (32, 64, 128, 128)": lambda: unet(7),
}
PRETRAINED = {"`unet-small`": "universal-unet-small", "`unet`": "universal-unet"}


def multiplications(denoiser: ConvDenoiser) -> float:
    """Return how many numbers are multiplied for each sample."""
    import keras

    model = denoiser.model_
    convolutions = [layer for layer in model.layers if hasattr(layer, "kernel")]
    tensors = [[layer.input, layer.output] for layer in convolutions]
    shapes = keras.Model(model.inputs, tensors)(np.zeros((1, N_TIMESTEPS, 1), np.float32))
    total = 0
    for layer, (taken, given) in zip(convolutions, shapes, strict=True):
        transposed = isinstance(layer, keras.layers.Conv1DTranspose)
        total += layer.kernel.shape.num_elements() * (taken if transposed else given).shape[1]
    return total / N_TIMESTEPS


def demo(name: str) -> float:
    """Return the mean SNR of the demo signals."""
    denoiser, rng, snrs = ConvDenoiser.from_pretrained(name), np.random.default_rng(0), []
    for clean in demo_signals().values():
        for decibels in LEVELS_DB:
            if decibels <= USUAL_DB:
                truth = np.tile(clean, (2, 1))
                scale = clean.std() * 10 ** (-decibels / 20)
                noisy = truth + scale * rng.standard_normal(truth.shape)
                snrs.append(snr_db(truth, denoiser.transform(noisy)))
    return float(np.mean(snrs))


def milliseconds(deployed: dict[str, OnnxDenoiser]) -> dict[str, list[float]]:
    """Return the median time of a window alone, and in a batch."""
    X = np.random.default_rng(0).standard_normal((BATCH, N_TIMESTEPS)).astype(np.float32)
    times: dict[str, list[list[float]]] = {name: [[], []] for name in deployed}
    for _ in range(N_ROUNDS):
        for name, denoiser in deployed.items():
            for k, rows in enumerate((X[:1], X)):
                start = time.perf_counter()
                denoiser.transform(rows)
                times[name][k].append(1e3 * (time.perf_counter() - start) / len(rows))
    return {name: [float(np.median(of_one)) for of_one in both] for name, both in times.items()}


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds ecg/100.npy ...")
    options = parser.parse_args()
    clean, test = signals(options.data / "ecg")
    noise = GaussianNoise(snr_db=6)
    X, noisy = noise(clean, 0), noise(test, 1)
    warnings.simplefilter("ignore")
    folder, deployed, rows = Path(tempfile.mkdtemp()), {}, {}
    for number, (name, make) in enumerate(NETWORKS.items()):
        start = time.perf_counter()
        denoiser = make().fit(X, clean)
        seconds = time.perf_counter() - start
        to_onnx(denoiser, folder / f"{number}.onnx")
        deployed[name] = OnnxDenoiser(folder / f"{number}.onnx", n_threads=1)
        zero_shot = f"{demo(PRETRAINED[name]):.2f}" if name in PRETRAINED else ""
        rows[name] = [
            f"{denoiser.model_.count_params():,}",
            f"{multiplications(denoiser):,.0f}",
            f"{snr_db(test, denoiser.transform(noisy)):.2f}",
            zero_shot,
            f"{seconds:.0f}",
        ]
    heads = "parameters | multiplications a sample | ECG (dB) | demo (dB) | training (s)"
    print(machine("onnxruntime"))
    print(f"\n| network | {heads} | one window (ms) | in a batch (ms) |")
    print("|---" * 8 + "|")
    for name, (alone, in_a_batch) in milliseconds(deployed).items():
        print(f"| {name} | {' | '.join(rows[name])} | {alone:.3f} | {in_a_batch:.3f} |")


if __name__ == "__main__":
    main()
