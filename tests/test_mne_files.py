"""FIF and BrainVision files: written by MNE, read and written here, and read by MNE again."""

import datetime
from dataclasses import replace
from pathlib import Path

import mne
import numpy as np
import pybv
import pytest
from command import fails, run

from conv_denoiser import read_recording, write_recording

pytestmark = pytest.mark.usefixtures("in_a_folder")

SAMPLES = np.random.default_rng(0).normal(size=(3, 1000)) * 1e-5
SAMPLES[2] = np.arange(1000) % 100 == 0
BAD = slice(100, 150)


@pytest.fixture
def fif(in_a_folder):
    """Name of a file of two channels and triggers, of which half a second is marked as bad."""
    info = mne.create_info(["Fz", "Cz", "trigger"], 100.0, ["eeg", "eeg", "stim"])
    raw = mne.io.RawArray(SAMPLES, info, first_samp=7, verbose="error")
    raw.set_meas_date(datetime.datetime(2024, 2, 29, 23, 30, tzinfo=datetime.UTC))
    raw.info["bads"] = ["Cz"]
    raw.set_annotations(mne.Annotations([1.0, 3.0], [0.5, 0.2], ["bad cough", "\x1b[2Jeyes"]))
    raw.save("a_raw.fif", verbose="error")
    return "a_raw.fif"


def by_mne(name):
    return mne.io.read_raw(name, preload=True, verbose="error")


class TestFif:
    def test_what_is_known(self, fif):
        with pytest.warns(UserWarning, match=r"1 span\(s\) of 0.5 s are marked as bad"):
            recording = read_recording(fif)
        assert recording.channel_names == ("Fz", "Cz")  # triggers are no signals
        assert recording.units == ("V", "V")
        assert recording.sampling_rate == 100
        assert recording.start_time == datetime.datetime(2024, 2, 29, 23, 30)
        samples = recording.samples[:]
        assert np.isnan(samples[BAD]).all()
        assert np.isnan(samples).sum() == 2 * 50
        np.testing.assert_array_equal(recording.samples[200:300:2, 1], samples[200:300:2, 1])
        with pytest.warns(UserWarning, match="marked as bad"):
            assert np.nansum(read_recording(fif, "trigger").samples[:]) == 9  # one is bad

    @pytest.mark.filterwarnings("ignore:.*marked as bad")
    def test_all_else_is_kept(self, fif, capsys):
        options = ["--channels", "Cz", "--quiet", "--output", "b_raw.fif"]
        assert run(capsys, "denoise", fif, *options)[0] == 0
        old, new = by_mne(fif), by_mne("b_raw.fif")
        np.testing.assert_array_equal(new.get_data()[[0, 2]], old.get_data()[[0, 2]])
        changed = new.get_data()[1] != old.get_data()[1]
        assert not changed[BAD].any()
        assert changed.mean() > 0.9
        assert new.annotations == old.annotations
        assert new.first_samp == old.first_samp
        assert new.orig_format == old.orig_format
        ours = {key: value for key, value in old.info.items() if key not in ("file_id", "meas_id")}
        theirs = {key: new.info[key] for key in ours}
        assert mne.utils.object_diff(theirs, ours) == ""
        assert sorted(path.name for path in Path().iterdir()) == [fif, "b_raw.fif"]

    def test_what_is_no_such_file(self, fif, capsys):
        np.save("a.npy", SAMPLES[0])
        fails(capsys, "can only be written from another one", "convert", "a.npy", "b.fif")
        Path("c.fif").write_bytes(Path(fif).read_bytes()[:300])
        fails(capsys, "MNE cannot read 'c.fif'", "convert", "c.fif", "b.npy")


class TestBrainVision:
    @pytest.fixture(params=["binary_int16", "binary_float32"])
    def vhdr(self, request, in_a_folder):
        events = [{"onset": 30, "duration": 1, "description": 7, "type": "Stimulus"}]
        pybv.write_brainvision(
            data=SAMPLES[:2], sfreq=100, ch_names=["Fz", "Cz"], fname_base="a",
            folder_out=".", events=events, unit="µV", fmt=request.param, resolution=0.01,
        )  # fmt: skip
        return "a.vhdr"

    @pytest.mark.parametrize("orientation", ["MULTIPLEXED", "VECTORIZED"])
    def test_all_else_is_kept(self, vhdr, orientation):
        if orientation == "VECTORIZED":
            header = Path(vhdr)
            header.write_text(header.read_text().replace("MULTIPLEXED\n", "VECTORIZED\n"))
        recording = read_recording(vhdr)
        assert (recording.channel_names, recording.units) == (("Fz", "Cz"), ("V", "V"))
        write_recording("b.vhdr", recording)
        assert Path("b.eeg").read_bytes() == Path("a.eeg").read_bytes()
        for name in ("vhdr", "vmrk"):
            renamed = Path(f"a.{name}").read_bytes().replace(b"=a.", b"=b.")
            assert Path(f"b.{name}").read_bytes() == renamed
        one = read_recording(vhdr, "Cz")
        write_recording("b.vhdr", replace(one, samples=one.samples[:] / 2))
        old, new = by_mne(vhdr), by_mne("b.vhdr")
        np.testing.assert_array_equal(new.get_data("Fz"), old.get_data("Fz"))
        np.testing.assert_allclose(new.get_data("Cz"), old.get_data("Cz") / 2, atol=1e-8)
        assert new.annotations == old.annotations

    def test_files_of_others_are_left_alone(self, vhdr):
        Path("b.eeg").write_text("of another recording")
        with pytest.raises(FileExistsError, match=r"'b\.eeg' belongs to another recording"):
            write_recording("b.vhdr", read_recording(vhdr))
        assert not Path("b.vhdr").exists()

    @pytest.mark.parametrize("file", ["../secret.eeg", "/etc/passwd", "x\\y.eeg"])
    def test_files_elsewhere_are_not_read(self, vhdr, file):
        header = Path(vhdr)
        header.write_text(header.read_text().replace("DataFile=a.eeg", f"DataFile={file}"))
        with pytest.raises(ValueError, match="in other folders"):
            read_recording(vhdr)

    @pytest.mark.parametrize("vhdr", ["binary_int16"], indirect=True)
    def test_what_does_not_fit_is_counted(self, vhdr):
        recording = read_recording(vhdr)
        with pytest.warns(UserWarning, match=r"2000 denoised sample\(s\) were clipped"):
            write_recording("b.vhdr", replace(recording, samples=np.ones((1000, 2))))
