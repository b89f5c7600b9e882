"""Methods at several levels of noise, and what a task makes of what they give."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from peers import Denoise, Settings, families

from conv_denoiser import ConvDenoiser, denoise, denoise_recording
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import NoiseModel

# Peers that take long are measured on so many of the test signals.
SLOW = {"noisereduce": 8}


class Case(NamedTuple):
    """Test signals with noise of one kind and level."""

    name: str
    clean: np.ndarray
    noisy: np.ndarray

    def first(self, n_signals: int | None) -> "Case":
        """Return the first signals alone."""
        return Case(self.name, self.clean[:n_signals], self.noisy[:n_signals])


class Method(NamedTuple):
    """A way to denoise, in one setting or in many of which the best counts."""

    name: str
    settings: Callable[[], Settings]
    n_signals: int | None = None  # measured on the first ones alone


class Outcome(NamedTuple):
    """What a method came to in one case."""

    gain: float  # dB
    setting: str
    denoised: np.ndarray
    case: Case
    milliseconds: float  # a signal


def cases(clean: np.ndarray, noises: dict[str, NoiseModel]) -> list[Case]:
    """Draw noises, each with a seed of its own."""
    return [Case(name, clean, noise(clean, k)) for k, (name, noise) in enumerate(noises.items())]


def single(name: str, function: Denoise) -> Method:
    """Return a method that has one setting."""
    return Method(name, lambda: iter([(name, function)]))


def peers(rate: float) -> Iterator[Method]:
    """Yield the classical families."""
    for name, settings in families(rate).items():
        yield Method(name, settings, SLOW.get(name))


def networks(clean: np.ndarray, noise: NoiseModel, epochs: int) -> Iterator[Method]:
    """Fit networks to clean signals and a noise model, and yield them."""
    from small_networks import fcn_dae, separable_unet

    yield single("`denoise`, no training", denoise)
    ours = ConvDenoiser("unet", noise=noise, random_state=0)
    yield fitted('`ConvDenoiser("unet")`, nothing else set', ours, clean)
    for name, architecture in (
        ("recipe's network", "autoencoder"),
        ("FCN-DAE", fcn_dae),
        ("separable U-Net", separable_unet),
    ):
        yield fitted(name, small(architecture, noise, epochs, len(clean)), clean)


def small(architecture: object, noise: NoiseModel, epochs: int, n_signals: int) -> ConvDenoiser:
    """Set up a network with a cosine learning rate, and a linear output."""
    import keras

    from conv_denoiser import StandardizePerSample

    steps = epochs * -(-n_signals // 32)
    return ConvDenoiser(
        architecture,
        noise=noise,
        loss="mean_squared_error",
        scaler=StandardizePerSample(),
        epochs=epochs,
        batch_size=32,
        learning_rate=keras.optimizers.schedules.CosineDecay(2e-3, steps),
        validation_split=0,
        random_state=0,
    )


def fitted(name: str, denoiser: ConvDenoiser, clean: np.ndarray) -> Method:
    """Fit a denoiser, and tell how long that took."""
    start = time.perf_counter()
    denoiser.fit(clean)
    seconds = time.perf_counter() - start
    parameters = denoiser.model_.count_params()
    name = f"{name} ({parameters:,} parameters, {seconds:.0f} s)"
    return single(name, lambda X: as_recordings(denoiser, X))


def as_recordings(denoiser: ConvDenoiser, X: np.ndarray) -> np.ndarray:
    """Denoise signals of any length, long ones in windows of the length that was learned."""
    if X.shape[1] == denoiser.n_features_in_:
        return denoiser.transform(X)
    return np.stack([denoise_recording(denoiser, x) for x in X])


def measured(method: Method, case: Case) -> Outcome:
    """Run a method in all its settings, and keep that of the highest gain."""
    case = case.first(method.n_signals)
    before = snr_db(case.clean, case.noisy)
    outcomes = []
    for setting, function in method.settings():
        start = time.perf_counter()
        denoised = function(case.noisy)
        milliseconds = 1e3 * (time.perf_counter() - start) / len(case.noisy)
        gain = float(snr_db(case.clean, np.nan_to_num(denoised))) - float(before)
        outcomes.append(Outcome(gain, setting, denoised, case, milliseconds))
    return max(outcomes, key=lambda outcome: outcome.gain)


def compare(methods: Iterable[Method], all_cases: list[Case]) -> dict[str, list[Outcome]]:
    """Measure methods in all cases; print gains as soon as they are there."""
    found = {}
    heads = ["method", *(case.name for case in all_cases), "ms a signal"]
    print(row(heads), row(["---"] * len(heads)), sep="\n", flush=True)
    for method in methods:
        outcomes = [measured(method, case) for case in all_cases]
        name = method.name
        if len({outcome.setting for outcome in outcomes}) > 1:
            name = f"best {name}"
        if method.n_signals:
            name += f" (on {method.n_signals} signals)"
        found[name] = outcomes
        fastest = min(outcome.milliseconds for outcome in outcomes)
        gains = (f"{outcome.gain:+.1f}" for outcome in outcomes)
        print(row([name, *gains, f"{fastest:.1f}"]), flush=True)
        print({outcome.setting for outcome in outcomes}, file=sys.stderr)
    return found


def row(cells: Iterable[str]) -> str:
    """Return a row of a table in Markdown."""
    return f"| {' | '.join(cells)} |"
