"""Denoisers as ONNX files, which run without TensorFlow, Keras and scikit-learn."""

from conv_denoiser.export.onnx_denoiser import OnnxDenoiser
from conv_denoiser.export.writer import to_onnx
from conv_denoiser.model_files.errors import ModelFileError

__all__ = ["ModelFileError", "OnnxDenoiser", "to_onnx"]
