"""Denoising of more than one machine holds, on Dask; imported for what comes from there alone."""

from functools import partial
from typing import Any

from conv_denoiser import pretrained, recording
from conv_denoiser._checks.elsewhere import is_labelled

__all__ = ["denoise", "denoise_recording", "fit_lazily", "map_rows", "score_rows", "windows"]


def denoise_recording(denoiser: Any, series: Any, *, time_dim: str | None, **options: Any) -> Any:
    """Denoise a recording of Dask's or of xarray's; see `conv_denoiser.denoise_recording`."""
    if is_labelled(series):
        if options.pop("out") is not None:
            raise ValueError("out is for NumPy arrays. Leave it out: what comes is of xarray.")
        from conv_denoiser.distributed.labelled import in_labels

        return in_labels(
            partial(recording.denoise_recording, denoiser, **options), series, time_dim
        )
    from conv_denoiser.distributed import arrays

    return arrays.denoise_recording(denoiser, series, time_dim=time_dim, **options)


def denoise(x: Any, **options: Any) -> Any:
    """Denoise signals of Dask's or of xarray's; see `conv_denoiser.denoise`."""
    if is_labelled(x):
        from conv_denoiser.distributed.labelled import in_labels

        # As arrays have it, time is the second axis of several signals.
        return in_labels(partial(_denoise_by_time, options), x, default=1)
    from conv_denoiser.distributed import arrays

    return arrays.denoise(x, **options)


def map_rows(method: Any, estimator: Any, X: Any, **options: Any) -> Any:
    """Map rows of signals of Dask's by an estimator; see `ConvDenoiser.transform`."""
    from conv_denoiser.distributed import rows

    return rows.map_rows(method, estimator, X, **options)


def score_rows(denoised: Any, X: Any, y: Any, sample_weight: Any) -> float:
    """Score denoised signals of Dask's; see `conv_denoiser.ConvDenoiser.score`."""
    from conv_denoiser.distributed import rows

    return rows.score_rows(denoised, X, y, sample_weight)


def fit_lazily(denoiser: Any, X: Any, y: Any, sample_weight: Any, watcher: Any) -> None:
    """Fit a denoiser to signals of Dask's; see `conv_denoiser.ConvDenoiser.fit`."""
    from conv_denoiser.distributed import training

    training.fit_lazily(denoiser, X, y, sample_weight, watcher)


def windows(recording: Any, length: int, step: int | None) -> Any:
    """Cut a recording of Dask's; see `conv_denoiser.windows`."""
    from conv_denoiser.distributed import cutting

    return cutting.windows(recording, length, step)


def _denoise_by_time(options: dict[str, Any], samples: Any) -> Any:
    """Denoise signals whose first axis is time."""
    if samples.ndim > 3:
        raise ValueError(f"Signals have three dimensions at most. Got {samples.ndim}.")
    exchanged = [(0,), (1, 0), (1, 0, 2)][samples.ndim - 1]
    result = pretrained.denoise(samples.transpose(exchanged), **options)
    if isinstance(result, tuple):
        return tuple(array.transpose(exchanged) for array in result)
    return result.transpose(exchanged)
