"""What denoising did to signals."""

import os
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._atomic import replacing
from conv_denoiser._checks.arrays import with_channels
from conv_denoiser._checks.numbers import check_sampling_rate
from conv_denoiser._typing import JSON, Array, Transformer
from conv_denoiser.gaps import without_gaps
from conv_denoiser.plotting.parts import denoised_by, signals_to_draw
from conv_denoiser.recording import denoise_recording
from conv_denoiser.report.measures import (
    Task,
    bands,
    of_novelty,
    of_removed,
    of_task,
    of_truth,
    widest,
)
from conv_denoiser.report.page import page

__all__ = ["DenoisingReport"]

# From so much in common on, what was removed looks like what was left.
IN_COMMON = 0.2


class DenoisingReport:
    """Did it help? What denoising did to signals, in numbers and on one page.

    Use `from_estimator`, `from_recording` or `from_arrays` to make one.

    Parameters
    ----------
    numbers : dict
        What was measured.
    signals : dict of str to ndarray of shape (n_signals, n_timesteps, n_channels)
        "noisy" and "denoised" signals, and "clean" ones where they are known.
    sampling_rate : float, default=None
        Samples a second (Hz), if known.
    unit : str, default=None
        Unit of the signals, such as "mV".

    See Also
    --------
    conv_denoiser.plotting.ResidualDisplay : What was removed, in more detail.

    Examples
    --------
    >>> from conv_denoiser import SignalGenerator, denoise
    >>> from conv_denoiser.report import DenoisingReport
    >>> noisy, clean, _ = SignalGenerator("ecg", noise=0.1, random_state=0).sample(20)
    >>> report = DenoisingReport.from_arrays(
    ...     noisy, denoise(noisy), clean, task=lambda X: abs(X).max(axis=1).mean()
    ... )
    >>> truth = report.to_dict()["truth"]
    >>> truth["snr_after_db"] > truth["snr_before_db"]
    True
    >>> report.to_html().startswith("<!DOCTYPE html>")
    True
    """

    def __init__(
        self,
        numbers: dict[str, JSON],
        signals: dict[str, Array],
        *,
        sampling_rate: float | None = None,
        unit: str | None = None,
    ) -> None:
        self.numbers = numbers
        self.signals = signals
        self.sampling_rate = sampling_rate
        self.unit = unit

    @classmethod
    def from_estimator(
        cls,
        denoiser: Transformer,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        return_std: bool = False,
        **options: Any,
    ) -> Self:
        """Denoise signals, and look at what that did.

        Parameters
        ----------
        denoiser : fitted estimator
            An object with `transform`.
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals.
        y : array-like of X's shape, default=None
            Clean signals.
        return_std : bool, default=False
            Whether to report where the denoiser is the least sure, by its
            ``predict(X, return_std=True)``.
        **options
            Further arguments of `from_arrays`. `novelty` is known where the denoiser has it.

        Returns
        -------
        DenoisingReport
            The report.
        """
        known: Any = denoiser
        if getattr(known, "profile_", None) is not None:
            options.setdefault("novelty", known.novelty_score(X))
        if not return_std:
            return cls.from_arrays(X, denoised_by(denoiser, X), y, **options)
        denoised, std = known.predict(X, return_std=True)
        return cls.from_arrays(X, denoised, y, std=std, **options)

    @classmethod
    def from_recording(
        cls,
        denoiser: Transformer,
        recording: ArrayLike,
        clean: ArrayLike | None = None,
        *,
        return_std: bool = False,
        **options: Any,
    ) -> Self:
        """Denoise a recording as `denoise_recording` does, and look at what that did.

        Parameters
        ----------
        denoiser : fitted estimator
            An object with `transform`.
        recording : array-like of shape (n_timesteps,) or (n_timesteps, n_channels)
            Noisy recording.
        clean : array-like of recording's shape, default=None
            The same without noise.
        return_std : bool, default=False
            Whether to report where the denoiser is the least sure.
        **options
            Further arguments of `from_arrays`. A `task` is given arrays of the shape (1,
            n_timesteps, n_channels).

        Returns
        -------
        DenoisingReport
            The report.
        """
        noisy = np.asarray(recording)
        outputs = denoise_recording(denoiser, noisy, return_std=return_std)
        denoised, std = outputs if return_std else (outputs, None)
        return cls.from_arrays(
            noisy[np.newaxis],
            denoised[np.newaxis],
            None if clean is None else np.asarray(clean)[np.newaxis],
            std=None if std is None else std[np.newaxis],
            **options,
        )

    @classmethod
    def from_arrays(
        cls,
        noisy: ArrayLike,
        denoised: ArrayLike,
        clean: ArrayLike | None = None,
        *,
        std: ArrayLike | None = None,
        novelty: ArrayLike | None = None,
        task: Task | None = None,
        sampling_rate: float | None = None,
        unit: str | None = None,
    ) -> Self:
        """Look at what denoising did to signals.

        Parameters
        ----------
        noisy, denoised : array-like of shape (n_signals, n_timesteps[, n_channels])
            Signals before and after, of 8 timesteps or more. Gaps are bridged by straight lines.
        clean : array-like of noisy's shape, default=None
            Clean signals.
        std : array-like of noisy's shape, default=None
            Predicted standard deviations of the errors.
        novelty : array-like of shape (n_signals,), default=None
            How unlike the signals of its training the denoiser finds these, by `novelty_score`.
        task : callable, default=None
            What the signals are for: ``task(signals)`` returns a number, or numbers by name, such
            as the sensitivity of a detector or the accuracy of a classifier. It is called with the
            noisy, the denoised and, where there are any, the clean signals, in noisy's shape.
        sampling_rate : float, default=None
            Samples a second (Hz).
        unit : str, default=None
            Unit of the signals, such as "mV".

        Returns
        -------
        DenoisingReport
            The report.

        Raises
        ------
        ValueError
            If the arrays do not belong together, or are shorter than 8 timesteps.
        """
        rate = check_sampling_rate(sampling_rate)
        given = signals_to_draw(noisy, denoised, clean)
        n_timesteps = given["noisy"].shape[1]
        if n_timesteps < 8:
            raise ValueError(f"A report needs signals of at least 8 timesteps. Got {n_timesteps=}.")
        signals = {
            name: without_gaps(with_channels(array).astype(np.float64))
            for name, array in given.items()
        }
        numbers = _numbers(signals, None if std is None else np.asarray(std), rate)
        if novelty is not None:
            numbers["novelty"] = of_novelty(np.asarray(novelty), len(signals["noisy"]))
        if task is not None:
            numbers["task"] = of_task(task, given)
        return cls(numbers, signals, sampling_rate=rate, unit=unit)

    @property
    def doubts(self) -> list[str]:
        """What speaks against the result, in words."""
        return list(_doubts(self.numbers))

    def to_dict(self) -> dict[str, JSON]:
        """Return all numbers, which JSON can hold.

        Returns
        -------
        dict
            ``n_signals``, ``n_timesteps``; ``removed``: the level of white noise before and after,
            the standard deviation of what was removed, the correlation of its neighbouring samples
            (of white noise 0) and that with the output; ``bands``: power by frequency in dB to all
            of the noisy signals; ``truth``: signal-to-noise ratios in dB and the share of signals
            that are worse than before, or None; ``widest``: where the denoiser is the least sure,
            or None; ``novelty``: how unlike the training signals these are, or None; ``task``:
            results by name, before and after, or None.
        """
        return {**self.numbers, "doubts": self.doubts}

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return one page with numbers and figures, which needs no other file.

        Parameters
        ----------
        path : path-like, default=None
            File to write the page to, too.

        Returns
        -------
        str
            The page.
        """
        text = page(self.to_dict(), self.signals, self.sampling_rate, self.unit)
        if path is not None:
            with replacing(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
        return text


def _numbers(
    signals: dict[str, Array], std: Array | None, sampling_rate: float | None
) -> dict[str, JSON]:
    noisy, denoised, clean = signals["noisy"], signals["denoised"], signals.get("clean")
    if std is not None and std.size != noisy.size:
        raise ValueError(f"std has shape {std.shape}, but the signals have {noisy.shape}.")
    return {
        "n_signals": len(noisy),
        "n_timesteps": noisy.shape[1],
        "removed": of_removed(noisy, denoised),
        "bands": bands(noisy, denoised, clean, sampling_rate),
        "truth": None if clean is None else of_truth(noisy, denoised, clean),
        "widest": None if std is None else widest(std.reshape(noisy.shape)),
        "novelty": None,
        "task": None,
    }


def _doubts(numbers: dict[str, JSON]) -> Iterator[str]:
    truth, removed = numbers["truth"], numbers["removed"]
    if truth is not None and truth["share_worse"] > 0:
        yield f"{truth['share_worse']:.0%} of the signals are farther from the truth than before."
    if numbers["novelty"] is not None and numbers["novelty"]["warning"] is not None:
        yield numbers["novelty"]["warning"]
    in_common = removed["removed_output_correlation"]
    if abs(in_common) > IN_COMMON:
        yield (
            f"What was removed resembles what was left (correlation {in_common:.2f}): part of the "
            "signal went with the noise, or noise was added."
        )
    neighbours = removed["removed_autocorrelation"]
    if neighbours is not None and abs(neighbours) > IN_COMMON:
        yield (
            f"What was removed is not white (correlation of neighbours {neighbours:.2f}). If the "
            "noise was, part of the signal went with it."
        )
    for name, results in (numbers["task"] or {}).items():
        if "clean" in results and _farther(results):
            yield f"{name} is farther from that of clean signals after denoising than before."


def _farther(results: dict[str, float]) -> bool:
    before, after = (abs(results[name] - results["clean"]) for name in ("noisy", "denoised"))
    return after > before
