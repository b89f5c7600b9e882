"""The command ``conv-denoiser``."""

from conv_denoiser.cli.commands import main

__all__ = ["main"]
