"""Models that the command fits, and what it tells of them."""

import sys
from pathlib import Path

import edfio
import numpy as np
import pytest
import zarr
from command import denoise, fails, run

from conv_denoiser import SignalGenerator, denoise_recording, load
from conv_denoiser.cli.messages import show_warning
from conv_denoiser.denoiser import plan
from conv_denoiser.denoiser.automatic import FINE_TUNING_NOISY
from conv_denoiser.export import OnnxDenoiser

pytestmark = pytest.mark.usefixtures("in_a_folder")


class TestFitAndInfo:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("options", "supervision"),
        [
            (["noisy.csv"], "blind_spot"),
            (["noisy.csv", "clean.csv"], "paired"),
            (["clean.csv", "--noise", "0.1"], "synthetic"),
        ],
    )
    def test_recordings(self, capsys, ecg, options, supervision):
        np.savetxt("noisy.csv", ecg)
        np.savetxt("clean.csv", ecg * 0.9)
        small = ["--architecture", "autoencoder", "--window", "64", "--epochs", "1"]
        more = ["--sampling-rate", "360", "--output", "model.safetensors"]
        code, out, _ = run(capsys, "fit", *options, *small, *more)
        assert code == 0
        assert f"fitted on signals of 64 samples ({supervision}), 1 epochs" in out
        code, out, err = run(capsys, "info", "model.safetensors")
        assert (code, err) == (0, "")
        card = dict(line.split(maxsplit=1) for line in out.splitlines())
        assert card["supervision"] == supervision
        assert card["sampling_rate"] == "360.0"
        assert card["n_timesteps"] == "64"

    @pytest.mark.slow
    def test_more_than_memory_holds(self, capsys, ecg):
        for folder, recording in (("noisy", ecg), ("clean", ecg * 0.9)):
            Path(folder).mkdir()
            for name, part in (("a.csv", recording[:300]), ("b.csv", recording[200:])):
                np.savetxt(f"{folder}/{name}", part)
            zarr.create_array(f"{folder}.zarr", data=recording, chunks=100)
        small = ["--architecture", "autoencoder", "--window", "64", "--epochs", "1"]
        for pair in (["noisy", "clean"], ["noisy.zarr", "clean.zarr"]):
            code, out, _ = run(capsys, "fit", *pair, *small, "--output", "m.safetensors")
            assert code == 0
            assert "fitted on signals of 64 samples (paired), 1 epochs" in out
        fails(
            capsys, "is for files one by one", "fit", *pair, "--units", "mV", "--output", "m.onnx"
        )
        for name, part, complaint in (
            ("c.npy", ecg[:50], "c.npy: length=64, but the recording has 50"),
            ("d.npy", np.append(ecg, np.inf), "d.npy: recording holds inf at sample 500"),
        ):
            np.save(f"noisy/{name}", part)
            fails(capsys, complaint, "fit", "noisy", *small, "--output", "m.onnx")
            Path(f"noisy/{name}").unlink()
        zarr.create_array("short.zarr", data=ecg[:50])
        fails(capsys, "short.zarr: length=64", "fit", "short.zarr", *small, "--output", "m.onnx")
        Path("noisy/b.csv").unlink()
        fails(capsys, "one 'b.csv' alone", "fit", "noisy", "clean", "--output", "m.onnx")

    def test_signals(self, capsys):
        X, y = SignalGenerator(random_state=0).sample(12, return_X_y=True)
        np.save("noisy.npy", X)
        np.save("clean.npy", y)
        small = ["--architecture", "autoencoder", "--epochs", "1", "--quiet"]
        command = ["fit", "noisy.npy", "clean.npy", *small, "--output", "m.onnx"]
        assert run(capsys, *command)[:2] == (0, "")
        assert OnnxDenoiser("m.onnx").n_features_in_ == 150

    @pytest.mark.slow
    def test_recording_of_two_channels(self, capsys, ecg):
        signals = [
            edfio.EdfSignal(ecg[:400], 200, label=name, physical_dimension="mV")
            for name in ("I", "II")
        ]
        edfio.Edf(signals).write("noisy.edf")
        small = ["--architecture", "autoencoder", "--epochs", "1", "--window", "64", "--quiet"]
        assert run(capsys, "fit", "noisy.edf", *small, "--output", "m.onnx")[0] == 0
        model = OnnxDenoiser("m.onnx")
        assert model.n_channels_in_ == 2
        assert (model.card["sampling_rate"], model.card["units"]) == (200, "mV")

    def test_without_the_converter(self, capsys, ecg, monkeypatch):
        np.savetxt("noisy.csv", ecg)
        monkeypatch.setitem(sys.modules, "onnx", None)
        monkeypatch.delitem(sys.modules, "conv_denoiser.export.graph", raising=False)
        command = ["fit", "noisy.csv", "--output", "m.onnx"]
        fails(capsys, "pip install 'conv-denoiser[onnx]'", *command)

    @pytest.mark.parametrize("files", [["no.csv"], ["noisy.csv", "no.csv"]])
    def test_a_missing_file_is_told_before_tensorflow_is_loaded(self, capsys, monkeypatch, files):
        np.savetxt("noisy.csv", np.random.default_rng(0).normal(size=20))
        monkeypatch.setitem(sys.modules, "conv_denoiser.cli.fitting", None)
        fails(capsys, "No such file", "fit", *files, "--output", "m.safetensors")
        command = ["denoise", "no.csv", "--model", "no.safetensors", "--output", "clean.csv"]
        fails(capsys, "'no.csv'", *command)

    def test_the_width_that_a_warning_names_is_an_option(self, capsys):
        show_warning("Hide them with supervision=BlindSpot(width=5).")
        assert "Hide them with --width 5." in capsys.readouterr().err
        command = ["fit", "noisy.csv", "--noise", "0.1", "--width", "5", "--output", "m.onnx"]
        fails(capsys, "--width is for noisy recordings alone", *command)

    @pytest.mark.slow
    def test_learns_with_its_own_settings(self, capsys, monkeypatch):
        monkeypatch.setattr(plan, "FINE_TUNING_NOISY", FINE_TUNING_NOISY._replace(n_steps=30))
        generator = SignalGenerator("sine", n_timesteps=3000, random_state=0, noise=0.4)
        noisy, clean = generator.sample(1, return_X_y=True)
        np.save("noisy.npy", noisy[0])
        code, told, _ = run(capsys, "fit", "noisy.npy", "--window", "64", "--output", "m.onnx")
        assert code == 0
        assert "held-out signals, noise estimated 0." in told.splitlines()[-1]
        denoise(capsys, "m.onnx", "noisy.npy", "clean.npy")
        error = np.load("clean.npy") - clean[0]
        assert error.std() < (noisy - clean).std() / 2

    def test_errors(self, capsys, ecg):
        np.savetxt("noisy.csv", ecg)
        np.savetxt("other.csv", ecg[:-1])
        np.savetxt("gap.csv", np.append(ecg, np.inf))
        small = ["--architecture", "autoencoder", "--window", "500", "--epochs", "1"]
        fails(capsys, "do not belong together", "fit", "noisy.csv", "other.csv", "--window", "499",
              "--output", "m.onnx")  # fmt: skip
        fails(capsys, "must end in .onnx", "fit", "noisy.csv", "--output", "m.h5")
        fails(capsys, "line 501, column 1: 'inf'", "fit", "gap.csv", "--output", "m.onnx", *small)
        fails(capsys, "'-1' is not a positive number", "fit", "noisy.csv", "--noise", "-1",
              "--output", "m.onnx")  # fmt: skip
        fails(capsys, "'x' is not a positive number", "fit", "noisy.csv", "--noise", "x",
              "--output", "m.onnx")  # fmt: skip
        fails(capsys, "--noise is for clean signals alone", "fit", "noisy.csv", "noisy.csv",
              "--noise", "1", "--output", "m.onnx")  # fmt: skip
        fails(capsys, "there is no such folder", "fit", "noisy.csv", "--output", "no/m.onnx")
        np.save("signals.npy", np.zeros((9, 64)))
        fails(capsys, "holds signals, one in each row", "fit", "signals.npy", "--column", "1",
              "--output", "m.onnx")  # fmt: skip
        fails(capsys, "'0' is not a positive integer", "fit", "noisy.csv", "--epochs", "0",
              "--output", "m.onnx")  # fmt: skip

    @pytest.mark.slow
    def test_files_of_save(self, capsys, ecg):
        np.savetxt("noisy.csv", ecg)
        small = ["--architecture", "autoencoder", "--window", "64", "--epochs", "1", "--quiet"]
        model = "model.safetensors"
        code, _, _ = run(capsys, "fit", "noisy.csv", *small, "--output", model)
        assert code == 0
        card = dict(line.split(maxsplit=1) for line in run(capsys, "info", model)[1].splitlines())
        assert card["supervision"] == "blind_spot"
        command = ["denoise", "noisy.csv", "--model", model, "--output", "clean.csv"]
        fails(capsys, "--threads is for ONNX files", *command, "--threads", "2")
        assert run(capsys, *command)[0] == 0
        expected = denoise_recording(load(model), ecg)
        np.testing.assert_allclose(np.loadtxt("clean.csv"), expected, atol=1e-7)
        Path(model).write_bytes(Path(model).read_bytes()[:-1])
        fails(capsys, "its arrays have", *command)
