"""A look at what a denoiser does, right after its fit: numbers, and doubts about them."""

from collections.abc import Iterator
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._typing import Array
from conv_denoiser.level.estimate import NORMAL_MAD
from conv_denoiser.metrics import snr_improvement_db
from conv_denoiser.noise import estimate_noise
from conv_denoiser.supervision.batches import Rows
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.supervision.task import Synthetic
from conv_denoiser.training.plan import Trained

__all__ = ["Diagnostics", "diagnose", "doubts", "pairs", "verdict"]

# Signals that are looked at, and samples of all of them together.
MAX_SIGNALS, MAX_SAMPLES = 32, 2**18
# Fewer training steps than this leave a network that was not trained before as good as untrained.
FEW_STEPS = 100
# A spread that shrinks by more than this is as good as a flat line.
SHRUNK = 3
# From shorter signals no level of noise can be told.
SHORT = 32
# Outliers are so many robust deviations away, and twice as far as the farthest of as many samples
# of noise as heavy-tailed as Laplace's. One may be an invalid code, which is no loss.
FAR, FEW_OUTLIERS = 6.0, 2
FROM_NOISY_ALONE = ("blind_spot", "recorrupted")


class Outliers(TypedDict):
    """What lies far beyond the rest of what was removed, in the units of X."""

    n_outliers: int
    largest_outlier: float | None
    largest_outlier_signal: int | None  # its place in X
    largest_outlier_timestep: int | None


class Diagnostics(Outliers):
    """What a fit came to, on a few signals; deviations are in the units of X."""

    n_signals: int  # looked at
    held_out: bool  # whether they took no part in training
    n_steps: int  # of training, in all fits
    pretrained: bool  # whether they began with weights of the package
    input_std: float
    output_std: float
    removed_std: float
    noise_std: float | None  # white noise, estimated from the input
    snr_improvement_db: float | None  # where there are targets
    loss_ratio: float | None  # validation over training loss, at the best epoch


def diagnose(trained: Trained, signals: Signals) -> Diagnostics | None:
    """Denoise a few signals that were held out from training, else some that were not.

    Return None where all of them have gaps.
    """
    training, validation = trained.plan.rows
    held_out = validation is not None
    few = _few(signals, training if validation is None else validation)
    if len(few) == 0:
        return None
    noisy, target = pairs(few, trained)
    denoised = trained.network.denoise(noisy, compiled=False)
    removed, gain = noisy - denoised, None
    if target is not None:
        with np.errstate(divide="ignore"):
            gain = float(snr_improvement_db(target, denoised, noisy))
    return Diagnostics(
        n_signals=len(noisy),
        held_out=held_out,
        n_steps=trained.n_steps,
        pretrained=trained.plan.initial_weights is not None,
        input_std=_spread(noisy),
        output_std=_spread(denoised),
        removed_std=_spread(removed),
        noise_std=_noise(noisy),
        snr_improvement_db=gain if gain is None or np.isfinite(gain) else None,
        loss_ratio=_loss_ratio(trained),
        **_outliers(removed, few.numbers),
    )


def doubts(diagnostics: Diagnostics, supervision: str) -> list[str]:
    """Say what makes a fit doubtful, with the numbers and the way out."""
    return list(_doubts(diagnostics, supervision))


def verdict(diagnostics: Diagnostics) -> str:
    """Say in one line what a fit came to."""
    where = "held-out" if diagnostics["held_out"] else "training"
    n_signals = diagnostics["n_signals"]
    parts = [f"on {n_signals} {where} signal{'s' * (n_signals > 1)}"]
    gain, noise = diagnostics["snr_improvement_db"], diagnostics["noise_std"]
    if gain is not None:
        parts.append(f"SNR {gain:+.1f} dB")
    if noise is not None:
        parts.append(f"noise estimated {noise:.3g}")
    parts.append(f"removed {diagnostics['removed_std']:.3g}")
    return ", ".join(parts)


def _doubts(numbers: Diagnostics, supervision: str) -> Iterator[str]:
    if numbers["n_steps"] < FEW_STEPS and not numbers["pretrained"]:
        yield (
            f"The network made {numbers['n_steps']} training steps, in which it can hardly learn. "
            "Raise the number of epochs, or lower batch_size, until there are 1,000 or more."
        )
    yield from _doubts_of_result(numbers, from_noisy_alone=supervision in FROM_NOISY_ALONE)
    ratio = numbers["loss_ratio"]
    if ratio is not None and ratio > 2:
        yield (
            f"The validation loss is {ratio:.1f} times the training loss: the network knows its "
            "training signals by heart. Pass more signals, a smaller network, or "
            "early_stopping=True."
        )


def _doubts_of_result(numbers: Diagnostics, *, from_noisy_alone: bool) -> Iterator[str]:
    gain, noise = numbers["snr_improvement_db"], numbers["noise_std"]
    if gain is not None and gain < 0:
        where = "held-out" if numbers["held_out"] else "training"
        yield (
            f"The denoised signals are worse than the noisy ones, by {-gain:.1f} dB on "
            f"{numbers['n_signals']} {where} signals. Train longer or on more signals, or try "
            "architecture='unet'; conv_denoiser.denoise needs no training."
        )
    elif _is_flat(numbers):
        yield (
            f"The denoised signals are nearly flat: their standard deviation is "
            f"{numbers['output_std']:.3g}, that of the noisy signals {numbers['input_std']:.3g}, "
            f"and of their noise about {noise or 0:.3g}. Train longer or on more signals."
        )
    elif from_noisy_alone and noise and numbers["removed_std"] > 2 * noise:
        yield (
            f"What is removed has a standard deviation of {numbers['removed_std']:.3g}, but the "
            f"white noise in the signals one of about {noise:.3g}: signal may be lost. Look at it "
            "with ResidualDisplay, and train longer or on more signals."
        )
    if from_noisy_alone and numbers["n_outliers"] >= FEW_OUTLIERS:
        yield (
            f"Of what is removed, {numbers['n_outliers']} samples lie far beyond all others, the "
            f"largest, {numbers['largest_outlier']:.3g}, at timestep "
            f"{numbers['largest_outlier_timestep']} of X[{numbers['largest_outlier_signal']}]. "
            "Where these are events of one or two samples, such as clicks or strikes, they are "
            "lost: noisy signals alone do not tell them from noise. Learn from clean signals, or "
            "use conv_denoiser.denoise, which keeps them."
        )


def _is_flat(numbers: Diagnostics) -> bool:
    """Tell whether the output varies far less than the input, and than noise explains."""
    before, after = numbers["input_std"] ** 2, numbers["output_std"] ** 2
    signal = before - (numbers["noise_std"] or 0) ** 2
    return after * SHRUNK**2 < min(before, signal)


def _few(signals: Signals, rows: Rows) -> Signals:
    """Return some of the signals that count and miss no sample; few are read to find them."""
    numbers = np.arange(len(signals))[rows]
    if signals.weight is not None:
        numbers = numbers[signals.weight[numbers] > 0]
    n_wanted = max(1, min(MAX_SIGNALS, MAX_SAMPLES // signals.X[0].size))
    numbers = _thinned(numbers, 4 * n_wanted)
    some = signals.rows(numbers)
    complete = np.isfinite(some.X).all(axis=(1, 2))
    if some.y is not None:
        complete &= np.isfinite(some.y).all(axis=(1, 2))
    return some.rows(_thinned(np.flatnonzero(complete), n_wanted))


def _thinned(numbers: NDArray[np.intp], n_wanted: int) -> NDArray[np.intp]:
    """Return at most so many of the numbers, evenly spread."""
    return numbers[:: max(1, ceil_div(len(numbers), n_wanted))]


def pairs(signals: Signals, trained: Trained) -> tuple[Array, Array | None]:
    """Return noisy signals, and their targets if there are any."""
    supervision = trained.plan.problem.supervision
    if isinstance(supervision, Synthetic):
        rng = np.random.default_rng(trained.plan.seed)
        return supervision.noise(signals.X, rng), signals.X
    return signals.X, signals.y


def _spread(X: Array) -> float:
    """Return the standard deviation about the mean of each signal and channel."""
    return float(np.sqrt(np.mean(X.var(axis=1, dtype=np.float64))))


def _outliers(removed: Array, numbers: NDArray[np.intp] | None) -> Outliers:
    removed = removed - np.median(removed, axis=1, keepdims=True)
    size = np.abs(removed)
    deviation = np.median(size, axis=1, keepdims=True) / NORMAL_MAD
    limit = max(FAR, 2 * np.log(removed.size))
    outside = np.where(size > limit * deviation, size, 0) * (deviation > 0)
    if not outside.any():
        return Outliers(
            n_outliers=0,
            largest_outlier=None,
            largest_outlier_signal=None,
            largest_outlier_timestep=None,
        )
    place = np.unravel_index(np.argmax(outside), outside.shape)
    return Outliers(
        n_outliers=int(np.count_nonzero(outside)),
        largest_outlier=float(removed[place]),
        largest_outlier_signal=int(place[0] if numbers is None else numbers[place[0]]),
        largest_outlier_timestep=int(place[1]),
    )


def _noise(X: Array) -> float | None:
    """Estimate the level of white noise, over all signals; None where they are too short."""
    if X.shape[1] < SHORT:
        return None
    return float(np.sqrt(np.mean(np.square(estimate_noise(X.astype(np.float64))))))


def _loss_ratio(trained: Trained) -> float | None:
    """Return the validation loss over the training loss, where both are positive."""
    if "val_loss" not in trained.history or trained.best_epoch is None:
        return None
    losses = (trained.history[name][trained.best_epoch - 1] for name in ("val_loss", "loss"))
    validation, training = losses
    return validation / training if min(validation, training) > 0 else None
