"""The command line, as users type it; errors are one line and exit code 2."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import small_denoiser
from scipy.io import wavfile

from conv_denoiser import SignalGenerator, denoise_recording, load
from conv_denoiser.cli.commands import main
from conv_denoiser.export import OnnxDenoiser, to_onnx


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Path of a model of 64 timesteps."""
    X, y = SignalGenerator("sine", n_timesteps=64, random_state=0).sample(40, return_X_y=True)
    path = tmp_path_factory.mktemp("model") / "sine.onnx"
    to_onnx(small_denoiser().fit(X, y), path, sampling_rate=360)
    return path


@pytest.fixture(scope="module")
def recording():
    """Recording of 500 samples."""
    return SignalGenerator("ecg", n_timesteps=500, random_state=0).sample(1).noisy[0].astype(float)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _warnings_as_before():
    import warnings

    show = warnings.showwarning
    yield
    warnings.showwarning = show


def run(capsys, *arguments):
    """Run a command; return its exit code, output and errors."""
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def denoise(capsys, model, source, target, *options):
    code, out, err = run(capsys, "denoise", source, "--model", model, "--output", target, *options)
    assert (code, err) == (0, ""), err
    return out


def fails(capsys, message, *arguments):
    """Check that a command fails with one line, and leaves no file behind."""
    before = sorted(os.listdir())
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("conv-denoiser: error: ")
    assert err.count("\n") == 1
    assert message in err
    assert sorted(os.listdir()) == before


class TestDenoise:
    def test_npy(self, capsys, model, recording):
        np.save("noisy.npy", recording)
        out = denoise(capsys, model, "noisy.npy", "clean.npy")
        assert out.startswith("clean.npy: 500 samples denoised in ")
        expected = denoise_recording(OnnxDenoiser(model), recording)
        np.testing.assert_array_equal(np.load("clean.npy"), expected)
        assert sorted(os.listdir()) == ["clean.npy", "noisy.npy"]
        denoise(capsys, model, "noisy.npy", "noisy.npy", "--quiet", "--threads", 1)
        np.testing.assert_array_equal(np.load("noisy.npy"), expected)

    @pytest.mark.parametrize(
        ("delimiter", "header"), [(",", ""), (",", "ecg"), (" ", ""), (";", "ecg"), ("\t", "ecg")]
    )
    def test_csv(self, capsys, model, recording, delimiter, header):
        np.savetxt("noisy.csv", recording, header=header, comments="")
        denoise(capsys, model, "noisy.csv", "clean.csv")
        lines = Path("clean.csv").read_text().splitlines()
        assert lines[: len(header) and 1] == [header][: len(header) and 1]
        result = np.array([float(line) for line in lines[len(header) and 1 :]])
        expected = denoise_recording(OnnxDenoiser(model), recording)
        np.testing.assert_allclose(result, expected, atol=1e-7)

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
    @pytest.mark.parametrize("column", ["ecg", "2"])
    def test_other_columns_are_kept(self, capsys, model, recording, delimiter, column):
        rows = [["time", "ecg", "note"]]
        rows += [[f"12:{i}", f"{value:.17g}", f"n{i}"] for i, value in enumerate(recording)]
        with open("noisy.csv", "w") as file:
            file.writelines(delimiter.join(row) + "\n" for row in rows)
        denoise(capsys, model, "noisy.csv", "clean.csv", "--column", column)
        result = [line.split(delimiter) for line in Path("clean.csv").read_text().splitlines()]
        assert [row[::2] for row in result] == [row[::2] for row in rows]
        expected = denoise_recording(OnnxDenoiser(model), recording)
        np.testing.assert_allclose([float(row[1]) for row in result[1:]], expected, atol=1e-7)

    def test_csv_of_spreadsheets(self, capsys, model):
        """With a byte-order mark, quotes, Windows' line ends and blank lines."""
        text = '\ufeff"my, time","ecg"\r\n' + "".join(f"{i},{i % 7}\r\n\r\n" for i in range(70))
        Path("noisy.csv").write_bytes(text.encode())
        denoise(capsys, model, "noisy.csv", "clean.csv", "--column", "ecg")
        lines = Path("clean.csv").read_text().splitlines()
        assert lines[0] == '"my, time",ecg'
        assert len(lines) == 71

    @pytest.mark.parametrize("dtype", ["int16", "int32", "uint8", "float32"])
    def test_wav(self, capsys, model, recording, dtype):
        samples = recording / np.abs(recording).max()
        if dtype != "float32":
            limits = np.iinfo(dtype)
            samples = samples * (limits.max // 2) + (limits.max + limits.min + 1) / 2
        samples = samples.astype(dtype)
        wavfile.write("noisy.wav", 8000, samples)
        denoise(capsys, model, "noisy.wav", "clean.wav")
        rate, result = wavfile.read("clean.wav")
        assert rate == 8000
        assert result.dtype == dtype
        expected = denoise_recording(OnnxDenoiser(model), samples)
        np.testing.assert_allclose(result, expected, atol=0.5001, rtol=1e-6)

    def test_between_formats(self, capsys, model, recording):
        np.save("noisy.npy", recording)
        expected = denoise_recording(OnnxDenoiser(model), recording)
        denoise(capsys, model, "noisy.npy", "clean.csv")
        np.testing.assert_allclose(np.loadtxt("clean.csv"), expected, atol=1e-7)
        denoise(capsys, model, "noisy.npy", "clean.wav")  # the model's sampling rate
        assert wavfile.read("clean.wav")[0] == 360
        denoise(capsys, model, "noisy.npy", "clean.wav", "--sampling-rate", 250)
        assert wavfile.read("clean.wav")[0] == 250
        for rate in ("0.3", "360.5", "1e12"):
            command = ["denoise", "noisy.npy", "--model", model, "--output", "other.wav"]
            fails(capsys, "a whole number of samples", *command, "--sampling-rate", rate)

    def test_channels(self, capsys, model, recording):
        both = np.stack([recording, recording[::-1]], axis=1)
        expected = denoise_recording(OnnxDenoiser(model), both, channelwise=True)
        np.save("noisy.npy", both)
        denoise(capsys, model, "noisy.npy", "clean.npy", "--channelwise")
        np.testing.assert_array_equal(np.load("clean.npy"), expected)
        denoise(capsys, model, "noisy.npy", "clean.npy", "--column", "2")
        np.testing.assert_array_equal(np.load("clean.npy"), expected[:, 1])
        np.savetxt("noisy.csv", both, delimiter=",")
        denoise(capsys, model, "noisy.csv", "clean.csv", "--channelwise", "--overlap", "0.5")
        np.testing.assert_allclose(np.loadtxt("clean.csv", delimiter=","), expected, atol=1e-7)

    @pytest.mark.parametrize("n_samples", [1, 500, 20_000])
    def test_plot(self, capsys, model, n_samples):
        np.save("noisy.npy", np.random.default_rng(0).normal(size=n_samples))
        denoise(capsys, model, "noisy.npy", "clean.npy", "--plot", "out.png")
        assert Path("out.png").read_bytes().startswith(b"\x89PNG")

    def test_numbers_with_a_large_offset_keep_their_digits(self, capsys, model):
        noisy = 1e7 + 0.01 * np.random.default_rng(0).normal(size=300)
        np.savetxt("noisy.csv", noisy, fmt="%.17g")
        np.save("noisy.npy", noisy)
        denoise(capsys, model, "noisy.csv", "clean.csv")
        denoise(capsys, model, "noisy.npy", "clean.npy")
        np.testing.assert_allclose(np.loadtxt("clean.csv"), np.load("clean.npy"), atol=1e-7)

    def test_tables_of_pandas(self, capsys, model, recording):
        pandas = pytest.importorskip("pandas")
        pandas.Series(recording).to_csv("noisy.csv")  # its header is ",0"
        denoise(capsys, model, "noisy.csv", "clean.csv", "--column", "2")
        result = pandas.read_csv("clean.csv", index_col=0)["0"]
        expected = denoise_recording(OnnxDenoiser(model), recording)
        np.testing.assert_allclose(result, expected, atol=1e-7)

    @pytest.mark.parametrize("header", ["ECG (mV)", '"ECG (mV)"', "# ecg of mine"])
    def test_header_with_spaces(self, capsys, model, recording, header):
        Path("noisy.csv").write_text("\n".join([header, *map(str, recording)]))
        denoise(capsys, model, "noisy.csv", "clean.csv")
        lines = Path("clean.csv").read_text().splitlines()
        assert lines[0] == header.strip('"')
        assert len(lines) == 501

    def test_terminal_without_tqdm(self, capsys, model, recording, monkeypatch):
        np.save("noisy.npy", recording)
        command = ["denoise", "noisy.npy", "--model", model, "--output", "clean.npy"]
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        assert "100%" in run(capsys, *command)[2]
        monkeypatch.setattr("conv_denoiser.cli.commands.find_spec", lambda name: None)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        assert run(capsys, *command)[2] == ""

    def test_interrupted(self, capsys, model, recording, monkeypatch):
        np.save("noisy.npy", recording)

        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(OnnxDenoiser, "transform", interrupt)
        code, _, err = run(capsys, "denoise", "noisy.npy", "--model", model, "--output", "c.npy")
        assert code == 130
        assert "interrupted: nothing was written" in err
        assert os.listdir() == ["noisy.npy"]

    def test_csv_that_changes_meanwhile(self, capsys, model, recording, monkeypatch):
        np.savetxt("noisy.csv", recording)

        def shorten(self, X):
            np.savetxt("noisy.csv", recording[:-1])
            return X

        monkeypatch.setattr(OnnxDenoiser, "transform", shorten)
        command = ["denoise", "noisy.csv", "--model", model, "--output", "clean.csv"]
        fails(capsys, "was changed while it was read", *command)

    def test_what_nobody_expects(self, capsys, model, recording, monkeypatch):
        np.save("noisy.npy", recording)
        monkeypatch.setattr(OnnxDenoiser, "transform", lambda self, X: 1 / 0)
        command = ["denoise", "noisy.npy", "--model", model, "--output", "clean.npy"]
        fails(capsys, "ZeroDivisionError: division by zero", *command)

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
    def test_full_disk(self, capsys, model, recording, monkeypatch):
        np.save("noisy.npy", recording)

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "posix_fallocate", full)
        command = ["denoise", "noisy.npy", "--model", model, "--output", "clean.npy"]
        fails(capsys, "No space left on device", *command)

    def test_wav_that_is_cut_short(self, capsys, model):
        wavfile.write("noisy.wav", 360, np.arange(4000, dtype=np.int16))
        content = Path("noisy.wav").read_bytes()
        Path("noisy.wav").write_bytes(content[:4000])
        command = ["denoise", "noisy.wav", "--model", model, "--output", "clean.wav"]
        code, _, err = run(capsys, *command)
        assert code == 0
        assert err.startswith("conv-denoiser: warning: ")
        assert "EOF" in err


class TestFitAndInfo:
    @pytest.mark.parametrize(
        ("options", "supervision"),
        [
            (["noisy.csv"], "blind_spot"),
            (["noisy.csv", "clean.csv"], "paired"),
            (["clean.csv", "--noise", "0.1"], "synthetic"),
        ],
    )
    def test_recordings(self, capsys, recording, options, supervision):
        np.savetxt("noisy.csv", recording)
        np.savetxt("clean.csv", recording * 0.9)
        small = ["--architecture", "autoencoder", "--window", "64", "--epochs", "1"]
        more = ["--sampling-rate", "360", "--output", "model.onnx"]
        code, out, _ = run(capsys, "fit", *options, *small, *more)
        assert code == 0
        assert f"fitted on signals of 64 samples ({supervision}), 1 epochs" in out
        code, out, err = run(capsys, "info", "model.onnx")
        assert (code, err) == (0, "")
        card = dict(line.split(maxsplit=1) for line in out.splitlines())
        assert card["supervision"] == supervision
        assert card["sampling_rate"] == "360.0"
        assert card["n_timesteps"] == "64"

    def test_signals(self, capsys):
        X, y = SignalGenerator(random_state=0).sample(12, return_X_y=True)
        np.save("noisy.npy", X)
        np.save("clean.npy", y)
        small = ["--architecture", "autoencoder", "--epochs", "1", "--quiet"]
        command = ["fit", "noisy.npy", "clean.npy", *small, "--output", "m.onnx"]
        assert run(capsys, *command)[:2] == (0, "")
        assert OnnxDenoiser("m.onnx").n_features_in_ == 150

    def test_recording_of_two_channels(self, capsys, recording):
        np.save("noisy.npy", np.stack([recording, recording], axis=1))
        small = ["--architecture", "autoencoder", "--epochs", "1", "--window", "64", "--quiet"]
        assert run(capsys, "fit", "noisy.npy", *small, "--output", "m.onnx")[0] == 0
        assert OnnxDenoiser("m.onnx").n_channels_in_ == 2

    def test_without_the_converter(self, capsys, recording, monkeypatch):
        np.savetxt("noisy.csv", recording)
        monkeypatch.setitem(sys.modules, "tf2onnx", None)
        monkeypatch.delitem(sys.modules, "conv_denoiser.export.graph", raising=False)
        command = ["fit", "noisy.csv", "--output", "m.onnx"]
        fails(capsys, "pip install 'conv-denoiser[onnx]'", *command)

    @pytest.mark.slow
    def test_learns_with_its_own_settings(self, capsys, monkeypatch):
        monkeypatch.setattr("conv_denoiser.cli.commands.N_STEPS", 120)
        generator = SignalGenerator("sine", n_timesteps=3000, random_state=0, noise=0.4)
        noisy, clean = generator.sample(1, return_X_y=True)
        np.save("noisy.npy", noisy[0])
        assert run(capsys, "fit", "noisy.npy", "--window", "64", "--output", "m.onnx")[0] == 0
        denoise(capsys, "m.onnx", "noisy.npy", "clean.npy")
        error = np.load("clean.npy") - clean[0]
        assert error.std() < (noisy - clean).std() / 2

    def test_errors(self, capsys, recording):
        np.savetxt("noisy.csv", recording)
        np.savetxt("other.csv", recording[:-1])
        np.savetxt("gap.csv", np.append(recording, np.nan))
        small = ["--architecture", "autoencoder", "--window", "500", "--epochs", "1"]
        fails(capsys, "do not belong together", "fit", "noisy.csv", "other.csv", "--window", "499",
              "--output", "m.onnx")  # fmt: skip
        fails(capsys, "must end in .onnx", "fit", "noisy.csv", "--output", "m.h5")
        fails(capsys, "line 501, column 1: 'nan'", "fit", "gap.csv", "--output", "m.onnx", *small)
        fails(capsys, "'-1' is no positive number", "fit", "noisy.csv", "--noise", "-1",
              "--output", "m.onnx")  # fmt: skip
        fails(capsys, "'x' is no positive number", "fit", "noisy.csv", "--noise", "x",
              "--output", "m.onnx")  # fmt: skip
        fails(capsys, "--noise is for clean signals alone", "fit", "noisy.csv", "noisy.csv",
              "--noise", "1", "--output", "m.onnx")  # fmt: skip
        fails(capsys, "there is no such folder", "fit", "noisy.csv", "--output", "no/m.onnx")
        np.save("signals.npy", np.zeros((9, 64)))
        fails(capsys, "holds signals, one a row", "fit", "signals.npy", "--column", "1",
              "--output", "m.onnx")  # fmt: skip
        fails(capsys, "'0' is no positive integer", "fit", "noisy.csv", "--epochs", "0",
              "--output", "m.onnx")  # fmt: skip

    def test_files_of_save(self, capsys, recording):
        np.savetxt("noisy.csv", recording)
        small = ["--architecture", "autoencoder", "--window", "64", "--epochs", "1", "--quiet"]
        model = "model.safetensors"
        code, _, _ = run(capsys, "fit", "noisy.csv", *small, "--output", model)
        assert code == 0
        card = dict(line.split(maxsplit=1) for line in run(capsys, "info", model)[1].splitlines())
        assert card["supervision"] == "blind_spot"
        command = ["denoise", "noisy.csv", "--model", model, "--output", "clean.csv"]
        fails(capsys, "--threads is for ONNX files", *command, "--threads", "2")
        with pytest.warns(UserWarning, match="cannot hold learning_rate"):
            load(model)
        assert run(capsys, *command)[0] == 0
        with pytest.warns(UserWarning, match="cannot hold"):
            expected = denoise_recording(load(model), recording)
        np.testing.assert_allclose(np.loadtxt("clean.csv"), expected, atol=1e-7)
        Path(model).write_bytes(Path(model).read_bytes()[:-1])
        fails(capsys, "or a damaged one: its arrays have", *command)


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("1\n2\nx\n", "noisy.csv, line 3, column 1: 'x' is not a number"),
            ("t,v\n1,2\n3,\n", "noisy.csv, line 3, column 2: there is nothing"),
            ("t,v\n1,2\n3\n", "noisy.csv, line 3: 1 cell(s), where the first line has 2"),
            ("t,v\n1,2\n3,nan\n", "noisy.csv, line 3, column 2: 'nan' is no finite number"),
            ("t,v\n1,2\n3,-inf\n", "noisy.csv, line 3, column 2: '-inf' is no finite number"),
            ("t,v\n\n1,2\n\n3,4,5\n", "noisy.csv, line 5: 3 cell(s)"),
            ("1 2\n3\n", "noisy.csv, line 2: 1 cell(s)"),
            ("1.0,2..0\n3,4\n", "noisy.csv, line 1, column 2: '2..0' is not a number"),
            ("1,5;2,5\n3,5;4,5\n", "noisy.csv, line 2, column 1: '3,5' is not a number"),
            ("1\n2_000\n", "noisy.csv, line 2, column 1: '2_000' is not a number"),
            ("", "'noisy.csv' holds no samples"),
            ("\n\n", "'noisy.csv' holds no samples"),
            ("only,a,header\n", "'noisy.csv' holds no samples"),
            ("t,v\n1,2\n3,4\n", "noisy.csv has 2 columns (t, v), but the model takes 1 channel"),
            ("1;2\n3;4\n", "noisy.csv has 2 columns, but the model takes 1 channel"),
        ],
    )
    def test_csv(self, capsys, model, text, message):
        Path("noisy.csv").write_text(text)
        fails(capsys, message, "denoise", "noisy.csv", "--model", model, "--output", "clean.csv")

    def test_quote_that_does_not_end(self, capsys, model):
        Path("noisy.csv").write_text('v,note\n1,a\n2,"b\n3,c\n')
        command = ["denoise", "noisy.csv", "--model", model, "--output", "clean.csv"]
        fails(capsys, "line 4: unexpected end of data", *command, "--column", "v")

    def test_csv_that_is_no_text(self, capsys, model):
        Path("noisy.csv").write_bytes(b"1\n\xff\xfe\n")
        command = ["denoise", "noisy.csv", "--model", model, "--output", "clean.csv"]
        fails(capsys, "no text file in UTF-8", *command)

    @pytest.mark.parametrize(
        ("column", "message"),
        [
            ("x", "no column named 'x' in its first line. It has 't', 'v'"),
            ("3", "has 2 column(s), numbered from 1. Got --column '3'"),
            ("0", "has 2 column(s), numbered from 1"),
        ],
    )
    def test_column(self, capsys, model, column, message):
        Path("noisy.csv").write_text("t,v\n1,2\n")
        options = ["--model", model, "--output", "clean.csv", "--column", column]
        fails(capsys, message, "denoise", "noisy.csv", *options)
        np.save("noisy.npy", np.zeros((9, 2)))
        if column != "x":
            fails(capsys, message, "denoise", "noisy.npy", *options)

    def test_files(self, capsys, model, recording):
        np.save("noisy.npy", recording)
        output = ["--output", "clean.npy"]
        fails(capsys, "No such file or directory: 'no.npy'", "denoise", "no.npy", "--model", model,
              *output)  # fmt: skip
        fails(capsys, "No such file or directory: 'no.onnx'", "denoise", "noisy.npy", "--model",
              "no.onnx", *output)  # fmt: skip
        fails(capsys, "is no ONNX file", "denoise", "noisy.npy", "--model", "noisy.npy", *output)
        for target, option in (("clean.txt", "--output"), ("c.npy --plot c.txt", "--plot")):
            command = ["denoise", "noisy.npy", "--model", model, "--output", *target.split()]
            fails(capsys, f"{option} must end in", *command)
        fails(capsys, "there is no such folder", "denoise", "noisy.npy", "--model", model,
              "--output", "no/clean.npy")  # fmt: skip
        fails(capsys, "recording must end in .npy, .csv, .wav", "denoise", "noisy.txt", "--model",
              model, *output)  # fmt: skip
        for name, what in (("bad.npy", "no npy file"), ("bad.wav", "no wav file")):
            Path(name).write_text("nothing of the sort")
            fails(capsys, what, "denoise", name, "--model", model, *output)
        np.save("objects.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
        fails(capsys, "no npy file", "denoise", "objects.npy", "--model", model, *output)

    def test_recordings(self, capsys, model, recording):
        recording = recording.copy()
        recording[77] = np.nan
        np.save("gap.npy", recording)
        command = ["--model", model, "--output", "clean.npy"]
        fails(capsys, "recording holds nan at sample 77", "denoise", "gap.npy", *command)
        np.save("transposed.npy", np.zeros((2, 500)))
        fails(capsys, "pass recording.T", "denoise", "transposed.npy", *command)
        np.save("good.npy", np.zeros(500))
        fails(capsys, "overlap", "denoise", "good.npy", *command, "--overlap", "1")

    def test_usage(self, capsys):
        fails(
            capsys,
            "required: COMMAND",
        )
        fails(capsys, "required: --output", "denoise", "noisy.npy")
        fails(capsys, "invalid choice: 'x'", "x")

    def test_model_of_another_version(self, capsys, model):
        other = onnx.load(model)
        other.metadata_props[0].value = '{"format": 7}'
        onnx.save(other, "m.onnx")
        fails(capsys, "is of format 7", "info", "m.onnx")


def test_help_and_version(capsys):
    assert run(capsys, "--version")[1].startswith("conv-denoiser 0")
    for command in ("denoise", "fit", "info"):
        code, out, _ = run(capsys, command, "--help")
        assert code == 0
        assert "usage: conv-denoiser" in out


@pytest.mark.parametrize("command", [[sys.executable, "-m", "conv_denoiser"], ["conv-denoiser"]])
def test_as_a_process(command, model, recording):
    if command == ["conv-denoiser"]:
        command = [os.path.join(os.path.dirname(sys.executable), "conv-denoiser")]
    np.save("noisy.npy", recording)
    options = ["denoise", "noisy.npy", "--model", str(model), "--output", "clean.npy"]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "clean.npy: 500 samples denoised" in done.stdout
    done = subprocess.run([*command, "info", "noisy.npy"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    info = subprocess.Popen(
        [*command, "info", str(model)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    info.stdout.close()
    assert info.stderr.read() == ""
    info.stderr.close()
    info.wait()
