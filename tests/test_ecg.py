"""The model "ecg": noise of every kind in electrocardiograms, at any sampling rate."""

import sys
from contextlib import nullcontext as no_word

import numpy as np
import pytest
import pywt
from scipy.signal import butter, detrend, savgol_filter, sosfiltfilt

from conv_denoiser import ConvDenoiser, SignalGenerator, denoise, list_pretrained
from conv_denoiser.cli import main
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import BaselineWander
from conv_denoiser.pretrained import unet


def ecgs(rate=360, seconds=6, n_signals=2):
    """Draw clean ECGs, without the wander that those of the generator have."""
    generator = SignalGenerator(
        "ecg", n_timesteps=int((seconds + 4) * rate), sampling_rate=rate, random_state=1
    )
    wander_off = butter(2, 0.5, "highpass", fs=rate, output="sos")
    clean = sosfiltfilt(wander_off, generator.sample(n_signals).clean)
    return clean[:, int(2 * rate) :][:, : int(seconds * rate)]


@pytest.mark.parametrize("rate", [100, 250, 257.3, 360, 1000])
def test_white_noise_at_any_rate(rate):
    clean = ecgs(rate)
    noisy = clean + 0.1 * np.random.default_rng(0).standard_normal(clean.shape)
    denoised = denoise(noisy, model="ecg", sampling_rate=rate)
    assert denoised.shape == clean.shape
    assert snr_db(clean, denoised) > snr_db(clean, noisy) + 5


def test_what_is_taken_for_signal_elsewhere():
    clean = ecgs()
    noisy = BaselineWander(360, snr_db=0)(clean, rng=0)
    gain = snr_db(clean, denoise(noisy, model="ecg", sampling_rate=360)) - snr_db(clean, noisy)
    assert gain > 5
    assert snr_db(clean, denoise(noisy)) - snr_db(clean, noisy) < 1


def test_a_recorded_ecg():
    clean = detrend(pywt.data.ecg()[np.newaxis].astype(float))
    noise = 0.5 * clean.std() * np.random.default_rng(0).standard_normal(clean.shape)
    error = denoise(clean + noise, model="ecg", sampling_rate=360) - clean
    wander = savgol_filter(error, 361, 3)  # which it takes off this record, too
    assert np.std(error - wander) < 0.5 * np.std(noise)
    assert np.std(wander) < 0.6 * np.std(noise)


def test_shapes_types_units_and_company():
    clean = ecgs(250)
    noisy = clean + 0.1 * np.random.default_rng(0).standard_normal(clean.shape)
    options = {"model": "ecg", "sampling_rate": 250}
    expected = denoise(noisy, **options)
    np.testing.assert_array_equal(denoise(noisy[1], **options), expected[1])
    single = denoise(noisy.astype(np.float32), **options)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, atol=1e-4)
    counts = denoise(np.rint(1000 * noisy).astype(int) + 5000, **options)
    np.testing.assert_allclose((counts - 5000) / 1000, expected, atol=5e-3)
    channels = denoise(np.stack([noisy, 1e30 * noisy], axis=2), **options)
    np.testing.assert_allclose(channels[..., 1] / 1e30, channels[..., 0], atol=1e-6)


@pytest.mark.parametrize("n_timesteps", [2, 50, 1023])
def test_short_and_flat_signals(n_timesteps):
    told = pytest.warns(UserWarning, match="less than a second") if n_timesteps < 250 else no_word()
    with told:
        short = denoise(ecgs()[:, :n_timesteps], model="ecg", sampling_rate=250)
        flat = denoise(np.full(n_timesteps, 5.0), model="ecg", sampling_rate=250)
    assert np.isfinite(short).all()
    assert short.shape == (2, n_timesteps)
    np.testing.assert_allclose(flat, 5, atol=1e-6)


def test_gaps_are_filled_or_kept():
    clean = ecgs()
    noisy = clean + 0.1 * np.random.default_rng(0).standard_normal(clean.shape)
    noisy[0, 500:520] = np.nan
    filled = denoise(noisy, model="ecg", sampling_rate=250)
    assert np.isfinite(filled).all()
    kept = denoise(noisy, model="ecg", sampling_rate=250, gaps="keep")
    np.testing.assert_array_equal(np.isnan(kept), np.isnan(noisy))
    noisy[0] = np.nan
    with pytest.warns(UserWarning, match="1 of 2 signals have no sample"):
        assert np.isnan(denoise(noisy, model="ecg", sampling_rate=250)[0]).all()


def test_an_invalid_code_stays_and_disturbs_nothing():
    clean = ecgs()[:1]
    noisy = clean + 0.1 * np.random.default_rng(0).standard_normal(clean.shape)
    coded = noisy.copy()
    coded[0, 1000] = -163.84
    before, after = (denoise(x, model="ecg", sampling_rate=360) for x in (noisy, coded))
    assert after[0, 1000] == -163.84
    assert np.abs(after - before)[0, np.r_[:990, 1010:2160]].max() < 0.1


@pytest.mark.slow
def test_the_same_as_the_estimator():
    noisy = ecgs(seconds=1024 / 360) + 0.1 * np.random.default_rng(0).standard_normal((2, 1024))
    noisy[1] += np.linspace(0, 50, 1024)  # a trend that stands out
    model = ConvDenoiser.from_pretrained("ecg")
    assert model.n_features_in_ == 1024
    expected = model.transform(noisy)
    np.testing.assert_allclose(denoise(noisy, model="ecg", sampling_rate=360), expected, atol=1e-4)


def test_both_runtimes_agree(monkeypatch):
    noisy = ecgs() + 0.1 * np.random.default_rng(0).standard_normal((2, 2160))
    expected = denoise(noisy, model="ecg", sampling_rate=360)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    unet.ready_unet.cache_clear()
    other = denoise(noisy, model="ecg", sampling_rate=360)
    unet.ready_unet.cache_clear()
    np.testing.assert_allclose(other, expected, atol=1e-5 * np.ptp(expected))


@pytest.mark.slow
def test_fits_begin_with_its_weights():
    clean = ecgs(seconds=1)
    model = ConvDenoiser.from_pretrained(
        "ecg", noise=0.1, epochs=1, learning_rate=1e-9, validation_split=0, random_state=0
    )
    model.fit(clean)
    for learned, weights in zip(model.model_.get_weights(), unet.unet_weights("ecg"), strict=True):
        np.testing.assert_allclose(learned, weights, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "ecg"}, r"has to know how many x has: sampling_rate=360"),
        ({"model": "ecg", "sampling_rate": 5}, "from 50 to 50,000 Hz. Got sampling_rate=5"),
        ({"model": "ecg", "sampling_rate": "fast"}, "sampling_rate"),
        ({"model": "ecg", "sampling_rate": 360, "noise_std": 1}, "are for model='universal'"),
        ({"model": "ecg", "sampling_rate": 360, "return_std": True}, "are for model='universal'"),
        ({"model": "eeg"}, "no model 'eeg'. Expected 'universal' or 'ecg'"),
    ],
)
def test_what_does_not_go_together(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        denoise(np.arange(100.0), **options)


def test_card():
    card = list_pretrained()[-1]
    assert (card.name, card.sampling_rate) == ("ecg", 360)
    assert "ODC-BY 1.0" in card.trained_on
    assert "360 Hz" in repr(card)


def test_command(tmp_path, capsys):
    noisy = ecgs(250)[0] + 0.1 * np.random.default_rng(0).standard_normal(1500)
    source, target = tmp_path / "noisy.npy", tmp_path / "clean.npy"
    np.save(source, noisy)
    command = ["denoise", str(source), "--output", str(target), "--model", "ecg"]
    assert main(command) == 2
    message = capsys.readouterr().err
    assert "noisy.npy does not tell its sampling rate" in message
    assert "--sampling-rate" in message
    assert main([*command, "--sampling-rate", "250"]) == 0
    expected = denoise(noisy, model="ecg", sampling_rate=250)
    np.testing.assert_allclose(np.load(target), expected, atol=1e-9)
    assert main([*command, "--sampling-rate", "250", "--no-resample"]) == 2
    assert "Leave out --no-resample" in capsys.readouterr().err
    assert main([*command, "--sampling-rate", "250", "--strength", "2"]) == 2
    assert "are for denoising without --model" in capsys.readouterr().err


def test_wander_that_is_slower_than_windows():
    clean = ecgs(seconds=30)
    time = np.arange(clean.shape[1]) / 360
    wander = 5 * clean.std() * np.sin(2 * np.pi * 0.1 * time) + 3  # whose mean stays
    denoised = denoise(clean + wander, model="ecg", sampling_rate=360)
    assert snr_db(clean + 3, denoised) > snr_db(clean + 3, clean + wander) + 20
