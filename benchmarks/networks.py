"""The U-Net beside the recipe's network: on the recipe's data, and in speed.

The recipe's network trains for the recipe's five epochs, the U-Net for one, on the same 70,000 of
100,000 signals, the last fifth of which is for validation. Speed is that of `transform` on windows
of 512 samples; the networks take turns. As in the article, each signal is scaled to [0, 1] by
itself, and the ratio is that of all test points together.

    python benchmarks/networks.py                  # about 5 minutes on two cores
    python benchmarks/networks.py --n-signals 5000 # a quick look
"""

import argparse
import time

import keras
import numpy as np
from common import machine
from recipe import pooled_snr_db

from conv_denoiser import ConvDenoiser, MinMaxPerSample, SignalGenerator
from conv_denoiser._checks.numbers import ceil_div

SMALL = (16, 32, 64)
WINDOWS = (200, 512)


def denoisers(n_train: int) -> dict[str, ConvDenoiser]:
    """Set up both networks; the U-Net is small, has small batches, and a rate that falls."""
    batch_size = 50
    steps = ceil_div(n_train * 4 // 5, batch_size)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 20, warmup_target=4e-3, warmup_steps=steps // 20
    )
    unet = ConvDenoiser(
        "unet",
        filters=SMALL,
        epochs=1,
        batch_size=batch_size,
        learning_rate=rate,
        random_state=0,
    )
    recipe = ConvDenoiser(scaler=None, random_state=0)
    return {"recipe, 5 epochs": recipe, f"U-Net {SMALL}, 1 epoch": unet}


def recipe_data(n_signals: int) -> str:
    """Compare both networks on the recipe's data, as a Markdown table."""
    dataset = SignalGenerator(random_state=0).sample(n_signals)
    X, y = (MinMaxPerSample().fit_transform(part) for part in (dataset.noisy, dataset.clean))
    n_train = int(0.7 * n_signals)
    train, test = slice(None, n_train), slice(n_train, None)
    lines = [
        "| network | parameters | fit (s) | share of the recipe's | SNR (dB) |",
        "|---|---|---|---|---|",
        f"| none | | | | {pooled_snr_db(y[test], X[test]):.2f} |",
    ]
    first = None
    for name, denoiser in denoisers(n_train).items():
        start = time.perf_counter()
        denoiser.fit(X[train], y[train])
        seconds = time.perf_counter() - start
        first = first or seconds
        ratio = pooled_snr_db(y[test], denoiser.transform(X[test]))
        lines.append(
            f"| {name} | {denoiser.model_.count_params():,} | {seconds:.1f} | "
            f"{seconds / first:.2f} | {ratio:.2f} |"
        )
    return "\n".join(lines)


def speed() -> str:
    """Time `transform` of the default networks, and of the small one, as a Markdown table."""
    X = np.random.default_rng(0).normal(size=WINDOWS).astype(np.float32)
    networks = {
        "recipe": ConvDenoiser(epochs=1),
        "U-Net": ConvDenoiser("unet", init="random", epochs=1),
        f"U-Net {SMALL}": ConvDenoiser("unet", filters=SMALL, epochs=1),
    }
    seconds: dict[str, list[float]] = {name: [] for name in networks}
    for denoiser in networks.values():
        denoiser.fit(X[:8], X[:8]).transform(X)
    for _ in range(15):
        for name, denoiser in networks.items():
            start = time.perf_counter()
            denoiser.transform(X)
            seconds[name].append(time.perf_counter() - start)
    median = {name: float(np.median(values)) / X.size * 1e6 for name, values in seconds.items()}
    lines = [
        "| network | parameters | sees (samples) | transform (µs a sample) | over the recipe's |",
        "|---|---|---|---|---|",
    ]
    for name, denoiser in networks.items():
        lines.append(
            f"| {name} | {denoiser.model_.count_params():,} | {denoiser.receptive_field_} | "
            f"{median[name]:.2f} | {median[name] / median['recipe']:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print both tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-signals", type=int, default=100_000)
    options = parser.parse_args()
    print(machine())
    print(f"\n{speed()}\n")
    print(recipe_data(options.n_signals))


if __name__ == "__main__":
    main()
