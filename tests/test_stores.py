"""From zarr store to zarr store: the bits of the whole, resumed where work was cut short."""

import os
from pathlib import Path

import dask
import numpy as np
import pytest
import xarray as xr
import zarr
from sklearn.preprocessing import FunctionTransformer
from store_helpers import (
    SMOOTHER,
    WINDOW,
    assert_denoised,
    denoise_it,
    files_in,
    manifest,
)

from conv_denoiser import DenoisingWarning, denoise, denoise_recording, denoise_store
from conv_denoiser.cli import main
from conv_denoiser.distributed import regions, stores
from conv_denoiser.export import OnnxDenoiser

pytestmark = pytest.mark.usefixtures("in_a_folder")  # relative paths are what users write


class Breaking(FunctionTransformer):
    """Denoiser that fails at large values."""

    def transform(self, X):
        if np.abs(X).max() > self.kw_args["limit"]:
            raise OSError("no more")
        return SMOOTHER.transform(X)


class TestBits:
    @pytest.mark.parametrize("region", [None, 1, 300])
    def test_are_those_of_the_whole(self, expected, region):
        denoised = denoise_it(region=region)
        np.testing.assert_array_equal(denoised[:], expected)
        assert (denoised.chunks, dict(denoised.attrs)) == ((101, 1), {"rate": 360})

    def test_of_the_universal_model(self, stored):
        x = stored[:, 0].astype(np.float32)
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
    def test_of_xarray_stores(self, stored, zarr_format):
        data = xr.Dataset(
            {"ecg": (("lead", "time"), stored.T, {"units": "mV"})},
            coords={"time": np.arange(1003) / 360},
        )
        data.chunk(time=200).to_zarr("x.zarr", zarr_format=zarr_format, consolidated=False)
        denoise_store("x.zarr", "out.zarr", SMOOTHER, channelwise=True, **WINDOW)
        result = xr.open_zarr("out.zarr", consolidated=False).load()
        expected = denoise_recording(SMOOTHER, data, channelwise=True, **WINDOW)
        xr.testing.assert_identical(result, expected)

    def test_xarray_finds_all_at_once(self, stored):
        data = xr.Dataset({"ecg": ("time", stored[:, 0])}, coords={"time": np.arange(1003.0)})
        data.to_zarr("x.zarr", zarr_format=2)
        denoise_store("x.zarr", "out.zarr")
        assert xr.open_zarr("out.zarr", consolidated=True)["ecg"].shape == (1003,)

    def test_of_groups_in_groups(self, stored):
        data = xr.Dataset({"ecg": ("time", stored[:, 0])}, coords={"time": np.arange(1003.0)})
        data.to_zarr("x.zarr", group="nights/1", zarr_format=3, consolidated=False)
        denoise_store("x.zarr::nights/1/ecg", "out.zarr")
        result = xr.open_zarr("out.zarr", group="nights/1", consolidated=False).load()
        xr.testing.assert_identical(result, denoise(data))


class TestResuming:
    def test_denoises_what_is_not_done(self, stored, expected):
        failing = Breaking(kw_args={"limit": np.abs(stored).max() * 0.9})
        with pytest.raises(RuntimeError, match=r"\d of 10 regions failed.*OSError: no more"):
            denoise_it(failing)
        done = len(manifest()) - 1
        assert 0 < done < 10
        failing.kw_args["limit"] = np.inf
        np.testing.assert_array_equal(denoise_it(failing)[:], expected)

    def test_repairs_what_was_damaged(self, stored, expected):
        denoise_it()
        zarr.open("out.zarr", mode="r+")[150:160] = 0
        lines = manifest()
        # As if killed while a line was written.
        Path("out.zarr.manifest").write_text("".join([*lines[:4], lines[4][:40]]))
        np.testing.assert_array_equal(denoise_it()[:], expected)
        assert len(manifest()) == 12  # and the torn line

    @pytest.mark.parametrize("layout", [{"chunks": 101}, {"chunks": (25,), "shards": (100,)}])
    def test_repairs_what_cannot_be_read(self, stored, layout):
        zarr.create_array("one.zarr", data=stored[:, 0], **layout)
        denoise_store("one.zarr", "out.zarr", SMOOTHER, region=1, **WINDOW)
        for chunk in (0, 4):
            os.truncate(f"out.zarr/c/{chunk}", 20)
        denoised = denoise_store("one.zarr", "out.zarr", SMOOTHER, region=1, **WINDOW)
        expected = denoise_recording(SMOOTHER, stored[:, 0], **WINDOW)
        np.testing.assert_array_equal(denoised[:], expected)

    def test_denoises_what_has_changed_since(self, stored, expected):
        denoise_it()
        zarr.open_array("in.zarr", mode="r+")[500:510] = 9
        stored[500:510] = 9
        changed = denoise_recording(SMOOTHER, stored, channelwise=True, **WINDOW)
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
        (chunk,) = (path for path in files_in("gappy.zarr") if path.parts[-2:] == ("7", "2"))
        content = chunk.read_bytes()
        chunk.write_bytes(b"damaged")
        with pytest.raises(RuntimeError, match=r"4 of 4 regions failed"):
            denoise_store("gappy.zarr", "out.zarr", region=20_000)
        chunk.write_bytes(content)
        assert_denoised(denoise_store("gappy.zarr", "out.zarr", region=20_000), gappy)

    def test_leaves_what_is_done(self, stored):
        denoise_it()
        files = {path: path.stat().st_mtime_ns for path in files_in("out.zarr")}
        denoise_it()
        assert files == {path: path.stat().st_mtime_ns for path in files_in("out.zarr")}

    def test_of_other_work(self, stored):
        denoise_it()
        with pytest.raises(ValueError, match="overlap was 0.5 and is 0[.,]"):
            denoise_it(overlap=0)
        with pytest.raises(ValueError, match="the denoiser is another one"):
            denoise_it(FunctionTransformer(np.tanh))

    def test_numbers_of_either_type_are_the_same_work(self, stored):
        for strength in (1, 1.0, np.float64(1)):
            denoise_store("in.zarr", "out.zarr", strength=strength)


class TestErrors:
    def test_what_exists_is_not_overwritten(self, stored):
        zarr.create_array("out.zarr", data=stored)
        with pytest.raises(ValueError, match="exists, and no manifest"):
            denoise_it()
        with pytest.raises(ValueError, match="is the source itself"):
            denoise_store("in.zarr", "./in.zarr")
        for target in ("new.zarr::ecg", "in.zarr/new.zarr"):
            with pytest.raises(ValueError, match="a folder for itself"):
                denoise_store("in.zarr", target)

    def test_targets(self, stored, expected):
        for target in ("missing/out.zarr", "", "."):
            with pytest.raises(FileNotFoundError, match="Cannot write .* no such folder"):
                denoise_store("in.zarr", target)
        denoise_it()
        zarr.create_array("out.zarr", data=stored[:9], overwrite=True)
        with pytest.raises(ValueError, match="not what the manifest beside it tells of"):
            denoise_it()

    def test_of_arguments(self, stored):
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

    def test_of_a_scheduler_that_is_not_there(self, stored):
        with pytest.raises(ValueError, match="missing port"):
            denoise_store("in.zarr", "new.zarr", scheduler="nowhere")
        assert "scheduler" not in dask.config.config

    def test_names_of_arrays(self, stored):
        group = zarr.open_group("group.zarr")
        for name in ("ecg", "eeg"):
            group.create_array(name, data=stored[:, 0])
        with pytest.raises(ValueError, match=r"'ecg', 'eeg'.*two colons.*group.zarr::ecg"):
            denoise_store("group.zarr", "new.zarr")
        with pytest.raises(ValueError, match="no 'emg', but the arrays"):
            denoise_store("group.zarr::emg", "new.zarr")
        with pytest.raises(ValueError, match="is one array"):
            denoise_store("in.zarr::ecg", "new.zarr")
        with pytest.raises(FileNotFoundError, match="'none.zarr' is no zarr store"):
            denoise_store("none.zarr", "new.zarr")
        denoised = denoise_store("group.zarr::eeg", "new.zarr")
        np.testing.assert_array_equal(denoised[:], denoise(stored[:, 0]))
        assert list(zarr.open("new.zarr").array_keys()) == ["eeg"]

    def test_of_times_with_holes(self, stored):
        data = xr.Dataset({"ecg": ("time", stored[:, 0])}, coords={"time": np.arange(1003.0)})
        data.isel(time=[*range(400), *range(500, 1003)]).to_zarr("x.zarr", consolidated=False)
        with pytest.warns(DenoisingWarning, match="'time' has holes"):
            denoise_store("x.zarr", "out.zarr")

    def test_of_what_is_no_recording_as_it_stands(self, stored):
        array = zarr.create_array("wide.zarr", data=stored.T)
        with pytest.raises(ValueError, match=r"1003 channels of 2 sample.*_ARRAY_DIMENSIONS"):
            denoise_store("wide.zarr", "new.zarr")
        array.attrs["_ARRAY_DIMENSIONS"] = ["channel", "time"]
        denoised = denoise_store("wide.zarr", "new.zarr", noise_std=1)
        np.testing.assert_array_equal(denoised[:], denoise(stored.T, noise_std=1))
        data = xr.Dataset({"ecg": ("time", stored[:, 0])})
        for zarr_format in (2, 3):
            encoding = {"ecg": {"dtype": "i2", "_FillValue": -9}}
            name = f"packed{zarr_format}.zarr"
            data.to_zarr(name, zarr_format=zarr_format, encoding=encoding, consolidated=False)
            with pytest.raises(ValueError, match="missing samples are .*-9"):
                denoise_store(name, "other.zarr")


class TestCommand:
    def test_stores(self, stored, onnx_file, capsys):
        options = ["denoise", "in.zarr", "--output", "out.zarr", "--model", str(onnx_file)]
        assert main([*options, "--channelwise"]) == 0
        assert "out.zarr: 1,003 samples denoised" in capsys.readouterr().out
        expected = denoise_recording(OnnxDenoiser(onnx_file), stored, channelwise=True)
        np.testing.assert_array_equal(zarr.open("out.zarr", mode="r")[:], expected)

    def test_interrupted(self, stored, onnx_file, capsys, monkeypatch):
        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("conv_denoiser.distributed.stores.Manifest.add", interrupt)
        options = ["denoise", "in.zarr", "--output", "out.zarr", "--model", str(onnx_file)]
        assert main([*options, "--channelwise"]) == 130
        assert "interrupted: what is done stays done" in capsys.readouterr().err

    def test_errors(self, stored, onnx_file, capsys):
        np.save("x.npy", stored)
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
