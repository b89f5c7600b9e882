"""Did it help? What denoising did to signals, in numbers and on one page."""

from conv_denoiser.report.report import DenoisingReport

__all__ = ["DenoisingReport"]
