"""The dataset factory: clean and noisy signals in memory, in batches or on disk."""

from conv_denoiser.datasets.dataset import SignalDataset, load_dataset
from conv_denoiser.datasets.generator import SignalGenerator

__all__ = ["SignalDataset", "SignalGenerator", "load_dataset"]
