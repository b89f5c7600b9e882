"""xarray's objects: denoised, and otherwise as they were."""

import numpy as np
import pytest
import xarray as xr
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import (
    denoise,
    denoise_recording,
)

SMOOTHER = FunctionTransformer(lambda X: (X + np.roll(X, 1, axis=1)) / 2)


class Uncertain:
    """Denoiser that says how uncertain it is."""

    def predict(self, X, return_std=False):
        return X - X.mean(axis=1, keepdims=True), np.abs(X)


pytestmark = pytest.mark.usefixtures("in_this_thread")


class TestXarray:
    @pytest.fixture
    def ecg(self, recording):
        return xr.DataArray(
            np.stack([recording, recording[::-1]]),
            dims=("lead", "time"),
            coords={"time": np.arange(1003) / 360, "lead": ["I", "II"]},
            attrs={"units": "mV"},
            name="ecg",
        )

    def test_keeps_all_but_the_samples(self, ecg):
        expected = ecg.copy(data=denoise_recording(SMOOTHER, ecg.values.T, window=50).T)
        result = denoise_recording(SMOOTHER, ecg, window=50)
        xr.testing.assert_identical(result, expected)
        assert result.dims == ecg.dims
        lazy = denoise_recording(SMOOTHER, ecg.chunk(time=100), window=50)
        assert lazy.chunks == ecg.chunk(time=100).chunks
        xr.testing.assert_identical(lazy.compute(), expected)

    def test_data_set(self, ecg):
        data = xr.Dataset({"ecg": ecg, "age": 30, "note": ("time", ["a"] * 1003)})
        result = denoise_recording(SMOOTHER, data, window=50)
        single = denoise_recording(SMOOTHER, ecg, window=50)
        xr.testing.assert_identical(result, data.assign(ecg=single))

    def test_standard_deviations(self, ecg):
        array, std = denoise_recording(Uncertain(), ecg, window=50, return_std=True)
        assert array.dims == std.dims == ecg.dims
        assert (std >= 0).all()

    def test_name_of_time(self, ecg):
        renamed = ecg.rename(time="t")
        with pytest.raises(ValueError, match="no dimension 'time' among"):
            denoise_recording(SMOOTHER, renamed, window=50)
        result = denoise_recording(SMOOTHER, renamed, window=50, time_dim="t")
        assert result.rename(t="time").equals(denoise_recording(SMOOTHER, ecg, window=50))

    def test_of_times_that_do_not_rise(self, ecg):
        unsorted = ecg.isel(time=[1, 0, *range(2, 1003)])
        unknown = ecg.assign_coords(time=[*range(1002), np.nan])
        for array, complaint in ((unsorted, "must rise"), (unknown, "missing")):
            for either in (array, array.chunk(time=100)):
                with pytest.raises(ValueError, match=complaint):
                    denoise_recording(SMOOTHER, either, window=50)

    def test_trees(self, ecg):
        tree = xr.DataTree.from_dict({"/": xr.Dataset({"ecg": ecg}), "/b": xr.Dataset()})
        with pytest.raises(ValueError, match="tree of data sets"):
            denoise(tree)

    def test_universal_model(self, ecg):
        expected = ecg.copy(data=denoise(ecg.values))
        xr.testing.assert_identical(denoise(ecg), expected)
        xr.testing.assert_identical(denoise(ecg.rename(time="t")), expected.rename(time="t"))
        xr.testing.assert_identical(denoise(ecg.chunk(time=300)).compute(), expected)
