"""Denoise zarr stores by several processes, and kill some of them.

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
from typing import NamedTuple

import dask
import dask.array as da
import numpy as np
import zarr
from dask.array.optimization import optimize
from dask.distributed import Client, LocalCluster
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import ConvDenoiser, denoise_recording, denoise_store
from conv_denoiser.distributed.models import Shipped
from conv_denoiser.export import OnnxDenoiser, to_onnx

OPTIONS = {"window": 512, "channelwise": True}


class Result(NamedTuple):
    """What a run took; memory in megabytes."""

    seconds: float
    base: float
    peak: float
    n_killed: int
    n_calls: int
    is_same: bool


def seconds_of_graph(denoiser, n_chunks):
    """Return tasks a chunk, and seconds to build a graph and for Dask to optimize it."""
    recording = da.zeros(n_chunks * 10_000, chunks=10_000)
    start = time.perf_counter()
    lazy = denoise_recording(denoiser, recording, window=512)
    built = time.perf_counter()
    n_tasks = (len(lazy.dask) - len(recording.dask)) / n_chunks
    optimize(lazy.dask, lazy.__dask_keys__())
    return n_tasks, built - start, time.perf_counter() - built


def seconds_of_chunk(n_workers, n_chunks=1000):
    """Return what a chunk costs that is all but empty: lazily, and as a region of a store."""
    nothing = FunctionTransformer()
    folder = Path(tempfile.mkdtemp())
    samples = np.zeros(n_chunks * 64, np.float32)
    zarr.create_array(folder / "in.zarr", data=samples, chunks=64)
    with cluster_of(n_workers) as cluster, Client(cluster) as client:
        times = []
        for name, n_regions in (("first", 50), ("out", n_chunks // 4)):
            start = time.perf_counter()
            denoise_store(folder / "in.zarr", folder / name, nothing, window=64,
                          region=len(samples) // n_regions,
                          scheduler=cluster.scheduler_address)  # fmt: skip
            times.append((time.perf_counter() - start) / n_regions)
        lazy = denoise_recording(nothing, da.from_array(samples, chunks=64), window=64)
        start = time.perf_counter()
        client.compute(lazy.sum()).result()
        shutil.rmtree(folder)
        return (time.perf_counter() - start) / n_chunks, times[1]


def cluster_of(n_workers):
    """Start processes of one thread each, which start again whenever they are killed."""
    dask.config.set({"distributed.deploy.lost-worker-timeout": "1000 days"})
    return LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0")


def open_model(shipped):
    """Open a model and use it once; return the resident memory of this process, in megabytes."""
    shipped.open().transform(np.random.default_rng(0).normal(size=(64, 512)))
    Path("/proc/self/clear_refs").write_text("5")  # the largest memory so far is forgotten
    return resident("VmRSS")


def resident(name="VmHWM"):
    """Return the resident memory of this process, by default the largest, in megabytes."""
    status = Path("/proc/self/status").read_text()  # what the kernel tells else is the parent's
    return int(status.split(f"{name}:")[1].split()[0]) / 1024


def kill_some(cluster, n_kills, done, killed):
    """Kill a worker now and then."""
    while len(killed) < n_kills and not done.wait(random.uniform(0.5, 2.5)):
        worker = random.choice(list(cluster.workers.values()))
        if worker.is_alive():
            os.kill(worker.pid, signal.SIGKILL)
            killed.append(time.perf_counter())


def run(folder, denoiser, expected, n_workers, region, n_kills=0):
    """Denoise a store; where a region was killed too often, call again."""
    for path in folder.glob("out.zarr*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with cluster_of(n_workers) as cluster, Client(cluster) as client:
        base = client.run(open_model, Shipped.of(denoiser))
        done, killed = threading.Event(), []
        killer = threading.Thread(target=kill_some, args=(cluster, n_kills, done, killed))
        start, n_calls, out = time.perf_counter(), 0, None
        killer.start()
        while out is None:
            n_calls += 1
            try:
                out = denoise_store(folder / "in.zarr", folder / "out.zarr", denoiser,
                                    region=region, scheduler=cluster.scheduler_address,
                                    **OPTIONS)  # fmt: skip
            except RuntimeError as error:
                print(error, flush=True)
        seconds = time.perf_counter() - start
        done.set()
        killer.join()
        peaks = client.run(resident, on_error="ignore")
    parts = [slice(begin, begin + region) for begin in range(0, len(expected), region)]
    is_same = all(out[part].tobytes() == expected[part].tobytes() for part in parts)
    return Result(seconds, max(base.values()), max(peaks.values(), default=0), len(killed),
                  n_calls, is_same)  # fmt: skip


def measure(folder, denoiser, shape, region, runs):
    """Print one line for the whole in one process, and one for each run."""
    shutil.rmtree(folder / "in.zarr", ignore_errors=True)
    samples = np.random.default_rng(0).standard_normal(shape, np.float32)
    zarr.create_array(folder / "in.zarr", data=samples, chunks=(region // 4, *shape[1:]))
    start = time.perf_counter()
    expected = denoise_recording(denoiser, samples, **OPTIONS)
    rate = samples.size / (time.perf_counter() - start) / 1e6
    print(f"{shape}, denoise_recording: {rate:.2f} million values a second", flush=True)
    del samples
    for n_workers, n_kills in runs:
        size = region if n_kills == 0 else region // 4
        result = run(folder, denoiser, expected, n_workers, size, n_kills)
        rate = expected.size / result.seconds / 1e6
        print(f"{shape}, {n_workers} workers: {rate:.2f} million values a second, "
              f"{result.base:.0f} MB + {result.peak - result.base:.0f} MB in a worker, "
              f"{result.n_killed} killed, {result.n_calls} call(s), same bits: {result.is_same}",
              flush=True)  # fmt: skip


def main():
    """Print one line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-samples", type=int, default=31_100_000)
    parser.add_argument("--n-channels", type=int, default=128)
    parser.add_argument("--n-samples-of-channels", type=int, default=10_000_000)
    parser.add_argument("--region", type=int, default=2**22, help="values of a region")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--n-kills", type=int, default=20)
    parser.add_argument("--n-chunks", type=int, default=100_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    to_onnx(ConvDenoiser.from_pretrained(), folder / "unet.onnx")
    denoiser = OnnxDenoiser(folder / "unet.onnx", n_threads=1)
    n_tasks, built, optimized = seconds_of_graph(denoiser, options.n_chunks)
    print(f"{options.n_chunks} chunks: {n_tasks:.1f} tasks each, built in {built:.1f} s, "
          f"optimized by Dask in {optimized:.1f} s", flush=True)  # fmt: skip
    lazy, stored = seconds_of_chunk(2)
    print(f"a chunk that does nothing: {lazy * 1e3:.2f} ms, a region: {stored * 1e3:.2f} ms",
          flush=True)  # fmt: skip
    runs = [(n, 0) for n in options.workers]
    kills = [(2, options.n_kills)] if options.n_kills else []
    measure(folder, denoiser, (options.n_samples,), options.region, runs + kills)
    shape = options.n_samples_of_channels, options.n_channels
    if shape[0]:
        measure(folder, denoiser, shape, options.region // options.n_channels, runs)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
