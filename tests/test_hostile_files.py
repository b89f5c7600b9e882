"""Files with a correct checksum, as a stranger would send them."""

import json
import struct
import tracemalloc

import numpy as np
import pytest
from conftest import forge, own_network, small_denoiser

from conv_denoiser import load, save
from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser.cli.commands import main
from conv_denoiser.model_files.card import read_card
from conv_denoiser.model_files.container import DIGEST, TEXT, read_model_file, write_model_file
from conv_denoiser.networks.weight_shapes import WEIGHT_SHAPES
from conv_denoiser.noise import RecordedNoise

LINEAR = {"loss": "mean_squared_error"}
BANK = np.random.default_rng(0).normal(size=(3, 70))


@pytest.fixture(scope="module")
def signals(wandering):
    return wandering


@pytest.fixture(scope="module")
def path(model_file):
    return model_file


@pytest.mark.parametrize(
    ("architecture", "filters", "kernel_size"),
    [("autoencoder", [1] * 500, 1), ("unet", [1] * 15, 3), ("autoencoder", [1] * 17, 1)],
)
def test_networks_of_absurd_depth(path, tmp_path, architecture, filters, kernel_size):
    content, _ = read_model_file(path)
    network = {"filters": {"type": "tuple", "items": filters}, "kernel_size": kernel_size}
    content["network"].update(network, architecture=architecture)
    shapes = WEIGHT_SHAPES[architecture](1, filters, kernel_size)
    arrays = {f"weight_{n:03d}": np.zeros(shape, "f4") for n, shape in enumerate(shapes)}
    write_model_file(tmp_path / "deep", content, arrays)
    with pytest.raises(ModelFileError, match="levels is not to be expected"):
        load(tmp_path / "deep")


@pytest.mark.parametrize(
    ("n_channels", "filters", "kernel_size"),
    [(2**31 - 1, [4], 3), (1, [2**30], 3), (1, [4], 2**30), (1, [4] * 65, 3)],
)
def test_callables_get_no_absurd_numbers(signals, tmp_path, n_channels, filters, kernel_size):
    target = tmp_path / "own.safetensors"
    save(small_denoiser(architecture=own_network).fit(signals, signals), target)

    def change(content):
        items = {"type": "tuple", "items": filters}
        content["network"].update(filters=items, kernel_size=kernel_size)
        content["fitted"]["n_channels_in_"] = n_channels

    forge(target, change)
    with pytest.raises(ModelFileError, match="not to be expected"):
        load(target, architecture=own_network)


def test_one_bank_many_times(signals, tmp_path):
    target = tmp_path / "model.safetensors"
    noise = RecordedNoise(BANK, snr_db=3)
    save(small_denoiser(**LINEAR, scaler=None, noise=noise).fit(signals), target)

    def repeat(content):
        part = content["parameters"]["noise"]
        content["parameters"]["noise"] = {"type": "NoiseSum", "parts": [part] * 1000}

    forge(target, repeat)
    with pytest.raises(ModelFileError, match="noise model of 1000 parts"):
        load(target)

    def repeat_twice(content):
        parts = content["parameters"]["noise"]["parts"]
        content["parameters"]["noise"]["parts"] = parts[:2]

    forge(target, repeat_twice)
    with pytest.raises(ModelFileError, match="arrays are not those"):
        load(target)


def test_large_file_of_nothing(tmp_path):
    """A sparse file takes no place on the disk, and must take none in memory."""
    entry = {"dtype": "F32", "shape": [2**30], "data_offsets": [0, 2**32]}
    metadata = {TEXT: json.dumps({"format": 1, "parameters": {}}), DIGEST: "0"}
    header = json.dumps({"weight_000": entry, "__metadata__": metadata}).encode()
    with open(tmp_path / "m", "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + 2**32)
    tracemalloc.start()
    with pytest.raises(ModelFileError):
        load(tmp_path / "m")
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("history", "loss"), "123"),
        (("history", "loss"), [True]),
        (("history", "loss"), ["nan"]),
        (("fitted", "n_features_in_"), 2**40),
        (("fitted", "feature_names_in_"), "x" * 51),
        (("fitted", "supervision_"), "magic"),
        (("scaler",), 7),
        (("parameters", "filters"), None),
        (("format",), True),
    ],
)
def test_values_that_make_no_sense(path, tmp_path, place, value):
    target = tmp_path / "m"
    target.write_bytes(path.read_bytes())

    def change(content):
        for key in place[:-1]:
            content = content[key]
        content[place[-1]] = value

    forge(target, change)
    with pytest.raises(ModelFileError):
        load(target)


def test_cards(path, tmp_path, capsys):
    target = tmp_path / "m.safetensors"
    target.write_bytes(path.read_bytes())
    forge(target, lambda content: content["card"].update(units="\x1b[31mred"))
    assert main(["info", str(target)]) == 0
    assert "\x1b" not in capsys.readouterr().out
    for rate in ("fast", -1.0, 0):
        forge(target, lambda content: content["card"].update(sampling_rate=rate))  # noqa: B023
        with pytest.raises(ModelFileError, match="damaged model card"):
            read_card(target)
