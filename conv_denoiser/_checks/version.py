"""The version of this installation."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("conv-denoiser")
except PackageNotFoundError:  # the same files, with the requirements of devices
    __version__ = version("conv-denoiser-light")
