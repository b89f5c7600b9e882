"""Parquet, Feather and Arrow files: other columns, types and metadata stay as they were."""

import datetime
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from conv_denoiser import read_recording, write_recording
from conv_denoiser.readers import Recording
from conv_denoiser.readers.recording import ChannelError

pytestmark = pytest.mark.usefixtures("in_a_folder")

RNG = np.random.default_rng(0)
START = datetime.datetime(2024, 2, 29, 23, 30)
ECG = RNG.normal(size=60)
COUNTS = RNG.integers(-120, 120, 60)


def load(name):
    return parquet.read_table(name) if name.endswith(".parquet") else feather.read_table(name)


@pytest.fixture(params=["a.parquet", "a.feather", "a.arrow"])
def table(request):
    """Name of a file of two signals, times, texts and metadata."""
    times = [START + datetime.timedelta(seconds=n / 250) for n in range(60)]
    columns = {
        "when": pa.array(times),
        "ecg": pa.array([*ECG[:-1], None]),
        "note": ["x"] * 60,
        "counts": pa.array(COUNTS, pa.int8()),
    }
    made = pa.table(columns, metadata={"device": "X1"})
    if request.param.endswith(".parquet"):
        parquet.write_table(made, request.param, row_group_size=25, compression="zstd")
    else:
        feather.write_feather(made, request.param)
    return request.param


def test_what_is_known(table):
    recording = read_recording(table)
    np.testing.assert_array_equal(recording.samples[:-1], np.stack([ECG, COUNTS], axis=1)[:-1])
    assert np.isnan(recording.samples[-1, 0])
    assert (recording.channel_names, recording.places) == (("ecg", "counts"), (1, 3))
    assert (recording.sampling_rate, recording.start_time) == (250, START)
    np.testing.assert_array_equal(read_recording(table, "4").samples, COUNTS)
    for name, message in (("note", "does not hold numbers"), ("x", "does not have the channel")):
        with pytest.raises(ChannelError, match=message):
            read_recording(table, name)


def test_all_else_is_kept(table):
    before = read_recording(table)
    write_recording(f"same_{table}", before)
    old, same = load(table), load(f"same_{table}")
    assert same.schema.equals(old.schema, check_metadata=True)
    samples = 2 * before.samples
    n_clipped = np.count_nonzero((samples[:, 1] > 127) | (samples[:, 1] < -128))
    with pytest.warns(UserWarning, match=rf"{n_clipped} denoised sample\(s\) were clipped"):
        write_recording(f"new_{table}", replace(before, samples=samples))
    new = load(f"new_{table}")
    assert new.schema.equals(old.schema, check_metadata=True)
    for name in ("when", "note"):
        assert new[name].equals(old[name])
    np.testing.assert_array_equal(new["counts"], (2 * COUNTS).clip(-128, 127))
    if table.endswith(".parquet"):
        file = parquet.ParquetFile(f"new_{table}").metadata
        assert (file.num_row_groups, file.row_group(0).column(0).compression) == (3, "ZSTD")
    with pytest.raises(ValueError, match=r"holds 60 rows. Got \(9,\)"):
        write_recording(table, replace(read_recording(table, "ecg"), samples=np.zeros(9)))


def test_missing_samples_of_integers_are_null(table):
    recording = read_recording(table, "counts")
    write_recording(table, replace(recording, samples=np.where(COUNTS > 0, np.nan, COUNTS)))
    assert load(table)["counts"].null_count == np.count_nonzero(COUNTS > 0)


@pytest.mark.parametrize("suffix", ["parquet", "feather", "arrow"])
def test_from_another_format(suffix):
    samples = RNG.normal(size=(40, 2))
    write_recording(f"b.{suffix}", Recording(samples, channel_names=("II", "V1")))
    again = read_recording(f"b.{suffix}")
    np.testing.assert_array_equal(again.samples, samples)
    assert again.channel_names == ("II", "V1")
    write_recording(f"b.{suffix}", Recording(samples))
    assert read_recording(f"b.{suffix}").channel_names == ("signal_1", "signal_2")


def test_tables_of_pandas():
    index = pd.date_range(START, periods=60, freq="10ms")
    frame = pd.DataFrame({"ecg": ECG, "n": range(60)}, index=index)
    frame.to_parquet("a.parquet")
    with pytest.warns(UserWarning, match="'n' rises"):
        recording = read_recording("a.parquet")
    assert (recording.sampling_rate, recording.channel_names) == (100, ("ecg",))
    assert recording.start_time == START
    write_recording("a.parquet", replace(recording, samples=2 * ECG))
    pd.testing.assert_frame_equal(
        pd.read_parquet("a.parquet"), frame.assign(ecg=2 * ECG), check_freq=False
    )
    seconds = pd.DataFrame({"time": np.arange(60) / 50, "ecg": ECG})
    seconds.to_feather("a.feather")
    assert read_recording("a.feather", "ecg").sampling_rate == 50


@pytest.mark.parametrize("name", ["bad.parquet", "bad.feather"])
def test_what_is_no_such_file(name):
    with pytest.raises(FileNotFoundError):
        read_recording(name)
    for content in (b"", b"PAR1", bytes(100)):
        with open(name, "wb") as file:
            file.write(content)
        with pytest.raises(ValueError, match=f"pyarrow cannot read '{name}'"):
            read_recording(name)
    text = pa.table({"note": ["x"]})
    parquet.write_table(text, name) if name == "bad.parquet" else feather.write_feather(text, name)
    with pytest.raises(ChannelError, match="no column of numbers"):
        read_recording(name)
