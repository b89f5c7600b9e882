"""From zarr store to zarr store: the bits of the whole, resumed where work was cut short."""

import os
import signal
import threading
import time
from multiprocessing.pool import ThreadPool
from pathlib import Path

import dask
import numpy as np
import pytest
import xarray as xr
import zarr
from dask.distributed import Client, LocalCluster
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import DenoisingWarning, denoise, denoise_recording, denoise_store
from conv_denoiser.cli import main
from conv_denoiser.distributed import clusters, regions, stores
from conv_denoiser.distributed.clusters import working
from conv_denoiser.export import OnnxDenoiser

SMOOTHER = FunctionTransformer(lambda X: (X + np.roll(X, 1, axis=1)) / 2)
WINDOW = {"window": 50, "batch_size": 4}


@pytest.fixture(autouse=True)
def _here(in_a_folder):
    """Work in a folder of its own, as relative paths are what users write."""


@pytest.fixture
def recording():
    """Recording of 10 chunks in the store "in.zarr"."""
    array = np.random.default_rng(0).normal(size=(1003, 2)).cumsum(axis=0)
    zarr.create_array("in.zarr", data=array, chunks=(101, 1), attributes={"rate": 360})
    return array


@pytest.fixture
def gappy():
    """Recording of 8 chunks in the store "gappy.zarr", whose channels have samples here and there.

    The first one has none.
    """
    known = np.zeros((5, 80_000), bool)
    for channel, places in enumerate([[], [0], [79_000], [0, 79_500], [0, 40_000, 79_000]]):
        for place in places:
            known[channel, place : place + (1000 if place != 40_000 else 1)] = True
    noise = np.random.default_rng(0).normal(size=known.shape)
    array = np.where(known, noise + 5, np.nan).T
    zarr.create_array("gappy.zarr", data=array, chunks=(10_000, 2))
    return array


def assert_denoised(store, array):
    """Assert that a store holds what NumPy gives for an array whose first channel has nothing."""
    with pytest.warns(UserWarning, match="1 of 5 signals have no sample at all"):
        expected = denoise(array.T).T
    assert np.ascontiguousarray(expected).tobytes() == store[:].tobytes()


@pytest.fixture
def expected(recording):
    return denoise_recording(SMOOTHER, recording, channelwise=True, **WINDOW)


def denoise_it(denoiser=SMOOTHER, **options):
    return denoise_store(
        "in.zarr", "out.zarr", denoiser, channelwise=True, **{"region": 1, **WINDOW, **options}
    )


def manifest():
    return Path("out.zarr.manifest").read_text().splitlines(keepends=True)


def _files(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file()]


class Breaking(FunctionTransformer):
    """Denoiser that fails at large values."""

    def transform(self, X):
        if np.abs(X).max() > self.kw_args["limit"]:
            raise OSError("no more")
        return SMOOTHER.transform(X)


def slow_smoother():
    """Return a denoiser that travels by value, so that workers need not import this file."""

    class Slow:
        def transform(self, X):
            time.sleep(0.1)
            return (X + np.roll(X, 1, axis=1)) / 2

    return Slow()


class TestBits:
    @pytest.mark.parametrize("region", [None, 1, 300])
    def test_are_those_of_the_whole(self, expected, region):
        denoised = denoise_it(region=region)
        np.testing.assert_array_equal(denoised[:], expected)
        assert (denoised.chunks, dict(denoised.attrs)) == ((101, 1), {"rate": 360})

    def test_of_the_universal_model(self, recording):
        x = recording[:, 0].astype(np.float32)
        zarr.create_array("one.zarr", data=x, chunks=200)
        denoised = denoise_store("one.zarr", "out.zarr", region=200, strength=0.5)
        assert denoised[:].tobytes() == denoise(x, strength=0.5).tobytes()

    @pytest.mark.parametrize("region", [10_000, 30_000, 80_000])
    def test_of_gaps_of_any_length(self, gappy, region):
        with pytest.warns(UserWarning, match="1 of 5 signals have no sample") as warned:
            denoised = denoise_store("gappy.zarr", "out.zarr", region=region)
        assert len(warned) == 1
        assert_denoised(denoised, gappy)

    @pytest.mark.filterwarnings("ignore:1 of 5 signals have no sample")
    @pytest.mark.parametrize("layout", [{}, {"shards": (20_000, 4)}])
    def test_of_some_channels_at_a_time(self, gappy, layout, monkeypatch):
        monkeypatch.setattr(regions, "AT_ONCE", 1)
        monkeypatch.setattr(stores, "REGION", 1)
        array = gappy.astype(np.float32)
        zarr.create_array("other.zarr", data=array, chunks=(10_000, 2), **layout)
        denoised = denoise_store("other.zarr", "out.zarr")
        assert len(manifest()) == 3  # regions of some blocks, however many channels there are
        assert_denoised(denoised, array)
        zarr.open("out.zarr", mode="r+")[:20_000, :4] = 0
        assert_denoised(denoise_store("other.zarr", "out.zarr"), array)
        zarr.open("other.zarr", mode="r+")[9, 4] = np.inf
        with pytest.raises(RuntimeError, match="inf at sample 9 of channel 4"):
            denoise_store("other.zarr", "out.zarr")

    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_of_xarray_stores(self, recording, zarr_format):
        data = xr.Dataset(
            {"ecg": (("lead", "time"), recording.T, {"units": "mV"})},
            coords={"time": np.arange(1003) / 360},
        )
        data.chunk(time=200).to_zarr("x.zarr", zarr_format=zarr_format, consolidated=False)
        denoise_store("x.zarr", "out.zarr", SMOOTHER, channelwise=True, **WINDOW)
        result = xr.open_zarr("out.zarr", consolidated=False).load()
        expected = denoise_recording(SMOOTHER, data, channelwise=True, **WINDOW)
        xr.testing.assert_identical(result, expected)

    def test_xarray_finds_all_at_once(self, recording):
        data = xr.Dataset({"ecg": ("time", recording[:, 0])}, coords={"time": np.arange(1003.0)})
        data.to_zarr("x.zarr", zarr_format=2)
        denoise_store("x.zarr", "out.zarr")
        assert xr.open_zarr("out.zarr", consolidated=True)["ecg"].shape == (1003,)

    def test_of_groups_in_groups(self, recording):
        data = xr.Dataset({"ecg": ("time", recording[:, 0])}, coords={"time": np.arange(1003.0)})
        data.to_zarr("x.zarr", group="nights/1", zarr_format=3, consolidated=False)
        denoise_store("x.zarr::nights/1/ecg", "out.zarr")
        result = xr.open_zarr("out.zarr", group="nights/1", consolidated=False).load()
        xr.testing.assert_identical(result, denoise(data))


class TestResuming:
    def test_denoises_what_is_not_done(self, recording, expected):
        failing = Breaking(kw_args={"limit": np.abs(recording).max() * 0.9})
        with pytest.raises(RuntimeError, match=r"\d of 10 regions failed.*OSError: no more"):
            denoise_it(failing)
        done = len(manifest()) - 1
        assert 0 < done < 10
        failing.kw_args["limit"] = np.inf
        np.testing.assert_array_equal(denoise_it(failing)[:], expected)

    def test_repairs_what_was_damaged(self, recording, expected):
        denoise_it()
        zarr.open("out.zarr", mode="r+")[150:160] = 0
        lines = manifest()
        # As if killed while a line was written.
        Path("out.zarr.manifest").write_text("".join([*lines[:4], lines[4][:40]]))
        np.testing.assert_array_equal(denoise_it()[:], expected)
        assert len(manifest()) == 12  # and the torn line

    @pytest.mark.parametrize("layout", [{"chunks": 101}, {"chunks": (25,), "shards": (100,)}])
    def test_repairs_what_cannot_be_read(self, recording, layout):
        zarr.create_array("one.zarr", data=recording[:, 0], **layout)
        denoise_store("one.zarr", "out.zarr", SMOOTHER, region=1, **WINDOW)
        for chunk in (0, 4):
            os.truncate(f"out.zarr/c/{chunk}", 20)
        denoised = denoise_store("one.zarr", "out.zarr", SMOOTHER, region=1, **WINDOW)
        expected = denoise_recording(SMOOTHER, recording[:, 0], **WINDOW)
        np.testing.assert_array_equal(denoised[:], expected)

    def test_denoises_what_has_changed_since(self, recording, expected):
        denoise_it()
        zarr.open_array("in.zarr", mode="r+")[500:510] = 9
        recording[500:510] = 9
        changed = denoise_recording(SMOOTHER, recording, channelwise=True, **WINDOW)
        assert (changed != expected).any()
        np.testing.assert_array_equal(denoise_it()[:], changed)

    @pytest.mark.filterwarnings("ignore:1 of 5 signals have no sample")
    def test_looks_at_the_ends_of_gaps(self, gappy):
        denoise_store("gappy.zarr", "out.zarr", region=20_000)
        done = manifest()
        denoise_store("gappy.zarr", "out.zarr", region=20_000)
        assert manifest() == done
        gappy[79_900, 1] = 9
        zarr.open_array("gappy.zarr", mode="r+")[79_900, 1] = 9
        assert_denoised(denoise_store("gappy.zarr", "out.zarr", region=20_000), gappy)

    @pytest.mark.filterwarnings("ignore:1 of 5 signals have no sample")
    def test_of_gaps_that_go_on_where_nothing_can_be_read(self, gappy):
        (chunk,) = (path for path in _files("gappy.zarr") if path.parts[-2:] == ("7", "2"))
        content = chunk.read_bytes()
        chunk.write_bytes(b"damaged")
        with pytest.raises(RuntimeError, match=r"4 of 4 regions failed"):
            denoise_store("gappy.zarr", "out.zarr", region=20_000)
        chunk.write_bytes(content)
        assert_denoised(denoise_store("gappy.zarr", "out.zarr", region=20_000), gappy)

    def test_leaves_what_is_done(self, recording):
        denoise_it()
        files = {path: path.stat().st_mtime_ns for path in _files("out.zarr")}
        denoise_it()
        assert files == {path: path.stat().st_mtime_ns for path in _files("out.zarr")}

    def test_of_other_work(self, recording):
        denoise_it()
        with pytest.raises(ValueError, match="overlap was 0.5 and is 0[.,]"):
            denoise_it(overlap=0)
        with pytest.raises(ValueError, match="the denoiser is another one"):
            denoise_it(FunctionTransformer(np.tanh))

    def test_numbers_of_either_type_are_the_same_work(self, recording):
        for strength in (1, 1.0, np.float64(1)):
            denoise_store("in.zarr", "out.zarr", strength=strength)


class TestErrors:
    def test_what_exists_is_not_overwritten(self, recording):
        zarr.create_array("out.zarr", data=recording)
        with pytest.raises(ValueError, match="exists, and no manifest"):
            denoise_it()
        with pytest.raises(ValueError, match="is the source itself"):
            denoise_store("in.zarr", "./in.zarr")
        for target in ("new.zarr::ecg", "in.zarr/new.zarr"):
            with pytest.raises(ValueError, match="a folder for itself"):
                denoise_store("in.zarr", target)

    def test_targets(self, recording, expected):
        for target in ("missing/out.zarr", "", "."):
            with pytest.raises(FileNotFoundError, match="Cannot write .* no such folder"):
                denoise_store("in.zarr", target)
        denoise_it()
        zarr.create_array("out.zarr", data=recording[:9], overwrite=True)
        with pytest.raises(ValueError, match="not what the manifest beside it tells of"):
            denoise_it()

    def test_of_arguments(self, recording):
        for options, message in (
            ({"denoiser": SMOOTHER, "strength": 2}, "strength=2 is for the universal one"),
            ({"window": 9}, "window=9 is for a denoiser of your own"),
            ({"workers": 2, "scheduler": "tcp://x"}, "Give one"),
            ({"workers": 0}, "workers must be a positive"),
            ({"denoiser": "best"}, "no pretrained model 'best'"),
        ):
            with pytest.raises(ValueError, match=message):
                denoise_store("in.zarr", "new.zarr", **options)
        assert not Path("new.zarr.manifest").exists()

    def test_of_a_scheduler_that_is_not_there(self, recording):
        with pytest.raises(ValueError, match="missing port"):
            denoise_store("in.zarr", "new.zarr", scheduler="nowhere")
        assert "scheduler" not in dask.config.config

    def test_names_of_arrays(self, recording):
        group = zarr.open_group("group.zarr")
        for name in ("ecg", "eeg"):
            group.create_array(name, data=recording[:, 0])
        with pytest.raises(ValueError, match=r"'ecg', 'eeg'.*two colons.*group.zarr::ecg"):
            denoise_store("group.zarr", "new.zarr")
        with pytest.raises(ValueError, match="no 'emg', but the arrays"):
            denoise_store("group.zarr::emg", "new.zarr")
        with pytest.raises(ValueError, match="is one array"):
            denoise_store("in.zarr::ecg", "new.zarr")
        with pytest.raises(FileNotFoundError, match="'none.zarr' is no zarr store"):
            denoise_store("none.zarr", "new.zarr")
        denoised = denoise_store("group.zarr::eeg", "new.zarr")
        np.testing.assert_array_equal(denoised[:], denoise(recording[:, 0]))
        assert list(zarr.open("new.zarr").array_keys()) == ["eeg"]

    def test_of_times_with_holes(self, recording):
        data = xr.Dataset({"ecg": ("time", recording[:, 0])}, coords={"time": np.arange(1003.0)})
        data.isel(time=[*range(400), *range(500, 1003)]).to_zarr("x.zarr", consolidated=False)
        with pytest.warns(DenoisingWarning, match="'time' has holes"):
            denoise_store("x.zarr", "out.zarr")

    def test_of_what_is_no_recording_as_it_stands(self, recording):
        array = zarr.create_array("wide.zarr", data=recording.T)
        with pytest.raises(ValueError, match=r"1003 channels of 2 sample.*_ARRAY_DIMENSIONS"):
            denoise_store("wide.zarr", "new.zarr")
        array.attrs["_ARRAY_DIMENSIONS"] = ["channel", "time"]
        denoised = denoise_store("wide.zarr", "new.zarr", noise_std=1)
        np.testing.assert_array_equal(denoised[:], denoise(recording.T, noise_std=1))
        data = xr.Dataset({"ecg": ("time", recording[:, 0])})
        for zarr_format in (2, 3):
            encoding = {"ecg": {"dtype": "i2", "_FillValue": -9}}
            name = f"packed{zarr_format}.zarr"
            data.to_zarr(name, zarr_format=zarr_format, encoding=encoding, consolidated=False)
            with pytest.raises(ValueError, match="missing samples are .*-9"):
                denoise_store(name, "other.zarr")


class TestCommand:
    def test_stores(self, recording, onnx_file, capsys):
        options = ["denoise", "in.zarr", "--output", "out.zarr", "--model", str(onnx_file)]
        assert main([*options, "--channelwise"]) == 0
        assert "out.zarr: 1,003 samples denoised" in capsys.readouterr().out
        expected = denoise_recording(OnnxDenoiser(onnx_file), recording, channelwise=True)
        np.testing.assert_array_equal(zarr.open("out.zarr", mode="r")[:], expected)

    def test_interrupted(self, recording, onnx_file, capsys, monkeypatch):
        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("conv_denoiser.distributed.stores.Manifest.add", interrupt)
        options = ["denoise", "in.zarr", "--output", "out.zarr", "--model", str(onnx_file)]
        assert main([*options, "--channelwise"]) == 130
        assert "interrupted: what is done stays done" in capsys.readouterr().err

    def test_errors(self, recording, onnx_file, capsys):
        np.save("x.npy", recording)
        for options, message in (
            (["in.zarr", "--output", "out.npy"], "both end in .zarr"),
            (["in.zarr", "--output", "out.zarr", "--plot", "p.png"], "--plot is for files"),
            (["in.zarr", "--output", "out.zarr", "--columns"], "--rows or --columns is for"),
            (["in.zarr", "--output", "out.zarr", "--model", "ecg"], "--model ecg is for files"),
            (["in.zarr", "--output", "out.zarr", "--jobs", "2"], "--jobs is for files"),
            (["x.npy", "--output", "y.npy", "--workers", "2"], "are for zarr stores"),
            (["in.zarr", "--output", "out.zarr", "--model", str(onnx_file)], "Pass --channelwise"),
        ):
            assert main(["denoise", *options]) == 2
            assert message in capsys.readouterr().err


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

    def test_a_chunk_that_cannot_be_read(self, cluster, recording, expected):
        (path,) = (path for path in _files("in.zarr") if path.parts[-2:] == ("3", "1"))
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

    def test_a_worker_without_onnxruntime(self, cluster, onnx_file, recording):
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
        expected = denoise_recording(denoiser, recording, channelwise=True, window=64)
        np.testing.assert_array_equal(denoise_it(denoiser, **options)[:], expected)

    def test_processes_share_the_cores(self, recording, expected):
        with working(1, None) as run:
            ((_, n_threads),) = run(lambda *_: os.environ["OMP_NUM_THREADS"], None, [0])
        assert int(n_threads) == os.cpu_count()
        np.testing.assert_array_equal(denoise_it(workers=1)[:], expected)

    def test_two_clients_at_once(self, cluster, recording):
        def denoise_by(function):
            denoiser, target = FunctionTransformer(function), f"{function.__name__}.zarr"
            options = {"channelwise": True, **WINDOW}
            stored = denoise_store(
                "in.zarr",
                target,
                denoiser,
                region=1,
                scheduler=cluster.scheduler_address,
                **options,
            )
            return stored[:], denoise_recording(denoiser, recording, **options)

        with ThreadPool(2) as pool:
            for result, expected in pool.map(denoise_by, (np.square, np.tanh)):
                np.testing.assert_array_equal(result, expected)

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

    def test_a_scheduler_that_goes_away(self, cluster, recording, expected):
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
