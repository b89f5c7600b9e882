"""Numbers about noisy and denoised signals, with and without the truth. Pure functions."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TypedDict

import numpy as np

from conv_denoiser._typing import JSON, Array
from conv_denoiser.metrics import correlation, snr_db, snr_improvement_db
from conv_denoiser.metrics.arrays import welch_spectra
from conv_denoiser.noise import estimate_noise
from conv_denoiser.uncertainty.profile import novelty_in

__all__ = ["Band", "Task", "bands", "of_novelty", "of_removed", "of_task", "of_truth", "widest"]

Task = Callable[[Array], float | Mapping[str, float]]
# Octaves from the highest frequency down, and one band of all that is below.
N_BANDS = 6
N_WIDEST = 5


class Band(TypedDict):
    """Power in a band of frequencies, in dB to all that the noisy signals have."""

    low: float  # Hz, or cycles a sample
    high: float
    noisy_db: float | None
    denoised_db: float | None
    removed_db: float | None
    error_before_db: float | None  # where the truth is known
    error_after_db: float | None


def bands(
    noisy: Array, denoised: Array, clean: Array | None, sampling_rate: float | None
) -> list[Band]:
    """Measure power by band of frequencies, of signals (n_signals, n_timesteps, n_channels)."""
    series = {"noisy": noisy, "denoised": denoised, "removed": noisy - denoised}
    if clean is not None:
        series |= {"error_before": noisy - clean, "error_after": denoised - clean}
    power = {}
    for name, signals in series.items():
        frequency, density = welch_spectra(signals, sampling_rate or 1.0, axis=1)
        power[name] = density.mean(axis=(0, 2))
    total = power["noisy"][1:].sum()
    edges = [0.0, *(frequency[-1] / 2.0 ** np.arange(N_BANDS - 1, -1, -1))]
    found: list[Band] = []
    for low, high in pairwise(edges):
        inside = (frequency > low) & (frequency <= high)
        if inside.any():
            levels = {name: _db(values[inside].sum(), total) for name, values in power.items()}
            found.append(
                Band(
                    low=float(low),
                    high=float(high),
                    noisy_db=levels["noisy"],
                    denoised_db=levels["denoised"],
                    removed_db=levels["removed"],
                    error_before_db=levels.get("error_before"),
                    error_after_db=levels.get("error_after"),
                )
            )
    return found


def of_removed(noisy: Array, denoised: Array) -> dict[str, float | None]:
    """Measure what was removed: noise is white, and has nothing in common with the output."""
    removed = noisy - denoised
    before, after = (np.sqrt(np.mean(np.square(estimate_noise(X)))) for X in (noisy, denoised))
    return {
        "noise_before": float(before),
        "noise_after": float(after),
        "removed_std": float(np.sqrt(removed.var(axis=1).mean())),
        "removed_autocorrelation": _neighbours(removed),
        "removed_output_correlation": float(correlation(denoised, removed)),
    }


def of_truth(noisy: Array, denoised: Array, clean: Array) -> dict[str, float]:
    """Measure signals against clean ones."""
    gains = snr_improvement_db(clean, denoised, noisy, average=False)
    return {
        "snr_before_db": float(snr_db(clean, noisy)),
        "snr_after_db": float(snr_db(clean, denoised)),
        "share_worse": float(np.mean(gains < 0)),
        "correlation_before": float(correlation(clean, noisy)),
        "correlation_after": float(correlation(clean, denoised)),
    }


def of_novelty(scores: Array, n_signals: int) -> dict[str, JSON]:
    """Sum up how unlike the training signals others are, and say so where they are."""
    if scores.shape != (n_signals,):
        raise ValueError(f"novelty holds one score a signal. Got {scores.shape}, for {n_signals}.")
    return {
        "median": float(np.median(scores)),
        "highest": float(scores.max()),
        "share_over_1": float(np.mean(scores > 1)),
        "warning": novelty_in(scores),
    }


def of_task(task: Task, series: Mapping[str, Array]) -> dict[str, dict[str, float]]:
    """Return what a task comes to with each of the signals, by name of the result."""
    results: dict[str, dict[str, float]] = {}
    for name, signals in series.items():
        result = task(signals)
        named = result if isinstance(result, Mapping) else {"result": result}
        for key, value in named.items():
            results.setdefault(str(key), {})[name] = float(value)
    return results


def widest(std: Array) -> list[dict[str, JSON]]:
    """Return where the denoiser is the least sure, one place a signal."""
    known = np.where(np.isnan(std), -np.inf, std)
    by_signal = known.reshape(len(std), -1).max(axis=1)
    places = []
    for signal in np.argsort(-by_signal)[:N_WIDEST]:
        timestep, *channel = np.unravel_index(np.argmax(known[signal]), known[signal].shape)
        places.append(
            {
                "signal": int(signal),
                "timestep": int(timestep),
                "channel": int(channel[0]),
                "std": float(by_signal[signal]),
            }
        )
    return [place for place in places if np.isfinite(place["std"])]


def _neighbours(removed: Array) -> float | None:
    """Return the correlation of neighbouring samples; of white noise, it is 0."""
    centred = removed - removed.mean(axis=1, keepdims=True)
    power = np.square(centred).sum()
    return float((centred[:, 1:] * centred[:, :-1]).sum() / power) if power > 0 else None


def _db(power: float, reference: float) -> float | None:
    return float(10 * np.log10(power / reference)) if min(power, reference) > 0 else None
