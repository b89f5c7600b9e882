"""Each noise model does what its name says, at the strength asked for."""

import copy
import json
import pickle

import numpy as np
import pytest
from sklearn.base import clone

from conv_denoiser import ConvDenoiser, SignalGenerator
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import (
    BaselineWander,
    ColoredNoise,
    GaussianNoise,
    ImpulseNoise,
    LineNoise,
    RecordedNoise,
    noise_from_dict,
)

RATE = 360.0  # Hz
RECORDING = np.random.default_rng(0).normal(size=5000)
STEREO = np.random.default_rng(1).normal(size=(3, 2000, 2))
SINGLE = {
    "white": lambda **strength: GaussianNoise(**strength),
    "pink": lambda **strength: ColoredNoise(1, **strength),
    "blue": lambda **strength: ColoredNoise(-1, **strength),
    "impulse": lambda **strength: ImpulseNoise(0.05, **strength),
    "line": lambda **strength: LineNoise(RATE, **strength),
    "wander": lambda **strength: BaselineWander(RATE, **strength),
    "recorded": lambda **strength: RecordedNoise(RECORDING, **strength),
}
each_model = pytest.mark.parametrize("make", SINGLE.values(), ids=SINGLE)


def spectrum(noise):
    """Mean power of signals by frequency bin."""
    return np.square(np.abs(np.fft.rfft(noise, axis=1))).mean(axis=0)


@each_model
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scale_is_the_root_mean_square(make, dtype):
    silent = np.zeros((400, 700), dtype)
    noisy = make(scale=0.3)(silent, 0)
    assert noisy.dtype == dtype
    assert np.sqrt(np.square(noisy).mean()) == pytest.approx(0.3, rel=0.05)
    assert (silent == 0).all()


def swings(n_signals, n_timesteps, *channels):
    """Return signals of power 1 about 0."""
    signs = np.resize([1.0, -1.0], n_timesteps).reshape(1, -1, *(1,) * len(channels))
    return np.tile(signs, (n_signals, 1, *channels))


@each_model
@pytest.mark.parametrize("channels", [(), (1,), (2,)])
def test_snr_holds_on_average_and_silence_stays_clean(make, channels):
    noise = RecordedNoise(STEREO, snr_db=6) if channels == (2,) else make(snr_db=6)
    amplitude = np.linspace(0, 5, 300).reshape(-1, 1, *(1,) * len(channels))
    level = 1000  # which is no power
    clean = level + amplitude * swings(300, 500, *channels)
    drawn = noise(clean, 0) - clean
    clean -= level
    assert (drawn[0] == 0).all()
    axes = tuple(range(1, clean.ndim))
    ratio = np.square(clean[1:]).mean(axis=axes) / np.square(drawn[1:]).mean(axis=axes)
    assert 10 * np.log10(1 / np.mean(1 / ratio)) == pytest.approx(6, abs=0.5)


@each_model
def test_same_seed_same_noise_and_channels_differ(make):
    clean = np.zeros((2, 300))
    noise = make(scale=1)
    np.testing.assert_array_equal(noise(clean, 5), noise(clean, 5))
    assert (noise(clean, 5) != noise(clean, 6)).any()
    if isinstance(noise, RecordedNoise):
        noise = RecordedNoise(STEREO, scale=1)
    left, right = np.moveaxis(noise(np.zeros((20, 300, 2)), 0), -1, 0)
    assert abs(np.corrcoef(left.ravel(), right.ravel())[0, 1]) < 0.3


@each_model
@pytest.mark.parametrize("n_timesteps", [1, 2, 3])
def test_very_short_signals(make, n_timesteps):
    assert np.isfinite(make(scale=1)(np.zeros((3, n_timesteps)), 0)).all()


@each_model
def test_models_survive_json_pickle_clone_and_search(make):
    noise = make(snr_db=(0, 6))
    again = [
        noise_from_dict(json.loads(json.dumps(noise.to_dict()))),
        pickle.loads(pickle.dumps(noise)),
        copy.deepcopy(noise),
        clone(ConvDenoiser(noise=noise)).noise,
    ]
    for other in again:
        assert other == noise
        assert hash(other) == hash(noise)
        np.testing.assert_array_equal(other(np.ones((2, 50)), 0), noise(np.ones((2, 50)), 0))
    assert noise != make(snr_db=(0, 5))
    assert (noise + GaussianNoise(0.1)).parts == (noise, GaussianNoise(0.1))


@pytest.mark.parametrize("exponent", [-1, 0, 1, 2])
def test_colored_noise_has_its_exponent(exponent):
    power = spectrum(ColoredNoise(exponent, scale=1)(np.zeros((2000, 1024)), 0))
    # Leakage fills the low frequencies of blue noise, and ripples through those of brown.
    bins = np.arange(50, 400)
    slope = np.polyfit(np.log(bins), np.log(power[bins]), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.1)


def test_the_end_of_colored_noise_does_not_meet_its_beginning():
    noise = ColoredNoise(2, scale=1)(np.zeros((500, 200)), 0)
    assert np.abs(noise[:, 0] - noise[:, -1]).mean() > 3 * np.abs(np.diff(noise, axis=1)).mean()


def test_impulses_hit_the_share_of_points_asked_for():
    noise = ImpulseNoise(0.02, scale=0.1)(np.zeros((50, 5000)), 0)
    hit = noise != 0
    assert hit.mean() == pytest.approx(0.02, rel=0.05)
    assert noise[hit].std() == pytest.approx(0.1 / np.sqrt(0.02), rel=0.05)


def test_line_noise_sits_at_the_line_and_its_harmonics():
    power = spectrum(LineNoise(RATE, 50, 3, 0.0, scale=1)(np.zeros((200, 360)), 0))
    peaks = np.flatnonzero(power > 1e-6 * power.max())
    np.testing.assert_array_equal(peaks, [50, 100, 150])
    assert power[50] > power[100] > power[150]


def test_phase_of_line_noise_drifts():
    rng, silent = np.random.default_rng(0), np.zeros((200, 3600))
    steady, drifting = (
        spectrum(LineNoise(RATE, 50, 1, drift, scale=1)(silent, rng)) for drift in (0, 2.0)
    )
    assert steady[500] / steady.sum() > 0.999
    assert drifting[500] / drifting.sum() < 0.5
    assert drifting[450:551].sum() / drifting.sum() > 0.9


def test_harmonics_beyond_half_the_sampling_rate_are_left_out():
    power = spectrum(LineNoise(120.0, 50, 5, 0.0, scale=1)(np.zeros((50, 120)), 0))
    np.testing.assert_array_equal(np.flatnonzero(power > 1e-6 * power.max()), [50])


def test_baseline_wanders_slowly():
    noise = BaselineWander(RATE, 0.5, scale=1)(np.zeros((100, 3600)), 0)
    power = spectrum(noise * np.hanning(3600))
    assert power[:10].sum() / power.sum() > 0.99  # below 1 Hz


def test_recorded_noise_comes_from_the_recording():
    recording = np.arange(1000.0)
    pieces = RecordedNoise(recording)(np.zeros((500, 10)), 0)
    np.testing.assert_allclose(np.diff(pieces, axis=1), 1)
    assert pieces.min() < 50
    assert pieces.max() > 950
    rows = RecordedNoise(np.arange(5.0)[:, None] * np.ones(10))(np.zeros((200, 10)), 0)
    assert set(rows[:, 0]) == {0, 1, 2, 3, 4}
    assert (rows.std(axis=1) == 0).all()


def test_recorded_channels_stay_together():
    bank = np.stack([np.arange(1000.0), -np.arange(1000.0)], axis=-1)[np.newaxis]
    noisy = RecordedNoise(bank)(np.zeros((20, 10, 2)), 0)
    np.testing.assert_array_equal(noisy[..., 0], -noisy[..., 1])


def test_each_piece_of_recorded_noise_has_the_ratio_asked_for():
    bank = np.random.default_rng(0).normal(size=(9, 100)) * np.arange(1, 10)[:, None]
    clean = swings(50, 100)
    power = np.square(RecordedNoise(bank, snr_db=(-7, 2))(clean, 0) - clean).mean(axis=1)
    ratio = -10 * np.log10(power)
    assert -7 <= ratio.min() < -6
    assert 1 < ratio.max() <= 2


def test_bank_is_kept_as_it_was(tmp_path):
    recording = np.ones(100)
    noise = RecordedNoise(recording)
    recording[:] = 5
    assert (noise(np.zeros((1, 10)), 0) == 1).all()
    with pytest.raises(ValueError, match="read-only"):
        noise.bank[0] = 0
    np.save(tmp_path / "bank.npy", recording)
    mapped = np.load(tmp_path / "bank.npy", mmap_mode="r")
    assert np.shares_memory(RecordedNoise(mapped).bank, mapped)
    assert (
        repr(RecordedNoise(mapped, snr_db=3))
        == "RecordedNoise(<bank of shape (1, 100, 1)>, snr_db=3)"
    )


def test_bank_mixes_clean_signals_as_published_protocols_do():
    clean = np.random.default_rng(0).normal(size=(20, 64))
    noise = RecordedNoise(np.random.default_rng(1).normal(size=(30, 64)), snr_db=(-7, 2))
    X, y = SignalGenerator(clean, noise=noise, random_state=0).sample(100, return_X_y=True)
    ratio = snr_db(y, X, average=False)
    assert -7.001 < ratio.min() < ratio.max() < 2.001


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("amplitude", [1e-200, 1e-50, 1e45, 1e200])
def test_very_small_and_large_banks(amplitude, dtype):
    noise = RecordedNoise(amplitude * RECORDING, snr_db=0)
    clean = swings(20, 100).astype(dtype)
    np.testing.assert_allclose(np.square(noise(clean, 0) - clean).mean(axis=1), 1, rtol=1e-5)


def test_silent_pieces_of_a_bank_stay_silent():
    bank = np.zeros((2, 50))
    bank[1] = 7 + swings(1, 50)
    added = RecordedNoise(bank, snr_db=0)(swings(100, 50), 0) - swings(100, 50)
    assert set(np.square(added).mean(axis=1).round(6)) == {0, 1}


def test_the_level_of_recorded_noise_is_none():
    bank = 1024 + np.random.default_rng(0).normal(size=(5, 500))
    noise = RecordedNoise(bank, scale=0.1)(np.zeros((20, 100)), 0)
    np.testing.assert_allclose(noise.std(axis=1), 0.1)


def test_bank_cannot_change_behind_the_models_back():
    recording = np.ones(100)
    view = recording[:]
    view.flags.writeable = False
    noise = RecordedNoise(view)
    recording[:] = 5
    assert (noise.bank == 1).all()
    assert not pickle.loads(pickle.dumps(noise)).bank.flags.writeable


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RecordedNoise([1.0, np.nan]), "noise bank contains NaN.*row 0"),
        (lambda: RecordedNoise([[0.0, 1.0], [np.inf, 0.0]]), "infinity.*first in row 1"),
        (lambda: RecordedNoise([]), r"shape \(0,\)"),
        (lambda: RecordedNoise(["a"]), "real numbers"),
        (lambda: RecordedNoise(np.ones(3) * 1j), "real numbers.*complex"),
        (lambda: RecordedNoise(np.zeros((1, 1, 1, 1))), "n_rows, n_samples, n_channels"),
        (lambda: RecordedNoise([1.0], scale=1, snr_db=1), "or neither.*scale=1, snr_db=1"),
        (lambda: RecordedNoise([1.0], snr_db=(2, -7)), r"low <= high. Got \(2, -7\)"),
        (lambda: RecordedNoise([1.0], scale=-1), "cannot be negative"),
        (lambda: ColoredNoise(1), "either scale .* or snr_db"),
        (lambda: ColoredNoise("pink", scale=1), "exponent of ColoredNoise.*Got 'pink'"),
        (lambda: ColoredNoise(5, scale=1), "at least -4 and at most 4. Got 5"),
        (lambda: ColoredNoise(np.nan, scale=1), "exponent.*Got nan"),
        (lambda: ImpulseNoise(0, scale=1), "rate of ImpulseNoise.*above 0 and at most 1. Got 0"),
        (lambda: ImpulseNoise(1.5, scale=1), "Got 1.5"),
        (lambda: LineNoise(0, scale=1), "sampling_rate of LineNoise.*above 0. Got 0"),
        (lambda: LineNoise(np.inf, scale=1), "sampling_rate.*Got inf"),
        (lambda: LineNoise(100, 50, scale=1), "50 Hz is not below half of sampling_rate=100 Hz"),
        (
            lambda: LineNoise(360, n_harmonics=0, scale=1),
            "n_harmonics must be a positive integer. Got 0",
        ),
        (
            lambda: LineNoise(360, n_harmonics=1.5, scale=1),
            "n_harmonics must be a positive integer. Got 1.5",
        ),
        (lambda: LineNoise(360, phase_drift=-1, scale=1), "phase_drift.*Got -1"),
        (lambda: BaselineWander(1, 0.5, scale=1), "max_frequency=0.5 Hz is not below half"),
        (lambda: BaselineWander(True, scale=1), "Got True"),
    ],
)
def test_bad_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("bank", "shape", "message"),
    [
        (RECORDING[:10], (2, 11), "rows of 10 samples, shorter than the signals of 11"),
        (RECORDING, (2, 10, 2), r"1 channel\(s\), but the signals have 2"),
        (STEREO, (2, 10), r"2 channel\(s\), but the signals have 1"),
        (STEREO, (2, 10, 3), r"2 channel\(s\), but the signals have 3"),
    ],
)
def test_bank_that_does_not_fit(bank, shape, message):
    noise = RecordedNoise(bank, snr_db=0)
    with pytest.raises(ValueError, match=message):
        noise(np.ones(shape), 0)
    with pytest.raises(ValueError, match=message):
        ConvDenoiser(noise=noise).fit(np.ones(shape))


@pytest.mark.parametrize(
    "bank",
    [
        {"shape": [2], "dtype": "<f8", "base64": "AAAA"},
        {"shape": [1], "dtype": "|O", "base64": "AAAAAAAAAAA="},
        {"shape": [1], "dtype": "<f8", "base64": "%"},
        {"shape": [1]},
    ],
)
def test_bad_description_of_a_bank(bank):
    with pytest.raises(ValueError, match=r"as by RecordedNoise\.to_dict"):
        noise_from_dict({"type": "RecordedNoise", "bank": bank})
