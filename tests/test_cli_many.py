"""The command on folders and patterns, parts, pipes, and from one format to another."""

import io
import os
import sys
from pathlib import Path

import edfio
import numpy as np
import pytest
from command import fails, run
from scipy.io import wavfile
from scipy.signal import resample_poly

from conv_denoiser import denoise as denoise_array
from conv_denoiser import denoise_recording, read_recording
from conv_denoiser.export import OnnxDenoiser

pytestmark = pytest.mark.usefixtures("in_a_folder")

RNG = np.random.default_rng(0)
NOISY = np.sin(np.arange(300) / 9) + 0.2 * RNG.normal(size=300)


@pytest.fixture
def night(in_a_folder):
    """Folder of three recordings, and of words."""
    os.mkdir("night")
    for number in range(3):
        np.save(f"night/{number}.npy", NOISY + number)
    Path("night/readme.txt").write_text("of the night")


@pytest.mark.usefixtures("night")
class TestMany:
    @pytest.mark.parametrize("what", ["night", "night/*.npy", "night/[02].npy"])
    def test_folders_and_patterns(self, capsys, what):
        code, out, err = run(capsys, "denoise", what, "--output-dir", "clean")
        assert (code, err) == (0, "")
        names = ["0.npy", "2.npy"] if "[" in what else ["0.npy", "1.npy", "2.npy"]
        assert sorted(os.listdir("clean")) == names
        *rows, last = out.splitlines()
        assert [row.split()[0] for row in rows] == [f"night/{name}" for name in names]
        assert all("300 samples denoised in" in row for row in rows)
        assert last == f"clean: {len(names)} recordings denoised"

    def test_nothing_found(self, capsys):
        os.mkdir("empty")
        for what, message in (
            ("empty", "The folder 'empty' holds no recordings"),
            ("*.edf", "No recording is called '*.edf'"),
        ):
            fails(capsys, message, "denoise", what, "--output-dir", "clean")
        command = ["denoise", "night/0.npy", "--jobs", "2", "--output", "c.npy"]
        fails(capsys, "--jobs is for several recordings", *command)
        fails(capsys, "--output is for one", "denoise", "night", "--output", "c.npy")

    def test_several_at_once(self, capsys):
        """The result is the same, and one that fails stops no other."""
        Path("night/1.npy").write_text("nothing of the sort")
        Path("night/3.csv").write_text("n,a\n" + "\n".join(f"{n},{x}" for n, x in enumerate(NOISY)))
        code, out, err = run(capsys, "denoise", "night", "--output-dir", "clean", "--jobs", "2")
        assert code == 2
        assert [row.split()[0] for row in out.splitlines()] == [
            *("night/0.npy", "night/2.npy", "night/3.csv"),
        ]
        bad, warned, last = err.splitlines()
        assert "error: night/1.npy: 'night/1.npy' is not an npy file" in bad
        assert "warning: night/3.csv: 3.csv: 'n' rises or falls evenly" in warned
        assert last.endswith("1 of 4 recordings failed.")
        np.testing.assert_array_equal(np.load("clean/0.npy"), denoise_array(NOISY))


class TestParts:
    """What is not between --start and --end stays as it was."""

    OPTIONS = ("--start", "0.5", "--end", "2")

    @pytest.fixture
    def expected(self):
        part = slice(50, 200)
        expected = NOISY.copy()
        expected[part] = denoise_array(NOISY[part])
        return expected

    @pytest.mark.parametrize("target", ["c.npy", "c.csv"])
    def test_in_files_of_any_kind(self, capsys, expected, target):
        np.save("a.npy", NOISY)
        command = ["denoise", "a.npy", *self.OPTIONS, "--sampling-rate", 100, "--output", target]
        code, _, err = run(capsys, *command)
        assert (code, err) == (0, "")
        np.testing.assert_allclose(read_recording(target).samples, expected, atol=1e-7)

    def test_in_edf(self, capsys, expected):
        edfio.Edf([edfio.EdfSignal(NOISY, 100, label="a")]).write("a.edf")
        code, _, err = run(capsys, "denoise", "a.edf", *self.OPTIONS, "--output", "c.edf")
        assert (code, err) == (0, "")
        old, new = (edfio.read_edf(name).signals[0] for name in ("a.edf", "c.edf"))
        for outside in (slice(50), slice(200, 300)):
            np.testing.assert_array_equal(new.digital[outside], old.digital[outside])
        np.testing.assert_allclose(new.data, expected, atol=0.01)

    def test_errors(self, capsys):
        np.save("a.npy", NOISY)
        command = ["denoise", "a.npy", "--output", "c.npy"]
        fails(capsys, "does not tell its sampling rate. Set it with", *command, "--start", "1")
        command += ["--sampling-rate", "100"]
        fails(capsys, "nothing of a.npy, which lasts 3 s", *command, "--start", "3")
        fails(capsys, "nothing of a.npy", *command, "--start", "2", "--end", "1")


class TestPipes:
    def test_text_in_and_out(self, capsys, monkeypatch):
        text = "ecg,note\n" + "".join(f"{value:.6f},x\n" for value in NOISY)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        code, out, err = run(capsys, "denoise", "-", "--output", "-")
        assert (code, err) == (0, "")
        rows = [line.split(",") for line in out.splitlines()]
        assert rows[0] == ["ecg", "note"]
        expected = denoise_array(np.round(NOISY, 6))
        np.testing.assert_allclose([float(row[0]) for row in rows[1:]], expected, atol=1e-7)
        assert {row[1] for row in rows[1:]} == {"x"}

    def test_one_side_alone(self, capsys, monkeypatch):
        np.save("a.npy", NOISY)
        _, out, _ = run(capsys, "convert", "a.npy", "-")
        np.testing.assert_allclose(np.array(out.split(), float), NOISY, atol=1e-7)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(out.encode())))
        assert run(capsys, "convert", "-", "b.npy") == (0, "", "")
        np.testing.assert_allclose(np.load("b.npy"), NOISY, atol=1e-7)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        fails(capsys, "stdin.csv' holds no samples", "denoise", "-", "--output", "-")
        fails(capsys, "give --output, a file or -", "denoise", "-", "--output-dir", "q")


def test_convert(capsys):
    wavfile.write("a.wav", 360, np.stack([NOISY, -NOISY], axis=1).astype(np.float32))
    assert run(capsys, "convert", "a.wav", "a.h5", "--column", "2") == (0, "", "")
    again = read_recording("a.h5")
    np.testing.assert_array_equal(again.samples, -NOISY.astype(np.float32))
    assert again.sampling_rate == 360
    assert run(capsys, "convert", "a.h5", "b.wav", "--sampling-rate", 250)[0] == 0
    assert read_recording("b.wav").sampling_rate == 250
    fails(capsys, "must end in", "convert", "a.wav", "a.xyz")
    fails(capsys, "can only be written from another one", "convert", "a.wav", "a.edf")


class TestRates:
    """A model and a recording of different sampling rates: resampled there and back, or refused."""

    def test_there_and_back(self, capsys, onnx_file):
        rng = np.random.default_rng(1)
        time = np.arange(2000) / 720
        clean = np.stack([5 + np.sin(2 * np.pi * 12 * time), np.cos(2 * np.pi * 9 * time)], axis=1)
        noisy = clean + 0.2 * rng.normal(size=clean.shape)
        noisy[700:720, 0] = np.nan
        np.save("noisy.npy", noisy)
        command = ["denoise", "noisy.npy", "--model", onnx_file, "--channelwise"]
        command += ["--sampling-rate", 720, "--output", "clean.npy"]
        code, _, err = run(capsys, *command)
        assert code == 0
        assert "has 720 samples a second, but the model was fitted to 360. It is resampled" in err
        bridged = noisy.copy()
        bridged[700:720, 0] = np.interp(range(20), [-1, 20], noisy[[699, 720], 0])
        level = bridged.mean(axis=0)
        at_360 = resample_poly(bridged - level, 1, 2, padtype="symmetric")
        denoised = denoise_recording(OnnxDenoiser(onnx_file), at_360, channelwise=True)
        expected = resample_poly(denoised, 2, 1, padtype="symmetric") + level
        np.testing.assert_allclose(np.load("clean.npy"), expected, atol=1e-6)

    def test_refused(self, capsys, onnx_file):
        np.save("noisy.npy", NOISY)
        command = ["denoise", "noisy.npy", "--model", onnx_file, "--output", "c.npy"]
        fails(capsys, "Leave out --no-resample", *command, "--no-resample", "--sampling-rate", 250)
        fails(capsys, "is not resampled to the 360", *command, "--sampling-rate", 10)
        same = [*command, "--no-resample", "--sampling-rate", "360"]
        assert run(capsys, *same)[0] == 0
