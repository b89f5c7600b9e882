"""The command line, as users type it: recordings are denoised, of every format."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command import denoise, fails, run
from scipy.io import wavfile

from conv_denoiser import denoise as denoise_array
from conv_denoiser import denoise_recording
from conv_denoiser.export import OnnxDenoiser

pytestmark = pytest.mark.usefixtures("in_a_folder")


class TestDenoise:
    def test_npy(self, capsys, onnx_file, ecg):
        np.save("noisy.npy", ecg)
        out = denoise(capsys, onnx_file, "noisy.npy", "clean.npy")
        assert out.startswith("clean.npy: 500 samples denoised in ")
        expected = denoise_recording(OnnxDenoiser(onnx_file), ecg)
        np.testing.assert_array_equal(np.load("clean.npy"), expected)
        assert sorted(os.listdir()) == ["clean.npy", "noisy.npy"]
        denoise(capsys, onnx_file, "noisy.npy", "noisy.npy", "--quiet", "--threads", 1)
        np.testing.assert_array_equal(np.load("noisy.npy"), expected)

    @pytest.mark.parametrize(
        ("delimiter", "header"), [(",", ""), (",", "ecg"), (" ", ""), (";", "ecg"), ("\t", "ecg")]
    )
    def test_csv(self, capsys, onnx_file, ecg, delimiter, header):
        np.savetxt("noisy.csv", ecg, header=header, comments="")
        denoise(capsys, onnx_file, "noisy.csv", "clean.csv")
        lines = Path("clean.csv").read_text().splitlines()
        assert lines[: len(header) and 1] == [header][: len(header) and 1]
        result = np.array([float(line) for line in lines[len(header) and 1 :]])
        expected = denoise_recording(OnnxDenoiser(onnx_file), ecg)
        np.testing.assert_allclose(result, expected, atol=1e-7)

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
    @pytest.mark.parametrize("column", ["ecg", "2"])
    def test_other_columns_are_kept(self, capsys, onnx_file, ecg, delimiter, column):
        rows = [["time", "ecg", "note"]]
        rows += [[f"12:{i}", f"{value:.17g}", f"n{i}"] for i, value in enumerate(ecg)]
        with open("noisy.csv", "w") as file:
            file.writelines(delimiter.join(row) + "\n" for row in rows)
        denoise(capsys, onnx_file, "noisy.csv", "clean.csv", "--column", column)
        result = [line.split(delimiter) for line in Path("clean.csv").read_text().splitlines()]
        assert [row[::2] for row in result] == [row[::2] for row in rows]
        expected = denoise_recording(OnnxDenoiser(onnx_file), ecg)
        np.testing.assert_allclose([float(row[1]) for row in result[1:]], expected, atol=1e-7)

    def test_csv_of_spreadsheets(self, capsys, onnx_file):
        """With a byte-order mark, quotes, Windows' line ends and blank lines."""
        text = '\ufeff"my, time","ecg"\r\n' + "".join(f"{i},{i % 7}\r\n\r\n" for i in range(70))
        Path("noisy.csv").write_bytes(text.encode())
        denoise(capsys, onnx_file, "noisy.csv", "clean.csv", "--column", "ecg")
        lines = Path("clean.csv").read_text().splitlines()
        assert lines[0] == '"my, time",ecg'
        assert len(lines) == 71

    @pytest.mark.parametrize("dtype", ["int16", "int32", "uint8", "float32"])
    def test_wav(self, capsys, onnx_file, ecg, dtype):
        samples = ecg / np.abs(ecg).max()
        if dtype != "float32":
            limits = np.iinfo(dtype)
            samples = samples * (limits.max // 2) + (limits.max + limits.min + 1) / 2
        samples = samples.astype(dtype)
        wavfile.write("noisy.wav", 360, samples)
        denoise(capsys, onnx_file, "noisy.wav", "clean.wav")
        rate, result = wavfile.read("clean.wav")
        assert rate == 360
        assert result.dtype == dtype
        expected = denoise_recording(OnnxDenoiser(onnx_file), samples)
        np.testing.assert_allclose(result, expected, atol=0.5001, rtol=1e-6)

    def test_between_formats(self, capsys, onnx_file, ecg):
        np.save("noisy.npy", ecg)
        expected = denoise_recording(OnnxDenoiser(onnx_file), ecg)
        denoise(capsys, onnx_file, "noisy.npy", "clean.csv")
        np.testing.assert_allclose(np.loadtxt("clean.csv"), expected, atol=1e-7)
        denoise(capsys, onnx_file, "noisy.npy", "clean.wav")  # the model's sampling rate
        assert wavfile.read("clean.wav")[0] == 360
        command = ["denoise", "noisy.npy", "--model", onnx_file, "--output"]
        code, _, err = run(capsys, *command, "clean.wav", "--sampling-rate", 250)
        assert (code, wavfile.read("clean.wav")[0]) == (0, 250)
        assert "warning: noisy.npy has 250 samples a second, but the model was fitted to 360" in err
        for rate in ("0.3", "360.5", "1e12"):
            code, _, err = run(capsys, *command, "other.wav", "--sampling-rate", rate)
            assert code == 2
            assert "a whole number of samples a second. Got" in err
            assert "Set it with --sampling-rate." in err
        assert not Path("other.wav").exists()

    def test_channels(self, capsys, onnx_file, ecg):
        both = np.stack([ecg, ecg[::-1]], axis=1)
        expected = denoise_recording(OnnxDenoiser(onnx_file), both, channelwise=True)
        np.save("noisy.npy", both)
        denoise(capsys, onnx_file, "noisy.npy", "clean.npy", "--channelwise")
        np.testing.assert_array_equal(np.load("clean.npy"), expected)
        denoise(capsys, onnx_file, "noisy.npy", "clean.npy", "--column", "2")
        np.testing.assert_array_equal(np.load("clean.npy"), expected[:, 1])
        np.savetxt("noisy.csv", both, delimiter=",")
        denoise(capsys, onnx_file, "noisy.csv", "clean.csv", "--channelwise", "--overlap", "0.5")
        np.testing.assert_allclose(np.loadtxt("clean.csv", delimiter=","), expected, atol=1e-7)

    @pytest.mark.parametrize("n_samples", [1, 500, 20_000])
    def test_plot(self, capsys, onnx_file, n_samples):
        np.save("noisy.npy", np.random.default_rng(0).normal(size=n_samples))
        denoise(capsys, onnx_file, "noisy.npy", "clean.npy", "--plot", "out.png")
        assert Path("out.png").read_bytes().startswith(b"\x89PNG")

    def test_numbers_with_a_large_offset_keep_their_digits(self, capsys, onnx_file):
        noisy = 1e7 + 0.01 * np.random.default_rng(0).normal(size=300)
        np.savetxt("noisy.csv", noisy, fmt="%.17g")
        np.save("noisy.npy", noisy)
        denoise(capsys, onnx_file, "noisy.csv", "clean.csv")
        denoise(capsys, onnx_file, "noisy.npy", "clean.npy")
        np.testing.assert_allclose(np.loadtxt("clean.csv"), np.load("clean.npy"), atol=1e-7)

    def test_tables_of_pandas(self, capsys, onnx_file, ecg):
        pandas = pytest.importorskip("pandas")
        pandas.Series(ecg).to_csv("noisy.csv")  # its header is ",0"
        denoise(capsys, onnx_file, "noisy.csv", "clean.csv", "--column", "2")
        result = pandas.read_csv("clean.csv", index_col=0)["0"]
        expected = denoise_recording(OnnxDenoiser(onnx_file), ecg)
        np.testing.assert_allclose(result, expected, atol=1e-7)

    @pytest.mark.parametrize("header", ["ECG (mV)", '"ECG (mV)"', "# ecg of mine"])
    def test_header_with_spaces(self, capsys, onnx_file, ecg, header):
        Path("noisy.csv").write_text("\n".join([header, *map(str, ecg)]))
        denoise(capsys, onnx_file, "noisy.csv", "clean.csv")
        lines = Path("clean.csv").read_text().splitlines()
        assert lines[0] == header.strip('"')
        assert len(lines) == 501

    def test_terminal_without_tqdm(self, capsys, onnx_file, ecg, monkeypatch):
        np.save("noisy.npy", ecg)
        command = ["denoise", "noisy.npy", "--model", onnx_file, "--output", "clean.npy"]
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        assert "100%" in run(capsys, *command)[2]
        monkeypatch.setattr("conv_denoiser.cli.denoising.find_spec", lambda name: None)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        assert run(capsys, *command)[2] == ""

    def test_many(self, capsys, onnx_file, ecg):
        """One that fails does not stop the others; the exit code tells."""
        names = [f"{i}.npy" for i in range(3)]
        for i, name in enumerate(names):
            np.save(name, ecg + i)
        command = ["denoise", *names, "--model", onnx_file, "--output-dir"]
        code, out, err = run(capsys, *command, "new/clean")
        assert (code, err) == (0, "")
        assert out.splitlines()[-1] == "new/clean: 3 recordings denoised"
        for i, name in enumerate(names):
            expected = denoise_recording(OnnxDenoiser(onnx_file), ecg + i)
            np.testing.assert_array_equal(np.load(Path("new/clean", name)), expected)
        Path("1.npy").write_text("nothing of the sort")
        code, out, err = run(capsys, *command, "again", "--quiet")
        assert (code, out) == (2, "")
        assert "error: 1.npy: '1.npy' is not an npy file" in err
        assert err.splitlines()[-1] == "conv-denoiser: error: 1 of 3 recordings failed."
        assert sorted(os.listdir("again")) == ["0.npy", "2.npy"]
        fails(capsys, "'0.npy' would be overwritten", *command, ".")
        twice = ["denoise", "./0.npy", *command[1:], "x"]
        fails(capsys, "Several recordings would be written to 'x/0.npy'", *twice)
        fails(capsys, "--output is for one recording", *command[:-1], "--output", "c.npy")
        fails(capsys, "--plot is for one recording", *command, "x", "--plot", "c.png")

    def test_interrupted(self, capsys, onnx_file, ecg, monkeypatch):
        np.save("noisy.npy", ecg)

        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(OnnxDenoiser, "transform", interrupt)
        code, _, err = run(
            capsys, "denoise", "noisy.npy", "--model", onnx_file, "--output", "c.npy"
        )
        assert code == 130
        assert "interrupted: nothing was written" in err
        assert os.listdir() == ["noisy.npy"]

    def test_csv_that_changes_meanwhile(self, capsys, onnx_file, ecg, monkeypatch):
        np.savetxt("noisy.csv", ecg)

        def shorten(self, X):
            np.savetxt("noisy.csv", ecg[:-1])
            return X

        monkeypatch.setattr(OnnxDenoiser, "transform", shorten)
        command = ["denoise", "noisy.csv", "--model", onnx_file, "--output", "clean.csv"]
        fails(capsys, "was changed while it was read", *command)

    def test_what_nobody_expects(self, capsys, onnx_file, ecg, monkeypatch):
        np.save("noisy.npy", ecg)
        monkeypatch.setattr(OnnxDenoiser, "transform", lambda self, X: 1 / 0)
        command = ["denoise", "noisy.npy", "--model", onnx_file, "--output", "clean.npy"]
        fails(capsys, "ZeroDivisionError: division by zero", *command)

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
    def test_full_disk(self, capsys, onnx_file, ecg, monkeypatch):
        np.save("noisy.npy", ecg)

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "posix_fallocate", full)
        command = ["denoise", "noisy.npy", "--model", onnx_file, "--output", "clean.npy"]
        fails(capsys, "No space left on device", *command)

    def test_wav_that_is_cut_short(self, capsys, onnx_file):
        wavfile.write("noisy.wav", 360, np.arange(4000, dtype=np.int16))
        content = Path("noisy.wav").read_bytes()
        Path("noisy.wav").write_bytes(content[:4000])
        command = ["denoise", "noisy.wav", "--model", onnx_file, "--output", "clean.wav"]
        code, _, err = run(capsys, *command)
        assert code == 0
        assert err.startswith("conv-denoiser: warning: ")
        assert "EOF" in err


def test_help_and_version(capsys):
    assert run(capsys, "--version")[1].startswith("conv-denoiser 0")
    for command in ("denoise", "fit", "info"):
        code, out, _ = run(capsys, command, "--help")
        assert code == 0
        assert "usage: conv-denoiser" in out


@pytest.mark.slow
@pytest.mark.parametrize("command", [[sys.executable, "-m", "conv_denoiser"], ["conv-denoiser"]])
def test_as_a_process(command, onnx_file, ecg):
    if command == ["conv-denoiser"]:
        command = [os.path.join(os.path.dirname(sys.executable), "conv-denoiser")]
    np.save("noisy.npy", ecg)
    options = ["denoise", "noisy.npy", "--model", str(onnx_file), "--output", "clean.npy"]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "clean.npy: 500 samples denoised" in done.stdout
    done = subprocess.run([*command, "info", "noisy.txt"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    info = subprocess.Popen(
        [*command, "info", str(onnx_file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    info.stdout.close()
    assert info.stderr.read() == ""
    info.stderr.close()
    info.wait()


class TestRows:
    """Files that hold signals, one in each row, are denoised as they are learned."""

    def test_many_columns_are_signals(self, capsys):
        X = np.random.default_rng(0).normal(size=(20, 40)) + np.sin(np.arange(40) / 5)
        np.savetxt("spectra.csv", X, delimiter=",")
        np.save("spectra.npy", X)
        for source in ("spectra.csv", "spectra.npy"):
            code, out, _ = run(capsys, "denoise", source, "--output", "out.npy")
            assert code == 0
            assert "20 signals" in out
            np.testing.assert_allclose(np.load("out.npy"), denoise_array(X), atol=1e-9)

    def test_options_say_what_rows_are(self, capsys):
        X = np.random.default_rng(0).normal(size=(64, 40))
        np.save("noisy.npy", X[:, :12])
        np.save("wide.npy", X)
        with pytest.warns(UserWarning, match="taken for 64 signals"):
            expected = denoise_array(X[:, :12], noise_std=0.5)
        options = ["--noise-std", "0.5", "--output", "out.npy"]
        assert run(capsys, "denoise", "noisy.npy", "--rows", *options)[0] == 0
        np.testing.assert_array_equal(np.load("out.npy"), expected)
        assert run(capsys, "denoise", "wide.npy", "--columns", "--channelwise", *options)[0] == 0
        np.testing.assert_array_equal(np.load("out.npy"), denoise_array(X.T, noise_std=0.5).T)

    def test_times_are_written_through(self, capsys):
        times = np.cumsum(np.resize([15, 16], 300))
        wave = np.sin(np.arange(300) / 9) + 0.1 * np.random.default_rng(0).normal(size=300)
        rows = [f"{t},{value:.4f}" for t, value in zip(times, wave, strict=True)]
        Path("log.csv").write_text("\n".join(["time_ms,acc", "ms,m/s2", *rows]))
        code, _, err = run(capsys, "denoise", "log.csv", "--output", "out.csv")
        assert code == 0
        assert "'time_ms' rises or falls evenly" in err
        assert "choose it with --column" in err
        assert "\n" not in err.strip()
        result = [line.split(",") for line in Path("out.csv").read_text().splitlines()]
        assert result[:2] == [["time_ms", "acc"], ["ms", "m/s2"]]
        assert [int(row[0]) for row in result[2:]] == times.tolist()
