"""Any model file opens by the same call."""

import subprocess
import sys

import numpy as np
import pytest

from conv_denoiser import load, open_model
from conv_denoiser.export import OnnxDenoiser
from conv_denoiser.export.opening import read_any_card

LIGHT = """
import sys
from conv_denoiser import open_model
print(open_model(sys.argv[1], n_threads=1).n_features_in_)
heavy = {"sklearn", "scipy", "tensorflow", "keras", "matplotlib", "onnx"} & set(sys.modules)
assert not heavy, heavy
"""


def test_files_of_every_kind(model_file, onnx_file, wandering):
    np.testing.assert_array_equal(
        open_model(model_file).transform(wandering), load(model_file).transform(wandering)
    )
    opened = open_model(str(onnx_file), n_threads=2)
    assert isinstance(opened, OnnxDenoiser)
    assert opened.n_threads == 2
    assert read_any_card(onnx_file) == opened.card
    assert read_any_card(model_file)["units"] == "mV"


def test_onnx_needs_no_tensorflow(onnx_file):
    done = subprocess.run([sys.executable, "-c", LIGHT, onnx_file], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("64\n", "")


def test_errors(model_file, tmp_path):
    with pytest.raises(ValueError, match="n_threads is for ONNX files. Got n_threads=2"):
        open_model(model_file, n_threads=2)
    with pytest.raises(ValueError, match=r"must end in \.onnx or \.safetensors. Got 'm\.h5'"):
        open_model("m.h5")
    for suffix in (".onnx", ".safetensors"):
        with pytest.raises(FileNotFoundError, match="No such file"):
            open_model(tmp_path / f"missing{suffix}")
