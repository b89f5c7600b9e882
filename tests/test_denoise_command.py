"""One command, no training."""

import numpy as np
import pytest
from kinds import N, pulse, t

from conv_denoiser import denoise
from conv_denoiser.cli import main


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).standard_normal((2, N))


def test_the_command_tells_of_events_in_its_own_words(tmp_path, noise, capsys):
    noisy = 5 * pulse() + noise[0] + 10 * (t % 400 == 200)
    np.save(tmp_path / "noisy.npy", noisy)
    command = ["denoise", str(tmp_path / "noisy.npy"), "--output", str(tmp_path / "clean.npy")]
    assert main(command) == 0
    message = capsys.readouterr().err
    assert "samples lie far beyond all others" in message
    assert "lower --strength" in message
    assert "numpy" not in message
    assert main([*command, "--strength", "0.3"]) == 0
    assert "lie far" not in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".csv", ".npy"])
def test_command_without_a_model(tmp_path, noise, suffix):
    noisy = pulse() + 0.1 * noise[0]
    source, target = tmp_path / f"noisy{suffix}", tmp_path / f"clean{suffix}"
    if suffix == ".csv":
        np.savetxt(source, noisy, header="pulse", comments="", fmt="%.17g")
    else:
        np.save(source, noisy)
    assert main(["denoise", str(source), "--output", str(target)]) == 0
    written = np.load(target) if suffix == ".npy" else np.loadtxt(target, skiprows=1)
    np.testing.assert_allclose(written, denoise(noisy), atol=1e-6)


def test_command_without_a_model_asks_for_a_column(tmp_path, capsys):
    source = tmp_path / "table.csv"
    table = np.stack([t / 100, pulse(), -pulse()], axis=1)
    np.savetxt(source, table, delimiter=",", header="time,pulse,other", comments="")
    command = ["denoise", str(source), "--output", str(tmp_path / "clean.csv")]
    assert main(command) == 2
    assert "2 columns (pulse, other)" in capsys.readouterr().err
    assert main([*command, "--column", "pulse"]) == 0
    written = np.loadtxt(tmp_path / "clean.csv", delimiter=",", skiprows=1)
    np.testing.assert_allclose(written[:, 0], t / 100)


@pytest.mark.slow
def test_options_of_the_command(tmp_path, capsys, noise):
    noisy = pulse() + 0.1 * noise[0]
    noisy[100] = np.nan
    source, target = tmp_path / "noisy.npy", tmp_path / "clean.npy"
    np.save(source, noisy)
    command = ["denoise", str(source), "--output", str(target)]
    assert main([*command, "--noise-std", "0.1", "--strength", "0.5"]) == 0
    expected = denoise(noisy, noise_std=0.1, strength=0.5)
    np.testing.assert_allclose(np.load(target), expected, atol=1e-9)
    for options, message in (
        (["--threads", "1"], "--threads and --overlap are for models"),
        (["--model", "m.onnx", "--strength", "2"], "are for denoising without --model"),
    ):
        assert main([*command, *options]) == 2
        assert message in capsys.readouterr().err
