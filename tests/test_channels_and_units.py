"""The command on some channels of a file, in units of its own, and on raw samples."""

import io
import re
import sys
from pathlib import Path

import edfio
import numpy as np
import pytest
import zarr
from command import fails, run

from conv_denoiser import (
    ConvDenoiser,
    Recording,
    denoise_recording,
    read_recording,
    write_recording,
)
from conv_denoiser.export import OnnxDenoiser, to_onnx

pytestmark = [
    pytest.mark.usefixtures("in_a_folder"),
    pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning"),
]

SAMPLES = np.random.default_rng(0).normal(size=(300, 3)) * 50
NAMES = ("ECG", "RESP", "II")


def write(name):
    if name.endswith(".edf"):
        pairs = zip(SAMPLES.T, NAMES, strict=True)
        edfio.Edf([edfio.EdfSignal(x, 100, label=label) for x, label in pairs]).write(name)
    else:
        write_recording(name, Recording(SAMPLES, 100.0, NAMES, ("uV",) * 3))


@pytest.mark.parametrize("suffix", ["csv", "edf", "h5", "hea", "mat", "parquet"])
def test_other_channels_stay_as_they_are(capsys, onnx_file, suffix):
    name = f"night.{suffix}"
    write(name)
    before = np.asarray(read_recording(name).samples)
    chosen = read_recording(name, ["3", "ECG"])
    assert (chosen.channel_names, chosen.places) == (("ECG", "II"), (0, 2))
    np.testing.assert_array_equal(chosen.samples, before[:, [0, 2]])
    options = ["--model", onnx_file, "--sampling-rate", 360, "--quiet"]
    command = ["denoise", name, *options, "--channels", "II, 1", "--output", f"clean.{suffix}"]
    assert run(capsys, *command) == (0, "", "")
    after = np.asarray(read_recording(f"clean.{suffix}").samples)
    np.testing.assert_array_equal(after[:, 1], before[:, 1])
    model = OnnxDenoiser(onnx_file)
    expected = denoise_recording(model, before[:, [0, 2]], channelwise=True)
    np.testing.assert_allclose(after[:, [0, 2]], expected, rtol=1e-6, atol=0.01)


def test_channels_that_are_not_there(capsys, onnx_file):
    write("a.csv")
    command = ["denoise", "a.csv", "--model", onnx_file, "--output", "b.csv", "--channels"]
    fails(capsys, "does not have the channel 'EEG'", *command, "ECG,EEG")
    fails(capsys, "',' names no channel", *command, ",")
    fails(capsys, "not allowed with", *command, "ECG", "--column", "ECG")
    with pytest.raises(ValueError, match=r"No channel of a\.csv was chosen, out of 3"):
        read_recording("a.csv", [])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "mv.onnx"
    X = SAMPLES.T[:, :64] / 1000
    denoiser = ConvDenoiser(
        filters=(2,), scaler=None, loss="mse", epochs=1, validation_split=0, random_state=0
    )
    to_onnx(denoiser.fit(X, X), path, units="mV")
    return path


class TestUnits:
    """A model that does not scale was fitted in mV."""

    def test_they_are_converted_there_and_back(self, capsys, model):
        write("a.h5")  # in uV
        options = ["--model", model, "--channels", "ECG,II", "--quiet", "--output"]
        assert run(capsys, "denoise", "a.h5", *options, "b.h5") == (0, "", "")
        in_mv = denoise_recording(OnnxDenoiser(model), SAMPLES[:, [0, 2]] / 1000, channelwise=True)
        found = read_recording("b.h5")
        np.testing.assert_allclose(found.samples[:][:, [0, 2]], in_mv * 1000, rtol=1e-4)
        assert found.units == ("uV",) * 3
        # The option wins over what the file tells.
        assert run(capsys, "denoise", "a.h5", "--units", "mV", *options, "c.h5") == (0, "", "")
        as_is = denoise_recording(OnnxDenoiser(model), SAMPLES[:, [0, 2]], channelwise=True)
        np.testing.assert_allclose(read_recording("c.h5").samples[:][:, [0, 2]], as_is, rtol=1e-4)

    def test_others_are_refused(self, capsys, model):
        write("a.h5")
        command = ["denoise", "a.h5", "--model", model, "--column", "1", "--output", "b.h5"]
        message = "a.h5 is in degC, but the model was fitted to samples in mV"
        fails(capsys, message, *command, "--units", "degC")

    def test_models_that_scale_take_any(self, capsys, onnx_file):
        write("a.h5")
        command = ["denoise", "a.h5", "--model", onnx_file, "--column", "1", "--output", "b.h5"]
        assert (
            run(capsys, *command, "--units", "bananas", "--sampling-rate", 360, "--quiet")[0] == 0
        )


def test_convert_says_what_the_units_are(capsys):
    np.save("a.npy", SAMPLES[:, 0])
    assert run(capsys, "convert", "a.npy", "b.h5", "--units", "mV") == (0, "", "")
    assert read_recording("b.h5").units == ("mV",)


class TestRaw:
    def test_pipes(self, capfdbinary, monkeypatch, onnx_file):
        raw = SAMPLES[:, 0].astype("<f4")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw.tobytes())))
        options = ["--model", onnx_file, "--format", "f32", "--output", "-"]
        code, out, err = run(capfdbinary, "denoise", "-", *options)
        assert (code, err) == (0, b"")
        expected = denoise_recording(OnnxDenoiser(onnx_file), raw)
        np.testing.assert_array_equal(np.frombuffer(out, "<f4"), expected)

    def test_files(self, capsys):
        write("a.csv")
        assert run(capsys, "convert", "a.csv", "a.f32", "--column", "II") == (0, "", "")
        np.testing.assert_array_equal(read_recording("a.f32").samples, SAMPLES[:, 2].astype("f4"))
        fails(capsys, "has one channel. a.csv has 3", "convert", "a.csv", "b.f32")
        with open("a.f32", "ab") as file:
            file.write(b"x")
        fails(capsys, "'a.f32' is not a file of raw float32", "convert", "a.f32", "b.npy")


def test_info_of_some_channels(capsys):
    rates = ((100, "ECG"), (10, "RESP"))
    signals = [edfio.EdfSignal(SAMPLES[:rate, 0], rate, label=label) for rate, label in rates]
    edfio.Edf(signals).write("a.edf")
    assert "RESP 10 Hz. Choose with --column or --channels" in run(capsys, "info", "a.edf")[2]
    code, out, _ = run(capsys, "info", "a.edf", "--channels", "RESP")
    assert code == 0
    assert re.search(r"sampling_rate +10\.0\n", out)


def test_a_group_of_a_zarr_store(capsys):
    group = zarr.create_group("a.zarr")
    eeg = group.create_group("eeg")
    data = eeg.create_array("data", data=SAMPLES.T, chunks=(3, 100))  # channels first
    data.attrs["channel_names"] = list(NAMES)
    eeg.attrs["fs"] = 100
    group.create_array("other", data=np.arange(10))
    command = ["convert", "a.zarr::/eeg/data", "b.h5", "--channels", "II,ECG"]
    assert run(capsys, *command) == (0, "", "")
    found = read_recording("b.h5")
    np.testing.assert_array_equal(found.samples[:], SAMPLES[:, [0, 2]])
    assert (found.channel_names, found.sampling_rate) == (("ECG", "II"), 100)
    fails(capsys, "holds 2 datasets of numbers", "convert", "a.zarr", "b.npy")
    fails(capsys, "A zarr store is not written", "convert", "b.h5", "b.zarr")
    Path("c.zarr").mkdir()
    Path("c.zarr/zarr.json").write_text("{}")
    fails(capsys, "c.zarr", "convert", "c.zarr", "b.npy")


def test_noisy_and_clean_files_are_alike(capsys):
    write("a.h5")
    write_recording("b.h5", Recording(SAMPLES, 50.0, NAMES, ("uV",) * 3))
    command = ["fit", "a.h5", "b.h5", "--output", "m.onnx"]
    fails(capsys, "sampling rates are 100.0 and 50.0", *command)
    write_recording("b.h5", Recording(SAMPLES, 100.0, NAMES, ("mV",) * 3))
    fails(capsys, "units are uV, uV, uV and mV, mV, mV", *command)
