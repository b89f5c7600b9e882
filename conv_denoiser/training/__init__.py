"""How a network learns."""

from conv_denoiser.networks import backend  # noqa: F401  before scikeras, which starts TensorFlow
from conv_denoiser.training.schedules import cosine_decay

__all__ = ["cosine_decay"]
