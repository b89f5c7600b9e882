"""Any model file as a denoiser."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conv_denoiser.export.onnx_denoiser import OnnxDenoiser

if TYPE_CHECKING:
    from conv_denoiser.denoiser import ConvDenoiser

__all__ = ["MODEL_SUFFIXES", "open_model", "read_any_card"]

MODEL_SUFFIXES = (".onnx", ".safetensors")


def open_model(
    path: str | os.PathLike[str], n_threads: int | None = None
) -> "ConvDenoiser | OnnxDenoiser":
    """Open a model file, whatever wrote it.

    A file of `to_onnx` needs onnxruntime alone; for a file of `save`, TensorFlow is started.

    Parameters
    ----------
    path : path-like
        File that `conv_denoiser.export.to_onnx` (.onnx) or `save` (.safetensors) wrote.
    n_threads : int, default=None
        Threads of one call of an ONNX model; None takes as many as OMP_NUM_THREADS says, or as
        there are cores.

    Returns
    -------
    ConvDenoiser or OnnxDenoiser
        A denoiser for `transform`, `denoise_recording` and `StreamingDenoiser`.

    Raises
    ------
    ValueError
        If the name of the file ends otherwise, or if `n_threads` is given for a file of `save`.
    ModelFileError
        If the file was not written by this library, or is damaged.
    OSError
        If the file cannot be read.

    See Also
    --------
    load : Reads files of `save`, and takes what they cannot hold.
    conv_denoiser.export.OnnxDenoiser : Runs ONNX files.

    Examples
    --------
    >>> from conv_denoiser import ConvDenoiser, SignalGenerator, open_model, save
    >>> X, y = SignalGenerator(random_state=0).sample(20, return_X_y=True)
    >>> denoiser = ConvDenoiser(filters=(4,), epochs=1, random_state=0).fit(X, y)
    >>> path = getfixture("tmp_path") / "parabola.safetensors"
    >>> save(denoiser, path)
    >>> open_model(path).n_features_in_
    150
    """
    if _suffix(path) == ".onnx":
        return OnnxDenoiser(path, n_threads=n_threads)
    if n_threads is not None:
        raise ValueError(
            f"n_threads is for ONNX files. Got n_threads={n_threads!r} for {os.fspath(path)!r}: "
            "set TF_NUM_INTRAOP_THREADS instead."
        )
    from conv_denoiser.persistence import load

    return load(path)


def read_any_card(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the model card of a model file, without starting TensorFlow."""
    if _suffix(path) == ".onnx":
        return OnnxDenoiser(path, n_threads=1).card
    from conv_denoiser.model_files.card import read_card

    return read_card(path)


def _suffix(path: str | os.PathLike[str]) -> str:
    """Return the suffix of a model file, or raise ValueError if it is another."""
    suffix = Path(path).suffix.lower()
    if suffix not in MODEL_SUFFIXES:
        raise ValueError(
            f"A model file must end in {' or '.join(MODEL_SUFFIXES)}. Got {os.fspath(path)!r}."
        )
    return suffix
