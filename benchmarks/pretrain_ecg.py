"""Train the model "ecg": the pretrained U-Net goes on learning from real ECGs.

    python benchmarks/pretrain_ecg.py --data FOLDER --output FOLDER
    python benchmarks/pretrain_ecg.py --data FOLDER --output FOLDER --hold-out 103 115 209 222

It is a fit as any other: clean windows, noise drawn afresh every epoch, a checkpoint after each,
from which the same command goes on if it was cut. Windows of 1,024 samples come from the 16
training records of benchmarks/ecg.py, which says what FOLDER holds; every other one is negated, as
leads may be. Records that are held out take no part in training; what is gained on them chose the
mix and the number of epochs. The six test records never take part: benchmarks/ecg_patients.py
reports on them, with the second halves of the recorded noises, of which the first are used here.
"""

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from ecg import RATE, TRAIN, read
from pretrain_unet import log_error
from scipy.signal import butter, sosfiltfilt

from conv_denoiser import ConvDenoiser, SignalGenerator
from conv_denoiser.metrics import snr_improvement_db
from conv_denoiser.model_files.container import write_model_file
from conv_denoiser.noise import GaussianNoise, NoiseModel, RecordedNoise
from conv_denoiser.noise.base import ScaledNoise, Strength
from conv_denoiser.training import cosine_decay

WINDOW, BATCH = 1024, 32
FLAT = 0.02  # mV
WANDER = 0.5  # Hz; slower parts of a record are its own wander
# How often signals get white noise, recorded noise, generated electrode motion, and all of them.
MIXES = {"even": (1, 1, 1, 1), "white": (4, 2, 1, 2)}


@dataclass(frozen=True, repr=False)
class ResampledNoise(ScaledNoise):
    """White noise of a lower sampling rate, as it is after resampling to this one."""

    scale: Strength | None = None
    snr_db: Strength | None = None

    def _unit_noise(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        rates = np.exp(rng.uniform(np.log(80), np.log(RATE), (len(clean), 1)))
        spectrum = np.fft.rfft(rng.standard_normal(clean.shape[:2]), axis=1)
        spectrum *= np.fft.rfftfreq(clean.shape[1], 1 / RATE) < rates / 2
        noise = np.fft.irfft(spectrum, clean.shape[1], axis=1) * np.sqrt(RATE / rates)
        return noise.reshape(clean.shape).astype(clean.dtype)


@dataclass(frozen=True, repr=False)
class ElectrodeMotion(ScaledNoise):
    """Steps that decay exponentially, as where an electrode is pushed, and brief bursts."""

    scale: Strength | None = None
    snr_db: Strength | None = None

    def _unit_noise(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        n_signals, n_timesteps = clean.shape[:2]
        t = np.arange(n_timesteps) / RATE
        noise = np.zeros((n_signals, n_timesteps))
        for _ in range(3):
            noise += self._steps(t, n_signals, rng)
        noise += self._bursts(t, n_signals, rng)
        noise -= noise.mean(axis=1, keepdims=True)
        rms = np.sqrt(np.mean(np.square(noise), axis=1, keepdims=True))
        return (noise / np.where(rms == 0, 1, rms)).reshape(clean.shape).astype(clean.dtype)

    @staticmethod
    def _steps(t: np.ndarray, n_signals: int, rng: np.random.Generator) -> np.ndarray:
        column = (n_signals, 1)
        # Some began before the signal does.
        since = t - rng.uniform(-0.5, t[-1], column)
        rise, decay = (
            np.exp(rng.uniform(*np.log(ends), column)) for ends in ((0.003, 0.1), (0.1, 2))
        )
        height = rng.standard_normal(column) * rng.integers(2, size=column)
        after = np.maximum(since, 0)
        return height * (np.exp(-after / decay) - np.exp(-after / rise))

    @staticmethod
    def _bursts(t: np.ndarray, n_signals: int, rng: np.random.Generator) -> np.ndarray:
        column = (n_signals, 1)
        centre, width = rng.uniform(0, t[-1], column), rng.uniform(0.03, 0.3, column)
        envelope = np.exp(-0.5 * ((t - centre) / width) ** 2)
        carrier = np.zeros((n_signals, t.size))
        for _ in range(4):
            frequency = np.exp(rng.uniform(np.log(1), np.log(40), column))
            phase = rng.uniform(0, 2 * np.pi, column)
            carrier += rng.standard_normal(column) * np.sin(2 * np.pi * frequency * t + phase)
        return rng.normal(0, 0.5, column) * envelope * carrier


@dataclass(frozen=True)
class OneOf(NoiseModel):
    """One of several noises for each signal, so many times in all of them."""

    parts: tuple[NoiseModel, ...]
    shares: tuple[float, ...]

    def sample(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the noise alone."""
        chances = np.array(self.shares) / sum(self.shares)
        chosen = rng.choice(len(self.parts), len(clean), p=chances)
        noise = np.zeros_like(clean)
        for number, part in enumerate(self.parts):
            rows = np.flatnonzero(chosen == number)
            if rows.size:
                noise[rows] = part.sample(clean[rows], rng)
        return noise


def recorded(data: Path, name: str, half: int, snr_db: Strength) -> RecordedNoise:
    """Take the first (0) or the second (1) half of a recorded noise."""
    samples = read(data / f"noise_{name}.npy")
    return RecordedNoise(np.split(samples, [samples.size // 2])[half], snr_db=snr_db)


def training_noise(data: Path, mix: str) -> NoiseModel:
    """Return the noise that the model learns to remove."""

    def wander_and_muscle(low: float, high: float) -> NoiseModel:
        both = [recorded(data, name, 0, (low, high)) for name in ("bw", "ma")]
        return OneOf((*both, both[0] + both[1]), (1, 1, 2))

    def white(low: float, high: float) -> NoiseModel:
        return OneOf(
            (GaussianNoise(snr_db=(low, high)), ResampledNoise(snr_db=(low, high))), (2, 1)
        )

    everything = white(0, 30) + wander_and_muscle(0, 20) + ElectrodeMotion(snr_db=(0, 20))
    parts = (
        white(-5, 30),
        wander_and_muscle(-3, 20),
        ElectrodeMotion(snr_db=(-3, 20)),
        everything,
    )
    return OneOf(parts, MIXES[mix])


def windows(
    data: Path,
    records: list[int],
    stretch: tuple[float, float] = (1, 1),
    *,
    keep_wander: bool = False,
) -> np.ndarray:
    """Cut records into windows of mean 0 and standard deviation 1, without their own wander.

    A baseline that wanders by itself looks like what is to be removed. Windows may be stretched in
    time, each by a factor between two limits, as if hearts beat faster or more slowly.
    """
    rng = np.random.default_rng(records)
    cut = []
    for record in records:
        samples = read(data / f"{record}.npy")
        samples = samples if keep_wander else without_wander(samples)
        starts = np.arange(0, samples.size - 2 * WINDOW, WINDOW)[:, np.newaxis]
        factors = np.exp(rng.uniform(*np.log(stretch), starts.shape))
        cut.append(
            np.interp(starts + np.arange(WINDOW) / factors, np.arange(samples.size), samples)
        )
    return standardized(np.concatenate(cut, dtype=np.float32))


def without_wander(samples: np.ndarray) -> np.ndarray:
    """Take off what is slower than hearts, in both directions of time."""
    sections = butter(2, WANDER, "highpass", fs=RATE, output="sos")
    return sosfiltfilt(sections, samples)


def standardized(signals: np.ndarray) -> np.ndarray:
    """Scale signals to mean 0 and standard deviation 1; leave flat ones out."""
    signals = signals[signals.std(axis=1) >= FLAT]
    signals = signals - signals.mean(axis=1, keepdims=True)
    return signals / signals.std(axis=1, keepdims=True)


def synthetic(n_signals: int) -> np.ndarray:
    """Draw ECGs of hearts of all kinds, since 16 patients are few."""
    generator = SignalGenerator("ecg", n_timesteps=3 * WINDOW, sampling_rate=RATE, random_state=0)
    longer = without_wander(generator.sample(n_signals).clean)
    return standardized(longer[:, WINDOW : 2 * WINDOW].astype(np.float32))


def signals_to_learn(data: Path, records: list[int]) -> np.ndarray:
    """Return windows as they are, windows stretched in time, and synthetic ECGs, half negated."""
    plain = windows(data, records)
    stretched = windows(data, records, (0.7, 1.4))
    signals = np.concatenate([plain, stretched, synthetic(len(plain) // 2)])
    signals[1::2] *= -1
    return signals


def test_noises(data: Path) -> dict[str, NoiseModel]:
    """Return noises of which the model has seen no sample."""
    both = recorded(data, "bw", 1, 0) + recorded(data, "ma", 1, 0)
    return {
        "white, 6 dB": GaussianNoise(snr_db=6),
        "white noise resampled, 6 dB": ResampledNoise(snr_db=6),
        "bw + ma, 0 dB": both,
        "electrode motion, 0 dB": ElectrodeMotion(snr_db=0),
    }


def report(denoiser: ConvDenoiser, data: Path, records: list[int]) -> None:
    """Print what is gained on records that took no part."""
    for record in records:
        clean = windows(data, [record])[::4]
        for name, noise in test_noises(data).items():
            noisy = noise(clean, record)
            gain = snr_improvement_db(clean, denoiser.transform(noisy), noisy)
            print(f"{record}: {name}: {gain:+.2f} dB", flush=True)


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds ecg/100.npy ...")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--mix", choices=MIXES, default="even")
    parser.add_argument("--hold-out", type=int, nargs="*", default=[], choices=TRAIN)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    folder = options.data / "ecg"
    records = [record for record in TRAIN if record not in options.hold_out]
    clean = signals_to_learn(folder, records)
    rate = cosine_decay(1e-3, options.epochs * -(-len(clean) // BATCH), warmup=0.02)
    denoiser = ConvDenoiser(
        "unet",
        init="pretrained",
        loss=log_error,
        noise=training_noise(folder, options.mix),
        optimizer=keras.optimizers.Adam(rate, clipnorm=1.0),
        epochs=options.epochs,
        batch_size=BATCH,
        validation_split=0,
        checkpoint=options.output / "checkpoint.safetensors",
        random_state=options.seed,
        verbose=2,
    ).fit(clean)
    report(denoiser, folder, options.hold_out)
    # To the precision of float16, in which the weights compress well, at no loss.
    weights = [w.astype(np.float16).astype(np.float32) for w in denoiser.model_.get_weights()]
    denoiser.model_.set_weights(weights)
    report(denoiser, folder, options.hold_out)
    arrays = {f"weight_{number:03d}": array for number, array in enumerate(weights)}
    card = {"card": "U-Net, benchmarks/pretrain_ecg.py"}
    write_model_file(options.output / "ecg.safetensors", card, arrays)
    with open(options.output / "log.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(denoiser.history_)
        writer.writerows(zip(*denoiser.history_.values(), strict=True))


if __name__ == "__main__":
    main()
