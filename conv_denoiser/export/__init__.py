"""Denoisers as ONNX files, which run without TensorFlow, Keras and scikit-learn."""

from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser.export.onnx_denoiser import OnnxDenoiser
from conv_denoiser.export.writer import to_onnx

__all__ = ["ModelFileError", "OnnxDenoiser", "to_onnx"]
