"""Vibration of machines with white and pink noise, and whether faulty bearings are still found.

    python benchmarks/vibration.py         # about ten minutes on two cores
    python benchmarks/vibration.py --quick # few signals, short training, for a look

Test signals are 64 of `SignalGenerator("vibration")`, 8,192 samples at 12 kHz, none of which, nor
any like them, took part in training the networks of the package; networks that are fitted here
learn from 2,000 others of that generator, 1,024 samples each, with white noise of -5 to 20 dB and
pink noise of 5 to 40 dB drawn afresh, small ones in 315 steps of 32. The power of pink noise falls
with frequency, as that of an amplifier does. Gains are in dB over the noisy signals, means over
signals. The setting of each classical family is the best for the truth in each case, a help that
users do not have.

The task is to tell faulty bearings from good ones, as diagnosis does: the square of the envelope
above 1 kHz, resampled to the angle of the shaft (a tachometer is assumed), and the share of its
power, from half an order to 20, that is in lines at the order of the bearing, twice and three times
that. `AUC` is the chance that a faulty bearing has a larger share than a good one (0.5: a guess).
`found` is the part of the faulty ones with a larger share than nine in ten good ones; `lines` is
the median share of faulty ones.
"""

import argparse
import warnings
from collections.abc import Iterator

import numpy as np
from common import machine
from levels import Method, Outcome, cases, compare, networks, peers, row, single
from scipy.signal import butter, hilbert, sosfiltfilt
from sklearn.metrics import roc_auc_score

from conv_denoiser import SignalGenerator
from conv_denoiser.noise import ColoredNoise, GaussianNoise
from conv_denoiser.waveforms.rotating import Machines, machines, revolutions, vibration_of

RATE, LENGTH, WINDOW = 12_000, 8192, 1024  # Hz, samples
ABOVE = 1000  # Hz: what rings
STEP, HIGHEST_ORDER = 1 / 64, 20  # revolutions, and how often in one
NOISES = {
    **{f"{level} dB": GaussianNoise(snr_db=level) for level in (-5, 0, 5, 10, 15, 20)},
    "pink, 5 dB": ColoredNoise(1, snr_db=5),
}
LEARNED = GaussianNoise(snr_db=(-5, 20)) + ColoredNoise(1, snr_db=(5, 40))
TASKS = ("-5 dB", "0 dB", "10 dB", "pink, 5 dB")


def shares(drawn: Machines, signals: np.ndarray) -> np.ndarray:
    """Return the share of the envelopes' power that is in lines of the bearings."""
    sections = butter(4, ABOVE, "highpass", fs=RATE, output="sos")
    envelopes = np.abs(hilbert(sosfiltfilt(sections, np.nan_to_num(signals), axis=1))) ** 2
    turns, _ = revolutions(drawn, np.arange(LENGTH), 1 / RATE)
    rows = zip(envelopes, turns, drawn.order[:, 0], strict=False)
    return np.array([share(*each) for each in rows])


def share(envelope: np.ndarray, turned: np.ndarray, order: float) -> float:
    """Return the share of an envelope's power at once, twice and three times an order."""
    angles = np.arange(turned[0], turned[-1], STEP)
    resampled = np.interp(angles, turned, envelope)
    resampled -= resampled.mean()
    power = np.abs(np.fft.rfft(resampled * np.hanning(angles.size))) ** 2
    orders = np.fft.rfftfreq(angles.size, STEP)
    at_lines = np.any([np.abs(orders - k * order) <= 1.5 * orders[1] for k in (1, 2, 3)], axis=0)
    counted = (orders > 0.5) & (orders < HIGHEST_ORDER)
    return float(power[at_lines].sum() / (power[counted].sum() + 1e-20))


def task(drawn: Machines, denoised: np.ndarray) -> tuple[float, float, float]:
    """Return the AUC, the share found, and the median share of faulty bearings."""
    measured = shares(drawn, denoised)
    faulty = drawn.impact[: len(measured), 0] > 0
    found = measured[faulty] > np.quantile(measured[~faulty], 0.9)
    return roc_auc_score(faulty, measured), found.mean(), float(np.median(measured[faulty]))


def task_table(drawn: Machines, outcomes: dict[str, list[Outcome]], name: str) -> None:
    """Print what becomes of the bearings in one case."""
    print(f"\nBearings at {name}:\n")
    print(row(["method", "AUC", "found", "lines"]))
    print(row(["---"] * 4))
    lists = [("clean signals", [o._replace(denoised=o.case.clean) for o in outcomes["nothing"]])]
    for method, found in [*lists, *outcomes.items()]:
        for outcome in found:
            whole = len(outcome.denoised) == len(drawn.speed)  # fewer hold too few good bearings
            if outcome.case.name == name and whole:
                auc, found_share, in_lines = task(drawn, outcome.denoised)
                print(
                    row([method, f"{auc:.3f}", f"{found_share:.0%}", f"{in_lines:.0%}"]), flush=True
                )


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few signals, short training")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(1)
    drawn = machines(16 if quick else 64, rng)
    test = vibration_of(drawn, np.arange(LENGTH) / RATE, rng).astype(np.float32)
    generator = SignalGenerator("vibration", noise=None, n_timesteps=WINDOW, random_state=0)
    train = generator.sample(64 if quick else 2000).clean
    print(f"{machine('onnxruntime', 'scikit-image', 'noisereduce', 'scipy')}\n")
    print(f"{len(test)} machines, gain in dB:\n")

    def methods() -> Iterator[Method]:
        yield single("nothing", lambda X: X)
        yield from peers(RATE)
        yield from networks(train, LEARNED, epochs=1 if quick else 5)

    outcomes = compare(methods(), cases(test, NOISES))
    for name in TASKS:
        task_table(drawn, outcomes, name)


if __name__ == "__main__":
    main()
