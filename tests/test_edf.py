"""EDF and BDF files: what was not denoised stays as it is, byte by byte."""

import datetime
import os
from dataclasses import replace
from pathlib import Path

import edfio
import numpy as np
import pytest
from command import denoise, fails, run

from conv_denoiser import denoise_recording, read_recording, write_recording
from conv_denoiser.export import OnnxDenoiser
from conv_denoiser.readers.formats import FORMATS
from conv_denoiser.readers.recording import ChannelError, Recording

KINDS = {
    ".edf": (edfio.Edf, edfio.EdfSignal, edfio.read_edf, np.int16),
    ".bdf": (edfio.Bdf, edfio.BdfSignal, edfio.read_bdf, np.int32),
}


@pytest.fixture(params=KINDS)
def night(request, tmp_path, monkeypatch):
    """File of two channels of 360 Hz and one of 30 Hz, with annotations; and how to read it."""
    monkeypatch.chdir(tmp_path)
    make_file, make_signal, read, integer = KINDS[request.param]
    rng = np.random.default_rng(0)
    signals = [
        make_signal(rng.normal(size=3600) * 50, 360, label="ECG", physical_dimension="uV"),
        make_signal(rng.normal(size=300), 30, label="RESP", physical_dimension="V"),
        # Its polarity is inverted, and its integers do not use all bits.
        make_signal.from_digital(
            rng.integers(-800, 800, 3600, integer), 360, label="II", physical_dimension="mV",
            physical_range=(5, -5), digital_range=(-2048, 2047),
        ),
    ]  # fmt: skip
    annotations = [edfio.EdfAnnotation(3, 1, "arousal"), edfio.EdfAnnotation(7.5, None, "light")]
    start = {"starttime": datetime.time(23, 30)}
    start["recording"] = edfio.Recording(startdate=datetime.date(2024, 2, 29))
    make_file(signals, annotations=annotations, **start).write(f"night{request.param}")
    return Path(f"night{request.param}"), read


def test_what_is_known(night):
    path, read = night
    recording = read_recording(path, "II")
    expected = read(path).get_signal("II").data
    np.testing.assert_array_equal(np.asarray(recording.samples), expected)
    np.testing.assert_array_equal(recording.samples[777:2222], expected[777:2222])
    assert (recording.sampling_rate, recording.channel_names) == (360, ("II",))
    assert (recording.units, recording.places) == (("mV",), (2,))
    assert recording.start_time == datetime.datetime(2024, 2, 29, 23, 30)
    assert read_recording(path, "2").sampling_rate == 30


def test_info(night, capsys):
    path, read = night
    file = read(path)
    file.drop_signals(["RESP"])
    file.write(path)
    code, out, err = run(capsys, "info", path)
    assert (code, err) == (0, "")
    facts = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert (facts["n_timesteps"], facts["n_channels"]) == ("3600", "2")
    assert (facts["channel_names"], facts["units"]) == ("ECG, II", "uV, mV")
    assert facts["start_time"] == "2024-02-29 23:30:00"


def test_identity_changes_no_byte(night):
    path, _ = night
    recording = read_recording(path, "II")
    out = FORMATS[path.suffix].map(Path("copy"), recording)
    for begin in range(0, 3600, 777):
        out[begin : begin + 777] = recording.samples[begin : begin + 777]
    out.flush()
    assert Path("copy").read_bytes() == path.read_bytes()


def test_in_python(night):
    path, read = night
    recording = read_recording(path, "II")
    expected = 0.5 * recording.samples[:]
    write_recording(path, replace(recording, samples=expected))
    np.testing.assert_allclose(read(path).get_signal("II").data, expected, atol=0.002)
    with pytest.raises(ValueError, match=r"holds samples of shape \(3600,\). Got \(9,\)"):
        write_recording(path, replace(recording, samples=np.zeros(9)))
    assert os.listdir() == [path.name]


def test_command(night, onnx_file, capsys):
    path, read = night
    denoise(capsys, onnx_file, path, f"clean{path.suffix}", "--column", "ECG", "--plot", "c.png")
    before, after = read(path), read(f"clean{path.suffix}")
    expected = denoise_recording(OnnxDenoiser(onnx_file), before.get_signal("ECG").data)
    step = np.ptp(before.get_signal("ECG").data) / np.ptp(before.get_signal("ECG").digital_range)
    np.testing.assert_allclose(after.get_signal("ECG").data, expected, atol=0.501 * step)
    for label in ("II", "RESP"):
        np.testing.assert_array_equal(
            after.get_signal(label).digital, before.get_signal(label).digital
        )
    assert after.annotations == before.annotations
    assert after.startdatetime == before.startdatetime
    assert Path("c.png").exists()
    code, _, _ = run(capsys, "denoise", path, "--column", "1", "--output", f"own{path.suffix}")
    assert code == 0


def test_clipped_samples_are_counted(night):
    path, read = night
    out = FORMATS[path.suffix].map(Path(f"c{path.suffix}"), read_recording(path, "II"))
    out[10:13] = np.array([7.0, 4.0, -9.0])
    with pytest.warns(UserWarning, match=r"2 denoised sample\(s\) were clipped"):
        out.flush()
    written = read(f"c{path.suffix}").get_signal("II").data[10:13]
    np.testing.assert_allclose(written, [5, 4, -5], atol=0.002)


def test_channels_together(night):
    path, read = night
    file = read(path)
    file.drop_signals(["RESP"])
    file.write(f"two{path.suffix}")
    recording = read_recording(f"two{path.suffix}")
    expected = np.stack([signal.data for signal in file.signals], axis=1)
    assert recording.samples.shape == (3600, 2)
    np.testing.assert_array_equal(recording.samples[100:3000], expected[100:3000])
    np.testing.assert_array_equal(recording.samples[:, 1], expected[:, 1])
    out = FORMATS[path.suffix].map(Path(f"copy{path.suffix}"), recording)
    out[1000:2000] = 0.5 * expected[1000:2000]
    halved = np.stack([signal.data for signal in read(f"copy{path.suffix}").signals], axis=1)
    expected[1000:2000] *= 0.5
    np.testing.assert_allclose(halved, expected, atol=0.003)


def test_errors(night, onnx_file, capsys):
    path, _ = night
    command = ["denoise", path, "--model", onnx_file, "--output", f"clean{path.suffix}"]
    fails(capsys, "several sampling rates: ECG 360 Hz, RESP 30 Hz, II 360 Hz", *command)
    fails(capsys, "does not have the channel 'EEG'. It has 3", *command, "--column", "EEG")
    np.save("noisy.npy", np.zeros(500))
    command[1] = "noisy.npy"
    fails(capsys, "can only be written from another one", *command)
    Path(f"bad{path.suffix}").write_bytes(path.read_bytes()[:700])
    with pytest.raises(ValueError, match="edfio cannot read"):
        read_recording(f"bad{path.suffix}")
    head = path.read_bytes()
    Path(f"bad{path.suffix}").write_bytes(head[:244] + b"-1      " + head[252:])
    with pytest.raises(ValueError, match="the range or the sampling rate of 'ECG' is not valid"):
        read_recording(f"bad{path.suffix}")
    with pytest.raises(FileNotFoundError):
        read_recording(f"no{path.suffix}")
    with pytest.raises(ChannelError):
        read_recording(path)
    with pytest.raises(ValueError, match="can only be written"):
        FORMATS[path.suffix].map(Path("new"), Recording(np.zeros(9), 9))
