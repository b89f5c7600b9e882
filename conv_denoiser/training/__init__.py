"""How a network learns."""

from conv_denoiser.networks import backend  # noqa: F401  before scikeras, which starts TensorFlow
