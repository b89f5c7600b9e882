"""Fit to signals in memory, and to the same in a zarr store of which some are read at a time.

python benchmarks/lazy_fit.py [--n-signals 6000] [--at-once 8] [--epochs 3] [--seeds 0 1]
"""

import argparse
import tempfile
import time
import warnings
from pathlib import Path

import dask.array as da
import numpy as np
import zarr

from conv_denoiser import ConvDenoiser, DenoisingWarning, SignalGenerator
from conv_denoiser.distributed import training

N_TIMESTEPS = 256


def hearts(n_signals, seed, shuffled=False):
    """Return noisy and clean ECGs, of which the last are the noisiest unless `shuffled`."""
    parts = [
        SignalGenerator("ecg", noise=noise, n_timesteps=N_TIMESTEPS, sampling_rate=180,
                        random_state=seed + number).sample(n_signals // 4, return_X_y=True)
        for number, noise in enumerate((0.05, 0.1, 0.2, 0.3))
    ]  # fmt: skip
    noisy, clean = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    order = np.random.default_rng(seed).permutation(len(noisy)) if shuffled else slice(None)
    return noisy[order], clean[order]


def main():
    """Print one line for each fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-signals", type=int, default=6000)
    parser.add_argument("--at-once", type=int, default=8, help="parts that are read one by one")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    warnings.simplefilter("ignore", DenoisingWarning)
    training.AT_ONCE = options.n_signals * N_TIMESTEPS // options.at_once
    held_out = hearts(1000, 100)
    for seed in options.seeds:
        for order in ("shuffled", "sorted by noise"):
            arrays = hearts(options.n_signals, 10 * seed, order == "shuffled")
            folder = Path(tempfile.mkdtemp())
            for name, array in zip(("noisy", "clean"), arrays, strict=True):
                zarr.create_array(folder / name, data=array, chunks=(100, N_TIMESTEPS))
            stored = [da.from_zarr(folder / name) for name in ("noisy", "clean")]
            for kind, signals in (("memory", arrays), ("zarr", stored)):
                start = time.perf_counter()
                denoiser = ConvDenoiser(
                    "unet",
                    epochs=options.epochs,
                    batch_size=64,
                    validation_split=0,
                    random_state=seed,
                ).fit(*signals)
                print(f"seed {seed}, {order}, from {kind}: {denoiser.score(*held_out):.2f} dB in "
                      f"{time.perf_counter() - start:.0f} s", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
