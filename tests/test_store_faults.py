"""Stores denoised by a cluster, of which parts fail: workers, schedulers, chunks, clients."""

import os
import signal
import threading
import time
from multiprocessing.pool import ThreadPool
from pathlib import Path

import dask
import numpy as np
import pytest
from dask.distributed import Client, LocalCluster
from sklearn.preprocessing import FunctionTransformer
from store_helpers import (
    WINDOW,
    assert_denoised,
    denoise_it,
    files_in,
    manifest,
    slow_smoother,
)

from conv_denoiser import denoise_recording, denoise_store
from conv_denoiser.distributed import clusters
from conv_denoiser.distributed.clusters import working
from conv_denoiser.export import OnnxDenoiser

pytestmark = pytest.mark.usefixtures("in_a_folder")  # relative paths are what users write


@pytest.mark.slow
class TestFaults:
    def test_a_killed_worker(self, cluster, expected):
        with Client(cluster) as client:
            pid, _ = client.run(os.getpid).values()

        def kill():
            while not Path("out.zarr.manifest").exists() or len(manifest()) < 3:
                time.sleep(0.05)
            os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        denoised = denoise_it(slow_smoother(), scheduler=cluster.scheduler_address)
        killer.join()
        np.testing.assert_array_equal(denoised[:], expected)

    def test_a_chunk_that_cannot_be_read(self, cluster, stored, expected):
        (path,) = (path for path in files_in("in.zarr") if path.parts[-2:] == ("3", "1"))
        content = path.read_bytes()
        path.write_bytes(b"damaged")
        with pytest.raises(RuntimeError, match=r"[34] of 10 regions failed"):
            denoise_it(slow_smoother(), scheduler=cluster.scheduler_address)
        path.write_bytes(content)
        np.testing.assert_array_equal(denoise_it()[:], expected)

    @pytest.mark.filterwarnings("ignore:1 of 5 signals have no sample")
    def test_gaps_of_any_length(self, cluster, gappy):
        address = cluster.scheduler_address
        denoised = denoise_store("gappy.zarr", "out.zarr", region=20_000, scheduler=address)
        assert_denoised(denoised, gappy)

    def test_a_worker_without_onnxruntime(self, cluster, onnx_file, stored):
        def hide(hidden):
            import sys

            if hidden:
                sys.modules["onnxruntime"] = None
            else:
                del sys.modules["onnxruntime"]

        denoiser = OnnxDenoiser(onnx_file, n_threads=2)  # which no worker has opened yet
        options = {"window": 64, "scheduler": cluster.scheduler_address}
        with Client(cluster) as client:
            lacking = [next(iter(client.scheduler_info()["workers"]))]
            client.run(hide, True, workers=lacking)
            try:
                with pytest.raises(
                    RuntimeError, match=r"ImportError: The worker process \d+ on .*\[onnx\]"
                ):
                    denoise_it(denoiser, **options)
            finally:
                client.run(hide, False, workers=lacking)
        expected = denoise_recording(denoiser, stored, channelwise=True, window=64)
        np.testing.assert_array_equal(denoise_it(denoiser, **options)[:], expected)

    def test_processes_share_the_cores(self, stored, expected):
        with working(1, None) as run:
            ((_, n_threads),) = run(lambda *_: os.environ["OMP_NUM_THREADS"], None, [0])
        assert int(n_threads) == os.cpu_count()
        np.testing.assert_array_equal(denoise_it(workers=1)[:], expected)

    def test_two_clients_at_once(self, cluster, stored):
        def denoise_by(function):
            denoiser, target = FunctionTransformer(function), f"{function.__name__}.zarr"
            options = {"channelwise": True, **WINDOW}
            denoised = denoise_store(
                "in.zarr",
                target,
                denoiser,
                region=1,
                scheduler=cluster.scheduler_address,
                **options,
            )
            return denoised[:], denoise_recording(denoiser, stored, **options)

        with ThreadPool(2) as pool:
            for result, expected in pool.map(denoise_by, (np.square, np.tanh)):
                np.testing.assert_array_equal(result, expected)
        assert "scheduler" not in dask.config.config  # as before

    def test_two_clients_of_one_store(self, cluster, expected):
        with ThreadPool(2) as pool:
            results = pool.map(
                lambda _: denoise_it(scheduler=cluster.scheduler_address)[:], range(2)
            )
        for result in results:
            np.testing.assert_array_equal(result, expected)

    def test_a_region_that_lost_too_many_workers(self, cluster, expected, monkeypatch, tmp_path):
        killed = tmp_path / "killed"

        client = os.getpid()  # which asks the denoiser as well

        class Deadly:
            def transform(self, X):
                if os.getpid() != client and not killed.exists():
                    killed.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                return (X + np.roll(X, 1, axis=1)) / 2

        monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)
        denoised = denoise_it(Deadly(), scheduler=cluster.scheduler_address)
        assert killed.exists()
        np.testing.assert_array_equal(denoised[:], expected)

    def test_no_worker(self, expected, monkeypatch):
        monkeypatch.setattr(clusters, "PATIENCE", 0.2)
        with LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=":0") as empty:
            later = threading.Timer(1, empty.scale, [1])
            later.start()
            with pytest.warns(UserWarning, match=r"No worker .*tcp://.*`dask worker tcp"):
                denoised = denoise_it(slow_smoother(), scheduler=empty.scheduler_address)
        np.testing.assert_array_equal(denoised[:], expected)

    def test_a_scheduler_that_goes_away(self, cluster, stored, expected):
        with (
            dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
            LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as other,
        ):
            closing = threading.Timer(1, other.close)
            closing.start()
            with pytest.raises(ConnectionError, match="scheduler went away"):
                denoise_it(slow_smoother(), scheduler=other.scheduler_address)
            closing.join()
        done = manifest()
        assert len(done) < 11
        denoised = denoise_it(slow_smoother(), scheduler=cluster.scheduler_address)
        np.testing.assert_array_equal(denoised[:], expected)
        assert manifest()[: len(done)] == done
        assert len(manifest()) == 11
