"""What is not an array comes back as what it was, with all that it knew."""

import datetime
import subprocess
import sys
import warnings

import mne
import numpy as np
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import denoise, denoise_recording

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of importlib, to ObsPy
    import obspy

RNG = np.random.default_rng(0)
WAVES = np.sin(np.arange(300) / np.array([[9], [14], [20]])) + 0.2 * RNG.normal(size=(3, 300))
EXPECTED = denoise(WAVES)
START = datetime.datetime(2024, 2, 29, 23, 30)
HALVES = FunctionTransformer(lambda X: X / 2)  # a denoiser that is quick


def halved(recording, **options):
    return denoise_recording(HALVES, recording, window=50, **options)


class TestPandas:
    def test_rows_are_signals(self):
        frame = pd.DataFrame(WAVES, index=list("abc")).rename(columns=str)
        frame.attrs["device"] = "X1"
        result = denoise(frame)
        pd.testing.assert_frame_equal(result, pd.DataFrame(EXPECTED, frame.index, frame.columns))
        assert result.attrs == frame.attrs
        denoised, std = denoise(frame, return_std=True)
        assert (type(denoised), type(std)) == (pd.DataFrame, pd.DataFrame)

    @pytest.mark.parametrize("make", [pd.date_range, pd.timedelta_range])
    def test_columns_over_time_are_signals(self, make):
        start = START if make is pd.date_range else pd.Timedelta(0)
        index = make(start, periods=300, freq="10ms")
        frame = pd.DataFrame(WAVES.T, index=index, columns=["I", "II", "III"])
        pd.testing.assert_frame_equal(
            denoise(frame), pd.DataFrame(EXPECTED.T, index, frame.columns)
        )
        pd.testing.assert_frame_equal(halved(frame), frame / 2)

    def test_series(self):
        series = pd.Series(WAVES[0], index=pd.RangeIndex(5, 305), name="II")
        pd.testing.assert_series_equal(
            denoise(series), pd.Series(EXPECTED[0], series.index, name="II")
        )
        pd.testing.assert_series_equal(halved(series), series / 2)
        assert isinstance(halved(series, out=np.empty(300)), np.ndarray)

    def test_missing_whole_numbers(self):
        series = pd.Series([*range(299), None], dtype="Int64")
        assert denoise(series, noise_std=1e-9)[10] == pytest.approx(10)

    def test_one_signal_a_cell_gives_an_array(self):
        np.testing.assert_array_equal(denoise(pd.Series(list(WAVES))), EXPECTED)


def test_polars():
    frame = pl.DataFrame(WAVES.T, schema=["I", "II", "III"])
    assert_frame_equal(halved(frame), frame / 2)
    assert_series_equal(denoise(pl.Series("II", WAVES[0])), pl.Series("II", EXPECTED[0]))
    rows = pl.DataFrame(WAVES)
    assert_frame_equal(denoise(rows), pl.DataFrame(EXPECTED, schema=rows.columns))


class TestMne:
    @pytest.fixture
    def raw(self):
        info = mne.create_info(["Fz", "Cz", "trigger"], 100.0, ["eeg", "eeg", "stim"])
        raw = mne.io.RawArray(WAVES * 1e-6, info, verbose="error")
        raw.set_annotations(mne.Annotations([1.0], [0.5], ["bad cough"]))
        return raw

    def test_raw(self, raw):
        before = raw.get_data()
        result = denoise(raw)
        bad = slice(100, 150)
        missing = before[:2].copy()
        missing[:, bad] = np.nan
        expected = denoise(missing)
        expected[:, bad] = before[:2, bad]
        np.testing.assert_array_equal(result.get_data()[:2], expected)
        np.testing.assert_array_equal(result.get_data()[2], before[2])
        np.testing.assert_array_equal(raw.get_data(), before)
        assert result.annotations == raw.annotations
        assert result.info["sfreq"] == 100
        channel = halved(raw, channelwise=True).get_data()[0]
        np.testing.assert_allclose(channel[:100], before[0, :100] / 2)

    def test_epochs(self, raw):
        events = np.array([[0, 0, 1], [150, 0, 1]])
        epochs = mne.Epochs(
            raw,
            events,
            tmin=0,
            tmax=0.9,
            baseline=None,
            verbose="error",
            reject_by_annotation=False,
        )
        result = denoise(epochs)
        before = epochs.get_data(copy=True)
        signals = before[:, :2].transpose(0, 2, 1)
        expected = denoise(signals).transpose(0, 2, 1)
        np.testing.assert_array_equal(result.get_data(copy=True)[:, :2], expected)
        np.testing.assert_array_equal(result.get_data(copy=True)[:, 2], before[:, 2])
        np.testing.assert_array_equal(result.events, events)


class TestObspy:
    @pytest.fixture
    def stream(self):
        header = {"sampling_rate": 50, "station": "BFO", "starttime": obspy.UTCDateTime(START)}
        traces = [obspy.Trace(wave, {**header, "channel": name}) for name, wave in
                  zip(("BHZ", "BHN"), WAVES, strict=False)]  # fmt: skip
        return obspy.Stream(traces)

    def test_the_sampling_rate_is_known(self, stream):
        expected = denoise(WAVES[0], model="ecg", sampling_rate=50)
        np.testing.assert_array_equal(denoise(stream, model="ecg")[0].data, expected)
        with pytest.raises(ValueError, match="Stream has 50 samples a second, and sampling_rate"):
            denoise(stream, model="ecg", sampling_rate=360)

    def test_trace(self, stream):
        trace = stream[0].filter("lowpass", freq=20)
        result = denoise(trace)
        np.testing.assert_array_equal(result.data, denoise(trace.data))
        assert result.id == trace.id
        assert result.stats.starttime == trace.stats.starttime
        assert [*trace.stats.processing, "conv_denoiser: denoised"] == result.stats.processing
        assert len(trace.stats.processing) == 1

    def test_stream(self, stream):
        result = halved(stream)
        assert [trace.id for trace in result] == [trace.id for trace in stream]
        np.testing.assert_allclose(result[1].data, WAVES[1] / 2)
        denoised, std = denoise(stream, return_std=True)
        np.testing.assert_array_equal(denoised[1].data, EXPECTED[1])
        assert (std[1].data > 0).all()


def test_no_library_is_imported_for_arrays():
    code = """
import sys, numpy as np
from conv_denoiser import denoise
denoise(np.random.default_rng(0).normal(size=64))
assert not {"pandas", "polars", "mne", "obspy", "xarray"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
