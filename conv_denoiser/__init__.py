"""Remove noise from 1-D signals with convolutional autoencoders, the scikit-learn way."""

from importlib.metadata import version

from conv_denoiser._blind_spot import BlindSpot
from conv_denoiser.datasets import SignalDataset, SignalGenerator, load_dataset
from conv_denoiser.denoiser import ConvDenoiser
from conv_denoiser.preprocessing import MinMaxPerSample, StandardizePerSample

__all__ = [
    "BlindSpot",
    "ConvDenoiser",
    "MinMaxPerSample",
    "SignalDataset",
    "SignalGenerator",
    "StandardizePerSample",
    "load_dataset",
]
__version__ = version("conv-denoiser")
