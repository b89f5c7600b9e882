"""Denoise a zarr store by several processes, and kill some of them.

python benchmarks/scale_out.py [--n-samples 31_100_000] [--workers 1 2 4] [--n-kills 20]
"""

import argparse
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path

import dask.array as da
import numpy as np
import zarr
from dask.array.optimization import optimize
from dask.distributed import Client, LocalCluster

from conv_denoiser import ConvDenoiser, denoise_recording, denoise_store
from conv_denoiser.export import OnnxDenoiser, to_onnx


def seconds_of_graph(denoiser, n_chunks):
    """Return tasks a chunk, and seconds to build a graph and for Dask to optimize it."""
    recording = da.zeros(n_chunks * 10_000, chunks=10_000)
    start = time.perf_counter()
    lazy = denoise_recording(denoiser, recording, window=512)
    built = time.perf_counter()
    n_tasks = (len(lazy.dask) - len(recording.dask)) / n_chunks
    optimize(lazy.dask, lazy.__dask_keys__())
    return n_tasks, built - start, time.perf_counter() - built


def peak_of_worker():
    """Return the largest resident memory of this process until now, in megabytes."""
    status = Path("/proc/self/status").read_text()  # what the kernel tells else is the parent's
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def kill_some(client, n_kills, done):
    """Kill a worker now and then."""
    for _ in range(n_kills):
        if done.wait(random.uniform(0.5, 3)):
            return
        pids = list(client.run(os.getpid, on_error="ignore").values())
        if pids:
            os.kill(random.choice(pids), signal.SIGKILL)


def run(folder, denoiser, n_workers, region, n_kills=0):
    """Return seconds, the largest memory of a worker, and the result."""
    for path in folder.glob("out.zarr*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with (
        LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        done = threading.Event()
        killer = threading.Thread(target=kill_some, args=(client, n_kills, done))
        killer.start()
        start = time.perf_counter()
        out = denoise_store(
            folder / "in.zarr",
            folder / "out.zarr",
            denoiser,
            window=512,
            region=region,
            scheduler=cluster.scheduler_address,
        )
        seconds = time.perf_counter() - start
        done.set()
        killer.join()
        peak = max(client.run(peak_of_worker, on_error="ignore").values(), default=0)
    return seconds, peak, out[:]


def main():
    """Print one line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-samples", type=int, default=31_100_000)
    parser.add_argument("--region", type=int, default=2_000_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--n-kills", type=int, default=20)
    parser.add_argument("--n-chunks", type=int, default=100_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    to_onnx(ConvDenoiser.from_pretrained(), folder / "unet.onnx")
    denoiser = OnnxDenoiser(folder / "unet.onnx", n_threads=1)
    n_tasks, built, optimized = seconds_of_graph(denoiser, options.n_chunks)
    print(f"{options.n_chunks} chunks: {n_tasks:.1f} tasks each, built in {built:.1f} s, "
          f"optimized by Dask in {optimized:.1f} s")  # fmt: skip
    samples = np.random.default_rng(0).normal(size=options.n_samples).astype(np.float32)
    zarr.create_array(folder / "in.zarr", data=samples, chunks=options.region // 4)
    start = time.perf_counter()
    expected = denoise_recording(denoiser, samples, window=512)
    seconds = time.perf_counter() - start
    print(f"denoise_recording: {options.n_samples / seconds / 1e6:.2f} million samples a second")
    for n_workers, n_kills in [(n, 0) for n in options.workers] + [(2, options.n_kills)]:
        seconds, peak, result = run(folder, denoiser, n_workers, options.region, n_kills)
        same = result.tobytes() == expected.tobytes()
        rate = options.n_samples / seconds / 1e6
        print(f"{n_workers} workers, up to {n_kills} killed: {rate:.2f} million samples a second, "
              f"{peak:.0f} MB in a worker, same bits: {same}", flush=True)  # fmt: skip
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
