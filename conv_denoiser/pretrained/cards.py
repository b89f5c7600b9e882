"""What is known of each model that is part of the package."""

from dataclasses import dataclass, fields
from typing import Any

from conv_denoiser.pretrained.ecg import RATE
from conv_denoiser.pretrained.unet import UNET_GRAPH, UNET_WEIGHTS
from conv_denoiser.pretrained.universal import GRAPH, SHA256, WEIGHTS

__all__ = ["PretrainedCard", "list_pretrained"]

RANDOM_SIGNALS = (
    'random signals of 17 families and mixtures of them (waveform "anything"), 512 timesteps each, '
    "with white noise at -5 to 40 dB"
)
LITTLE_NOISE = "signals with little noise: at 30 dB and more it takes away some of what is fast"


@dataclass(frozen=True, kw_only=True)
class PretrainedCard:
    """The card of a model: a plain object that prints as a small table.

    Parameters
    ----------
    name : str
        Name of the model.
    trained_on : str
        Signals and noise that it learned from.
    training : str
        How long it was trained, and by which command.
    not_for : str
        Where it is of no use or does harm.
    license : str
        Licence of its weights.
    sampling_rate : float or None
        Samples a second (Hz) of the signals that it learned from; None where rates are all one.
    n_parameters : int
        Number of its weights.
    n_bytes : int
        Size of its files.
    sha256 : str
        Digest of the file of its weights, which is checked when the model is loaded.
    """

    name: str
    trained_on: str
    training: str
    not_for: str
    license: str
    sampling_rate: float | None
    n_parameters: int
    n_bytes: int
    sha256: str

    def __repr__(self) -> str:
        rows = {field.name: getattr(self, field.name) for field in fields(self)}
        rows["sampling_rate"] = (
            "any" if self.sampling_rate is None else f"{self.sampling_rate:g} Hz"
        )
        for name in ("n_parameters", "n_bytes"):
            rows[name] = f"{rows[name]:,}"
        lines = [f"  {name:13}  {value}" for name, value in rows.items() if name != "name"]
        return "\n".join([f"{type(self).__name__} {self.name!r}", *lines])


def list_pretrained() -> list[PretrainedCard]:
    """List the models that are part of the package.

    `denoise` runs "universal" and "ecg"; `ConvDenoiser.from_pretrained` gives "universal-unet",
    "universal-unet-small" and "ecg".

    Returns
    -------
    list of PretrainedCard
        Cards with the fields ``name``, ``trained_on``, ``training``, ``not_for``, ``license``,
        ``sampling_rate``, ``n_parameters``, ``n_bytes`` and ``sha256``.

    See Also
    --------
    denoise : Denoises with no training.

    Examples
    --------
    >>> from conv_denoiser import list_pretrained
    >>> [card.name for card in list_pretrained()]
    ['universal', 'universal-unet', 'universal-unet-small', 'ecg']
    >>> print(list_pretrained()[0].license)
    BSD-3-Clause
    """
    universal = PretrainedCard(
        name="universal",
        trained_on='random signals of 17 families and mixtures of them (waveform "anything"), with '
        "white noise at -5 to 62 dB, a quarter of them with gaps; no recorded data",
        training="63,722 batches of 32 signals in 78 minutes of two cores, then 17,500 of 256 in "
        "nine minutes of a graphics card (benchmarks/pretrain.py)",
        not_for="noise that is correlated from sample to sample (hum, wandering baselines), which "
        "it takes for signal; signals as fast and irregular as noise, unless its level is given",
        license="BSD-3-Clause",
        sampling_rate=None,
        n_parameters=219_200,
        n_bytes=WEIGHTS.stat().st_size + GRAPH.stat().st_size,
        sha256=SHA256[WEIGHTS.name],
    )
    return [universal, _unet(), _small(), _ecg()]


def _unet() -> PretrainedCard:
    return _of_unet(
        "unet",
        name="universal-unet",
        trained_on=f"{RANDOM_SIGNALS}; no recorded data",
        training="20,160 batches of 64 signals in 62 minutes of two cores, then 26,500 of 512 in "
        "nine minutes of a graphics card (benchmarks/pretrain_unet.py)",
        not_for=f"{LITTLE_NOISE}; a start for fits, where denoise removes more white noise with no "
        "training",
        n_parameters=156_097,
    )


def _small() -> PretrainedCard:
    return _of_unet(
        "unet-small",
        name="universal-unet-small",
        trained_on=f'{RANDOM_SIGNALS}, and what "universal-unet" makes of them; no recorded data',
        training="29,400 batches of 64 signals in 83 minutes of two busy cores, from the strongest "
        'channels of "universal-unet" on (benchmarks/distill_unet.py)',
        not_for=f"{LITTLE_NOISE}; a start for fits of small networks, where denoise removes more "
        "white noise",
        n_parameters=69_569,
    )


def _of_unet(architecture: str, **described: Any) -> PretrainedCard:
    """Return the card of a U-Net that learned from random signals."""
    weights = UNET_WEIGHTS[architecture, "pretrained"]
    return PretrainedCard(
        license="BSD-3-Clause",
        sampling_rate=None,
        n_bytes=weights.stat().st_size,
        sha256=SHA256[weights.name],
        **described,
    )


def _ecg() -> PretrainedCard:
    weights = UNET_WEIGHTS["unet", "ecg"]
    return PretrainedCard(
        name="ecg",
        trained_on="16 records (lead MLII) of the MIT-BIH Arrhythmia Database, as they are and "
        "stretched in time, and synthetic ECGs; with white noise at -5 to 30 dB, wandering "
        "baselines and muscle noise of the MIT-BIH Noise Stress Test Database, and generated "
        "motion of electrodes, at -3 to 20 dB; both by PhysioNet, ODC-BY 1.0: "
        "https://physionet.org/content/mitdb/1.0.0/ and https://physionet.org/content/nstdb/1.0.0/",
        training='6,336 batches of 32 windows, from an earlier "universal-unet" on, in 11 minutes '
        "of two cores (benchmarks/pretrain_ecg.py)",
        not_for="diagnosis: what it gives is what ECGs of 16 patients make likely, and rare beats "
        "may lose their shape; other signals; less than about a second of an ECG; noise of another "
        "kind, such as hum",
        license="BSD-3-Clause; of the data ODC-BY 1.0",
        sampling_rate=RATE,
        n_parameters=156_097,
        n_bytes=weights.stat().st_size + UNET_GRAPH.stat().st_size,
        sha256=SHA256[weights.name],
    )
