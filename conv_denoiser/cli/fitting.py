"""Fit a denoiser to files, with settings that suit most recordings."""

import warnings

import numpy as np

from conv_denoiser._checks.times import even_grid
from conv_denoiser._typing import Array
from conv_denoiser.denoiser import ConvDenoiser
from conv_denoiser.readers.recording import Recording, holds_signals
from conv_denoiser.recording.checks import as_recording, check_not_infinite_samples
from conv_denoiser.recording.cutting import windows
from conv_denoiser.supervision import BlindSpot

__all__ = ["fit_denoiser"]

VALIDATION_SPLIT = 0.1


def fit_denoiser(
    noisy: Recording,
    clean: Recording | None,
    *,
    architecture: str,
    window: int,
    rows: bool | None,
    noise: float | None,
    width: int | None,
    epochs: int | None,
    random_state: int,
    verbose: int,
) -> tuple[ConvDenoiser, KeyboardInterrupt | None]:
    """Fit a denoiser to the signals of a file, or to windows of a recording.

    A signal that ends the training is returned beside the denoiser, which keeps what it learned
    until then.
    """
    if clean is not None and clean.samples.shape != noisy.samples.shape:
        raise ValueError(
            f"{noisy.name} and {clean.name} do not belong together: their shapes are "
            f"{noisy.samples.shape} and {clean.samples.shape}."
        )
    X = _signals(noisy, noisy, window, rows)
    y = None if clean is None else _signals(clean, noisy, window, rows)
    denoiser = ConvDenoiser(
        architecture,
        noise=noise,
        supervision="auto" if width is None else BlindSpot(width=width),
        epochs=epochs or "auto",
        validation_split=VALIDATION_SPLIT if len(X) >= 10 else 0,
        random_state=random_state,
        verbose=verbose,
    )
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Training was interrupted")
            denoiser.fit(X, y)
    except KeyboardInterrupt as error:
        if not hasattr(denoiser, "model_"):
            raise
        return denoiser, error
    return denoiser, None


def _signals(recording: Recording, timed: Recording, window: int, rows: bool | None) -> Array:
    """Return the signals of a file, or the windows of a recording, which overlap by half."""
    if holds_signals(recording, rows):
        return np.asarray(recording.samples)
    samples = np.asarray(as_recording(recording.samples))
    check_not_infinite_samples(samples)
    if timed.time is not None:
        samples = even_grid(timed.time, len(samples)).spread(samples.T).T
    return windows(samples.reshape(len(samples), -1), min(window, len(samples)))
