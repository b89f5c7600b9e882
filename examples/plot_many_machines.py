"""
A recording on several workers, and no seams
============================================

A long recording is denoised in pieces, by processes that know nothing of each other. Where a piece
ends, its windows reach into the next one; each worker therefore reads a little more than it writes.
The result has the bits that one process gives.
"""

import argparse
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import zarr
from dask.distributed import Client, SubprocessCluster

from conv_denoiser import SignalGenerator, denoise, denoise_store
from conv_denoiser.metrics import snr_db

RATE = 360  # Hz
CHUNK = 16_000  # samples
NOISY, DENOISED, CUT = "#999999", "#0072B2", "#D55E00"

parser = argparse.ArgumentParser(description="Denoise a zarr store on a cluster of this machine.")
parser.add_argument("--minutes", type=float, default=2.0, help="length of the recording")
options = parser.parse_args()

# %%
# A store of chunks
# -----------------
#
# The noisy heart goes into a zarr store, whose chunks can be read and written one by one.
n_samples = round(options.minutes * 60 * RATE)
ecg = SignalGenerator("ecg", noise=0.15, n_timesteps=n_samples, sampling_rate=RATE, random_state=0)
noisy, clean, time = ecg.sample(1)
folder = Path(tempfile.mkdtemp())
zarr.create_array(folder / "noisy.zarr", data=noisy[0], chunks=CHUNK)

# %%
# Two workers
# -----------
#
# A cluster on this machine stands for one of many machines: ``denoise_store`` wants the address of
# its scheduler alone. The universal model is part of the package, so no denoiser need travel.
with SubprocessCluster(worker_kwargs={"nthreads": 1}) as cluster, Client(cluster) as client:
    cluster.scale(2)
    client.wait_for_workers(2)
    denoised = denoise_store(
        folder / "noisy.zarr",
        folder / "denoised.zarr",
        region=CHUNK,
        scheduler=cluster.scheduler_address,
    )[:]
print(f"noisy {snr_db(clean, noisy):.1f} dB, denoised {snr_db(clean, [denoised]):.1f} dB")

# %%
# No seams
# --------
#
# Around the first border between two regions nothing tells that there is one. In fact nothing
# anywhere differs from what one process makes of the whole.
largest = np.abs(denoised - denoise(noisy[0])).max()
print(f"largest difference from one process: {largest}")
around = slice(max(0, CHUNK - 2 * RATE), CHUNK + 2 * RATE)
figure, axes = plt.subplots(figsize=(9, 3.5), layout="constrained")
axes.plot(time[around], noisy[0, around], color=NOISY, linewidth=0.8, label="noisy")
axes.plot(time[around], denoised[around], color=DENOISED, label="denoised by two workers")
axes.axvline(CHUNK / RATE, color=CUT, linestyle="--", label="where one region ends")
axes.set(xlabel="time (s)", ylabel="amplitude", xlim=time[around][[0, -1]], ylim=(-0.7, 1.3))
axes.legend(loc="upper right", ncols=3, frameon=False)
plt.show()
