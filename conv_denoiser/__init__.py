"""Remove noise from 1-D signals with convolutional autoencoders, the scikit-learn way."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conv_denoiser._checks.version import __version__ as __version__
    from conv_denoiser._checks.warn import DenoisingWarning
    from conv_denoiser.datasets import SignalDataset, SignalGenerator, load_dataset
    from conv_denoiser.denoiser import ConvDenoiser
    from conv_denoiser.distributed.stores import denoise_store
    from conv_denoiser.export.opening import open_model
    from conv_denoiser.gaps import Gaps, find_bad_samples
    from conv_denoiser.persistence import load, save
    from conv_denoiser.preprocessing import MinMaxPerSample, StandardizePerSample
    from conv_denoiser.pretrained import denoise, list_pretrained
    from conv_denoiser.readers import Recording, read_recording, write_recording
    from conv_denoiser.recording import StreamingDenoiser, denoise_recording
    from conv_denoiser.recording.cutting import windows
    from conv_denoiser.supervision.blind_spot import BlindSpot

__all__ = [
    "BlindSpot",
    "ConvDenoiser",
    "DenoisingWarning",
    "Gaps",
    "MinMaxPerSample",
    "Recording",
    "SignalDataset",
    "SignalGenerator",
    "StandardizePerSample",
    "StreamingDenoiser",
    "denoise",
    "denoise_recording",
    "denoise_store",
    "find_bad_samples",
    "list_pretrained",
    "load",
    "load_dataset",
    "open_model",
    "read_recording",
    "save",
    "windows",
    "write_recording",
]

_MODULES = {
    "BlindSpot": "supervision.blind_spot",
    "ConvDenoiser": "denoiser",
    "DenoisingWarning": "_checks.warn",
    "Gaps": "gaps",
    "MinMaxPerSample": "preprocessing",
    "Recording": "readers",
    "SignalDataset": "datasets",
    "SignalGenerator": "datasets",
    "StandardizePerSample": "preprocessing",
    "StreamingDenoiser": "recording",
    "denoise": "pretrained",
    "denoise_recording": "recording",
    "denoise_store": "distributed.stores",
    "find_bad_samples": "gaps",
    "list_pretrained": "pretrained",
    "load": "persistence",
    "load_dataset": "datasets",
    "open_model": "export.opening",
    "read_recording": "readers",
    "save": "persistence",
    "windows": "recording.cutting",
    "write_recording": "readers",
}

_SUBMODULES = (
    *("datasets", "denoiser", "export", "metrics", "noise", "persistence"),
    *("plotting", "preprocessing", "recording", "report", "uncertainty", "waveforms"),
)


if not TYPE_CHECKING:  # a type checker would take any name for one of ours

    def __getattr__(name: str) -> Any:
        """Import a public name on first use; devices that run models have no scikit-learn."""
        if name in _SUBMODULES:
            return import_module(f"{__name__}.{name}")
        modules = {**_MODULES, "__version__": "_checks.version"}  # whose search takes a while
        if name not in modules:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            module = import_module(f"{__name__}.{modules[name]}")
        except ModuleNotFoundError as error:
            raise ImportError(
                f"conv_denoiser.{name} needs {error.name}, which is not installed "
                "(conv-denoiser-light only runs models; conv-denoiser has the rest)."
            ) from error
        value = getattr(module, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
