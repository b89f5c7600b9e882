"""MiniSEED files: those that ObsPy ships for its tests, and ours, as ObsPy reads them."""

import datetime
import importlib.util
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command import fails, run

from conv_denoiser import Recording, read_recording, write_recording

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of importlib, to ObsPy
    import obspy

pytestmark = pytest.mark.usefixtures("in_a_folder")

DATA = Path(importlib.util.find_spec("obspy").origin).parent / "io/mseed/tests/data"
START = datetime.datetime(2024, 2, 29, 23, 30)


def by_obspy(name):
    return obspy.read(name, format="MSEED")


@pytest.mark.parametrize(
    ("name", "all_bytes"),
    [
        ("dataquality-m.mseed", True),
        ("gaps.mseed", False),
        ("CH.BALST..LH_two_channels", False),
        ("encoding/int16_INT16_bigEndian.mseed", True),
        ("encoding/int32_Steim1_littleEndian.mseed", True),
        ("encoding/float32_Float32_littleEndian.mseed", True),
    ],
)
def test_identity(name, all_bytes):
    if not (DATA / name).exists():
        pytest.skip("this ObsPy does not have the file")
    shutil.copy(DATA / name, "a.mseed")
    recording = read_recording("a.mseed")
    old = by_obspy("a.mseed")
    assert recording.start_time == min(trace.stats.starttime for trace in old).datetime
    write_recording("b.mseed", recording)
    new = by_obspy("b.mseed")
    assert len(new) == len(old)
    for before, after in zip(old, new, strict=True):
        np.testing.assert_array_equal(after.data, before.data)
        assert after.id == before.id
        assert after.stats.starttime == before.stats.starttime
        for key in ("encoding", "byteorder", "record_length", "dataquality"):
            assert after.stats.mseed[key] == before.stats.mseed[key]
    if all_bytes:
        assert Path("b.mseed").read_bytes() == Path("a.mseed").read_bytes()


class TestGaps:
    @pytest.fixture
    def trace(self, in_a_folder):
        """Write a channel that pauses, and another that begins later."""
        header = {"network": "NL", "station": "HGN", "sampling_rate": 50}
        wave = (100 * np.sin(np.arange(600) / 9)).astype(np.int32)
        start = obspy.UTCDateTime(START)
        parts = [(0, wave[:200], "BHZ"), (300, wave[300:], "BHZ"), (20, wave[20:500], "BHN")]
        traces = [
            obspy.Trace(part, {**header, "channel": name, "starttime": start + begin / 50})
            for begin, part, name in parts
        ]
        obspy.Stream(traces).write("a.mseed", format="MSEED")
        return wave

    def test_they_are_missing_samples_and_stay(self, trace, capsys):
        recording = read_recording("a.mseed")
        assert recording.channel_names == ("NL.HGN..BHZ", "NL.HGN..BHN")
        samples = recording.samples
        assert samples.shape == (600, 2)
        missing = np.isnan(samples)
        assert missing[200:300, 0].all()
        assert missing[:20, 1].all()
        assert missing[500:, 1].all()
        assert missing.sum() == 120 + 100
        options = ["--channels", "NL.HGN..BHZ", "--quiet", "--output", "b.mseed"]
        assert run(capsys, "denoise", "a.mseed", *options) == (0, "", "")
        for before, after in zip(by_obspy("a.mseed"), by_obspy("b.mseed"), strict=True):
            assert (after.id, after.stats.npts) == (before.id, before.stats.npts)
            assert after.stats.starttime == before.stats.starttime
            assert np.array_equal(after.data, before.data) == (before.stats.channel == "BHN")

    def test_years_between_are_refused(self, trace, capsys):
        stream = by_obspy("a.mseed")
        stream[0].stats.starttime -= 1e9
        stream.write("c.mseed", format="MSEED")
        fails(capsys, "traces that are too far apart", "convert", "c.mseed", "b.npy")


class TestNew:
    @pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
    def test_from_other_formats(self, dtype):
        samples = np.arange(60).reshape(30, 2).astype(dtype)
        recording = Recording(samples, 50.0, ("NL.HGN.00.BHZ", "Cz"), start_time=START)
        write_recording("a.mseed", recording)
        stream = by_obspy("a.mseed")
        assert [trace.id for trace in stream] == ["NL.HGN.00.BHZ", "...Cz"]
        np.testing.assert_array_equal(np.stack([trace.data for trace in stream], 1), samples)
        again = read_recording("a.mseed")
        assert (again.channel_names, again.start_time) == (recording.channel_names, START)

    def test_names_that_do_not_fit(self):
        with pytest.warns(UserWarning, match="its channels are numbered"):
            write_recording("a.mseed", Recording(np.zeros((9, 2)), 50.0, ("EEG Fpz-Cz", "a")))
        assert read_recording("a.mseed").channel_names == ("1", "2")

    def test_a_rate_is_needed(self, capsys):
        np.save("a.npy", np.zeros(9))
        fails(capsys, "needs a sampling rate", "convert", "a.npy", "a.mseed")


def test_what_does_not_fit_is_counted():
    shutil.copy(DATA / "encoding/int16_INT16_bigEndian.mseed", "a.mseed")
    recording = read_recording("a.mseed")
    with pytest.warns(UserWarning, match=r"50 denoised sample\(s\) were clipped"):
        write_recording("b.mseed", replace(recording, samples=np.full(50, 1e6)))
