"""ONNX files of others, and damaged ones, are refused in one sentence."""

import json

import numpy as np
import onnx
import pytest

from conv_denoiser.export import ModelFileError, OnnxDenoiser


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        OnnxDenoiser(tmp_path / "missing.onnx")


@pytest.mark.parametrize(
    "content", [b"", b"no model", b"\x08\x07", np.random.default_rng(0).bytes(1000)], ids=len
)
def test_no_onnx_file(content, tmp_path):
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(ModelFileError, match=r"(is not an ONNX file|has no model card)"):
        OnnxDenoiser(tmp_path / "model.onnx")


@pytest.mark.slow
def test_truncated(onnx_file, tmp_path):
    content = onnx_file.read_bytes()
    for length in [*range(0, len(content), 997), len(content) - 1]:
        (tmp_path / "model.onnx").write_bytes(content[:length])
        with pytest.raises(ModelFileError, match=r"model.onnx'"):
            OnnxDenoiser(tmp_path / "model.onnx")


def test_of_somebody_else(onnx_file, tmp_path):
    model = onnx.load(onnx_file)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(ModelFileError, match="no model card .* written by to_onnx"):
        OnnxDenoiser(tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2, "library_version": "9.9"}, r"of format 2, .* 9\.9; .* reads format 1"),
        ({"n_channels": "one"}, "is damaged"),
        ({"n_timesteps": None}, "is damaged"),
        ({"scaled": 1}, "is damaged"),
        ({"n_timesteps": 0}, "is damaged"),
        ({"n_timesteps": 10**13}, "is damaged"),
        ({"n_timesteps": True}, "is damaged"),
        ({"n_channels": 2}, "is damaged"),
        ({"sampling_rate": "fast"}, "is damaged"),
        ({"sampling_rate": -1.0}, "is damaged"),
        ({"format": True}, "of format True"),
    ],
)
def test_of_another_version(change, message, onnx_file, tmp_path):
    model = onnx.load(onnx_file)
    entry = model.metadata_props[0]
    entry.value = json.dumps({**json.loads(entry.value), **change})
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(ModelFileError, match=message):
        OnnxDenoiser(tmp_path / "model.onnx")


@pytest.mark.parametrize("card", ["", "[]", "{}", "{", "null", "3", "[" * 100_000])
def test_card_that_is_none(card, onnx_file, tmp_path):
    model = onnx.load(onnx_file)
    model.metadata_props[0].value = card
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(ModelFileError, match="no model card"):
        OnnxDenoiser(tmp_path / "model.onnx")


def test_graph_with_other_names(onnx_file, tmp_path):
    model = onnx.load(onnx_file)
    old = model.graph.output[0].name
    for node in model.graph.node:
        for index, name in enumerate(node.output):
            if name == old:
                node.output[index] = "other"
    model.graph.output[0].name = "other"
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(ModelFileError, match="is damaged"):
        OnnxDenoiser(tmp_path / "model.onnx")
