"""What the benchmarks measure with: peers that denoise, and tasks that clean signals pass."""

import sys
from pathlib import Path

import numpy as np
import pytest

from conv_denoiser.metrics import snr_improvement_db
from conv_denoiser.noise import GaussianNoise
from conv_denoiser.waveforms.rotating import machines, vibration_of


@pytest.fixture(scope="module", autouse=True)
def benchmarks():
    """Let modules of benchmarks/ import one another, as they do when they run."""
    folder = str(Path(__file__).parents[1] / "benchmarks")
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)


@pytest.mark.parametrize(
    "family", ["wavelets", "savitzky_golays", "low_passes", "spectrum_analyses", "kalman_smoothers"]
)
def test_peers_remove_white_noise(family):
    import peers

    clean = np.tile(np.sin(np.arange(512) / 20), (3, 1))
    noisy = GaussianNoise(scale=0.5)(clean, rng=0)
    gains = [
        snr_improvement_db(clean, denoise(noisy), noisy) for _, denoise in getattr(peers, family)()
    ]
    assert max(gains) > 8
    assert min(gains) > -1


def test_peaks_of_clean_spectra_are_all_found():
    import spectra

    clean = spectra.spectra(5, seed=3)
    found = spectra.search(clean, clean, spectra.PROMINENCE)
    assert found == (1, 1, 1, 0, 0)
    assert spectra.search(clean, clean + 1, spectra.PROMINENCE).found == 1  # of any offset
    assert spectra.search(clean, 0 * clean, spectra.PROMINENCE).found == 0


def test_faulty_bearings_are_told_from_good_ones():
    import vibration

    drawn = machines(16, np.random.default_rng(0))
    time = np.arange(vibration.LENGTH) / vibration.RATE
    signals = vibration_of(drawn, time, np.random.default_rng(1))
    auc, found, lines = vibration.task(drawn, signals)
    assert auc > 0.9
    assert found > 0.9
    assert lines > 0.3
    nothing_left = vibration.task(drawn, 0 * signals)
    assert nothing_left[0] == 0.5
