"""Train the network that weighs candidates for the level of the noise.

    python benchmarks/pretrain_level.py --output FOLDER

FOLDER gets a bank of clean random signals and `level.npz`, which `pretrain.py` finds there.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from pretrain import LENGTH, draw_noise
from pretraining import draw_clean, import_keras, open_bank

from conv_denoiser.level import estimate as level
from conv_denoiser.waveforms import FAMILIES


def level_network(bank: np.ndarray, seed: int, n: int = 16384) -> dict[str, np.ndarray]:
    """Train the network on signals of many lengths and levels."""
    rng = np.random.default_rng([seed, 1])
    parts = []
    for _ in range(n // 64):
        length = int(np.clip(np.exp(rng.uniform(np.log(100), np.log(4 * LENGTH))), 100, LENGTH))
        clean, deviation = draw_clean(bank, 64, length, rng)
        decibels = rng.uniform(-8, 65, 64)
        sigma = (deviation * 10 ** (-decibels / 20)).astype(np.float32)
        noisy = clean + sigma[:, None] * draw_noise(clean.shape, rng)
        candidates = level.features(noisy)
        base = level.least_candidate(candidates)
        parts.append((candidates - base[:, None], np.log(sigma) - base))
    relative, target = (np.concatenate(part) for part in zip(*parts, strict=True))
    weights = fit_level(relative, target, seed)
    test = np.abs(level.correction(relative[:2048], weights) - target[:2048])
    print(f"level: mean error {8.686 * test.mean():.2f} dB, least candidate alone "
          f"{8.686 * np.abs(target[:2048]).mean():.2f} dB", flush=True)  # fmt: skip
    return weights


def fit_level(relative: np.ndarray, target: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Fit 30-32-16-1 units to the logarithm of the level; too high costs more than too low."""
    keras = import_keras()

    keras.utils.set_random_seed(seed)
    mean, scale = relative.mean(axis=0), relative.std(axis=0) + 1e-3
    x = np.clip((relative - mean) / scale, -4, 4)
    model = keras.Sequential(
        [
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    epochs, batch = 60, 256
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * len(x) // batch)

    def loss(truth: Any, guess: Any) -> Any:
        error = keras.ops.clip(truth, -3, 1.5) - guess
        return keras.ops.mean(keras.ops.maximum(0.4 * error, -0.6 * error))

    model.compile(keras.optimizers.Adam(rate), loss)
    model.fit(x, target[:, None], batch_size=batch, epochs=epochs, verbose=0, validation_split=0.1)
    print("level: validation loss", model.evaluate(x[-1638:], target[-1638:, None], verbose=0))
    weights = {"mean": mean, "scale": scale}
    for number, layer in enumerate(model.layers):
        weights[f"kernel_{number}"], weights[f"bias_{number}"] = layer.get_weights()
    return {name: np.asarray(value, np.float32) for name, value in weights.items()}


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--bank", type=int, default=32768, help="signals, a multiple of 256")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    bank = open_bank(options.output, (options.bank, LENGTH), list(FAMILIES), options.seed, 2)
    np.savez(options.output / "level.npz", **level_network(bank, options.seed))


if __name__ == "__main__":
    main()
