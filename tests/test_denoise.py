"""One call, no training: `denoise` on signals of kinds that no test made the network for."""

import hashlib
import random
import re
import subprocess
import sys

import numpy as np
import pytest
import pywt
from kinds import N, pulse, quake, spectrum, steps, t
from scipy.signal import savgol_filter

from conv_denoiser import DenoisingWarning, denoise, list_pretrained
from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser.level import estimate
from conv_denoiser.metrics import snr_db
from conv_denoiser.model_files.container import read_model_file
from conv_denoiser.model_files.onnx_session import open_session
from conv_denoiser.pretrained import universal
from conv_denoiser.pretrained.unet import UNET_WEIGHTS
from conv_denoiser.waveforms import anything

SETTINGS = [(9, 2), (15, 2), (31, 3), (61, 3)]
SIGNALS = [pulse, spectrum, steps, quake]


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).standard_normal((2, N))


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("snr", [6, 14])
def test_better_than_the_best_savitzky_golay_filter(signal, snr, noise):
    clean = np.tile(signal(), (2, 1))
    noisy = clean + noise * clean.std() * 10 ** (-snr / 20)
    best = max(snr_db(clean, savgol_filter(noisy, *setting)) for setting in SETTINGS)
    assert snr_db(clean, denoise(noisy)) >= best


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("snr", [30, 60])
def test_hardly_any_noise_is_no_reason_to_lose_signal(signal, snr, noise):
    clean = np.tile(signal(), (2, 1))
    noisy = clean + noise * clean.std() * 10 ** (-snr / 20)
    assert snr_db(clean, denoise(noisy)) > snr_db(clean, noisy) - 0.1


def test_invalid_codes_do_not_disturb_their_surroundings(noise):
    clean = pulse()
    noisy = clean + 0.1 * noise[0]
    near = np.r_[860:980, 1040:1160]

    def error(artefact):
        return np.sqrt(np.mean((denoise(noisy + artefact) - artefact - clean)[near] ** 2))

    undisturbed = error(0 * t)
    for n_samples, code in ((1, -163.84), (3, 100), (1, 1e6)):
        artefact = np.where((t >= 1000) & (t < 1000 + n_samples), code, 0)
        assert error(artefact) < 1.3 * undisturbed


def test_events_of_one_sample_that_are_removed_are_told(noise, recwarn):
    noisy = 5 * pulse() + noise
    denoise(noisy)
    assert not recwarn
    strikes = t % 400 == 200
    noisy[1, strikes] += 10
    with pytest.warns(DenoisingWarning, match=r"\d samples lie far.* x.1.*put them back") as told:
        denoised = denoise(noisy)
    limit = float(re.search(r"> ([\d.]+)", str(told[0].message)).group(1))
    back = np.where(np.abs(noisy - denoised) > limit, noisy, denoised)
    assert np.sum(back[1, strikes] == noisy[1, strikes]) >= 2
    assert np.mean(back != denoised) < 0.01


def test_heavy_tails_and_fast_signals_are_no_events(recwarn):
    rng = np.random.default_rng(0)
    for name in ("Bumps", "MishMash", "Riemann", "Blocks"):
        clean = np.real(pywt.data.demo_signal(name, N))
        denoise(clean + 0.3 * clean.std() * rng.standard_normal((2, N)))
    denoise(5 * pulse() + rng.standard_t(5, (10, N)))
    assert not recwarn


def test_units_offset_and_sign_do_not_matter(noise):
    noisy = pulse() + 0.1 * noise[0]
    expected = denoise(noisy)
    for factor, offset in ((1e30, 0), (1e-30, 0), (1, 1e4)):
        denoised = (denoise(factor * noisy + offset) - offset) / factor
        np.testing.assert_allclose(denoised, expected, atol=1e-6)
    assert np.std(-denoise(-noisy) - expected) < 0.02


def test_shapes_and_types(noise):
    noisy = (pulse() + 0.1 * noise).astype(np.float32)
    alone = denoise(noisy[0])
    assert (alone.shape, alone.dtype) == ((N,), np.float32)
    np.testing.assert_allclose(denoise(noisy)[0], alone, atol=1e-4)
    channels = denoise(np.stack([noisy, 2 * noisy], axis=2))
    assert channels.shape == (2, N, 2)
    np.testing.assert_allclose(channels[..., 1], 2 * channels[..., 0], atol=0.02)
    counts = np.rint(100 * noisy[0]).astype(np.int16)
    assert denoise(counts).dtype == np.float64


def test_missing_samples_are_filled(noise):
    clean = pulse()
    noisy = clean + 0.1 * noise[0]
    gone = np.random.default_rng(1).random(N) < 0.05
    gone[1000:1010] = True
    with_gaps = np.where(gone, np.nan, noisy)
    denoised = denoise(with_gaps)
    assert snr_db(clean[np.newaxis], denoised[np.newaxis]) > 15
    masked = np.ma.masked_array(noisy, gone)
    np.testing.assert_array_equal(denoise(masked), denoised)


def test_a_signal_without_samples_stays_missing(noise):
    noisy = pulse() + 0.1 * noise
    noisy[1] = np.nan
    with pytest.warns(UserWarning, match="1 of 2 signals have no sample"):
        denoised = denoise(noisy)
    assert np.isfinite(denoised[0]).all()
    assert np.isnan(denoised[1]).all()


def test_long_signals_have_no_seams():
    long = np.sin(np.arange(40_000) / 40)
    noisy = long + 0.3 * np.random.default_rng(0).standard_normal(long.size)
    error = denoise(noisy) - long
    assert np.sqrt(np.mean(error**2)) < 0.1
    assert np.abs(np.diff(error)).max() < 0.2


def test_a_gap_longer_than_a_block_is_bridged():
    x = 5 + 0.1 * np.random.default_rng(0).standard_normal(60_000)
    x[15_000:50_000] = np.nan
    np.testing.assert_allclose(denoise(x), 5, atol=0.2)


def test_signals_too_short_to_show_their_noise():
    x = np.random.default_rng(0).standard_normal(20)
    with pytest.warns(UserWarning, match=r"20 timesteps are too short.*level \(noise_std\)"):
        np.testing.assert_allclose(denoise(x), x, atol=1e-9)
    assert np.std(denoise(x, noise_std=1)) < 0.9 * np.std(x)


def test_a_recording_that_may_be_transposed():
    with pytest.warns(UserWarning, match=r"40 signals of 9 timesteps.*pass x\.T"):
        denoise(np.random.default_rng(0).standard_normal((40, 9)))


@pytest.fixture
def on_tensorflow(monkeypatch):
    """Hide ONNX Runtime."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    universal.universal.cache_clear()
    yield
    universal.universal.cache_clear()


@pytest.mark.slow
def test_both_runtimes_agree(noise, request):
    signals = [signal() + 0.1 * np.ptp(signal()) * noise[0] for signal in SIGNALS]
    signals[0][100:140] = np.nan
    expected = [denoise(x) for x in signals]
    request.getfixturevalue("on_tensorflow")
    for x, other in zip(signals, expected, strict=True):
        np.testing.assert_allclose(denoise(x), other, rtol=0, atol=1e-5 * np.ptp(other))


WITHOUT_TENSORFLOW = """
import sys
unwanted = ["tensorflow", "keras", "sklearn", "scipy", "matplotlib", "onnx", "safetensors", "tqdm"]
sys.modules.update(dict.fromkeys(unwanted))  # an import of any of them fails
import os
import numpy as np
from conv_denoiser import denoise
print(np.abs(denoise(np.load(sys.argv[1])) - np.load(sys.argv[2])).max())
print(os.environ["ORT_DISABLE_TELEMETRY"])
"""


def test_numpy_and_onnxruntime_are_enough(noise, tmp_path, monkeypatch):
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    noisy, clean = tmp_path / "noisy.npy", tmp_path / "clean.npy"
    np.save(noisy, pulse() + 0.1 * noise)
    np.save(clean, denoise(np.load(noisy)))
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW, noisy, clean]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "0.0\n1\n", done.stderr


def test_without_any_runtime(on_tensorflow, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ImportError, match="pip install onnxruntime"):
        denoise([0.0, 1] * 50)


def test_threads_are_those_allowed(monkeypatch):
    graph = universal.GRAPH.read_bytes()
    weights = universal.for_onnx(read_model_file(universal.WEIGHTS)[1])
    for allowed, n_threads in (("", 0), ("1", 1), ("3,2", 3), ("many", 0)):
        monkeypatch.setenv("OMP_NUM_THREADS", allowed)
        options = open_session(graph, "graph", weights=weights).get_session_options()
        assert options.intra_op_num_threads == n_threads


@pytest.mark.slow
@pytest.mark.parametrize("n_timesteps", [90, 700, N])
def test_a_signal_has_the_same_bits_in_any_company(n_timesteps):
    rng = np.random.default_rng(0)
    noisy = anything(20, np.arange(n_timesteps), rng)
    noisy += rng.choice([0.01, 0.1, 0.5], (20, 1)) * rng.standard_normal(noisy.shape)
    noisy[3, 30:50] = np.nan
    for x, together in zip(noisy, denoise(noisy), strict=True):
        np.testing.assert_array_equal(denoise(x), together)


def test_random_states_stay(noise, on_tensorflow):
    before = random.getstate(), np.random.get_state()[1].tolist()
    denoise(noise)
    assert before == (random.getstate(), np.random.get_state()[1].tolist())


@pytest.mark.parametrize("x", [np.ones(500), np.zeros((2, 300)), np.arange(300.0), 1e304 * t])
@pytest.mark.parametrize("strength", [1, 2])
def test_without_noise_hardly_anything_changes(x, strength):
    np.testing.assert_allclose(denoise(x, strength=strength), x, rtol=1e-9, atol=1e-9)


def test_a_known_level_and_strength(noise):
    noisy = pulse() + 0.1 * noise[0]
    clean = pulse()[np.newaxis]
    assert snr_db(clean, denoise(noisy, noise_std=0.1)[np.newaxis]) > 15
    for options in ({"noise_std": 0.1}, {}):
        removed = [np.std(noisy - denoise(noisy, strength=s, **options)) for s in (0.3, 1, 3)]
        assert removed[0] < 0.9 * removed[1] < removed[1] < removed[2]


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (np.ones((3, 1)), {}, r"1 timestep.*passed as x\.T"),
        ([], {}, r"0 timestep\(s\).*Pass one at least"),
        (np.ones((2, 2, 2, 2)), {}, "got 4 dimensions"),
        (["a", "b"], {}, "x holds text"),
        (np.array([1, "b"], dtype=object), {}, "could not convert string to float: 'b'"),
        ([1.0, np.inf], {}, "1 infinite value"),
        ([1j, 2], {}, "complex128"),
        ([1.0, 2.0], {"noise_std": 0}, "noise_std"),
        ([1.0, 2.0], {"strength": -1}, "strength"),
    ],
)
def test_bad_input(x, options, message):
    with pytest.raises(ValueError, match=message):
        denoise(x, **options)


@pytest.mark.parametrize(
    ("module", "name", "cached"),
    [
        (universal, "WEIGHTS", universal.universal),
        (universal, "GRAPH", universal.universal),
        (estimate, "WEIGHTS", estimate.shipped_weights),
    ],
)
def test_damaged_files(tmp_path, monkeypatch, module, name, cached):
    shipped = getattr(module, name)
    damaged = tmp_path / shipped.name
    damaged.write_bytes(shipped.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(module, name, damaged)
    cached.cache_clear()
    with pytest.raises(ModelFileError, match="is damaged.*Install conv-denoiser again"):
        denoise(np.arange(300.0) % 7)
    cached.cache_clear()


@pytest.mark.parametrize("options", [{}, {"noise_std": 0.1}, {"strength": 2}])
def test_error_bars(noise, options):
    clean = np.stack([pulse(), 0.1 * quake()])
    noisy = clean + 0.1 * noise
    denoised, std = denoise(noisy, return_std=True, **options)
    np.testing.assert_array_equal(denoised, denoise(noisy, **options))
    for row in (denoised - clean) / std:
        assert 0.6 < np.mean(np.abs(row) < 1) < 0.95
    assert std.mean() < 0.06


def test_error_bars_have_the_units_shape_and_type_of_the_signals(noise):
    noisy = np.stack([pulse() + 0.1 * noise, 0.01 * noise], axis=2).astype(np.float32)
    denoised, std = denoise(noisy, return_std=True)
    assert denoised.shape == std.shape == noisy.shape
    assert denoised.dtype == std.dtype == np.float32
    _, of_larger = denoise(8 * noisy[0, :, 0], return_std=True)
    np.testing.assert_allclose(of_larger, 8 * std[0, :, 0], rtol=1e-4)


def test_where_nothing_is_removed_the_noise_is_the_error(noise):
    chirps = pywt.data.demo_signal("WernerSorrows", N)
    scale = np.std(chirps) * 10 ** (-10 / 20)
    noisy = chirps + scale * noise[0]
    denoised, std = denoise(noisy, return_std=True)
    np.testing.assert_allclose(denoised, noisy, atol=1e-3 * scale)
    np.testing.assert_allclose(std, scale, rtol=0.2)
    noisy = pulse() + 0.1 * noise[0]
    noisy[1000] = 1e3  # an invalid code stays
    assert denoise(noisy, return_std=True)[1][1000] == pytest.approx(0.1, rel=0.2)
    _, std = denoise(np.full(500, 5.0), return_std=True)
    assert std.max() < 1e-9


def test_gaps_are_less_certain(noise):
    noisy = pulse() + 0.1 * noise[0]
    noisy[700:760] = np.nan
    _, std = denoise(noisy, return_std=True)
    assert std[710:750].min() > 1.5 * np.median(std)
    noisy[:] = np.nan
    with pytest.warns(UserWarning, match="no sample at all"):
        assert np.isnan(denoise(noisy, return_std=True)).all()


def test_no_error_bars_without_a_level():
    x = np.random.default_rng(0).standard_normal(20)
    with pytest.warns(UserWarning, match="too short"):
        assert np.isnan(denoise(x, return_std=True)[1]).all()
    assert (denoise(x, noise_std=1, return_std=True)[1] > 0.1).all()


@pytest.mark.slow
def test_quiet_bands_in_what_is_removed_are_no_reason_to_keep_noise():
    rng = np.random.default_rng(0)
    distance = np.sqrt(3) * np.abs(np.subtract.outer(np.arange(768), np.arange(768))) / 20
    covariance = (1 + distance) * np.exp(-distance)
    clean = rng.multivariate_normal(np.zeros(768), covariance, 4, method="cholesky")
    noisy = clean + 0.1 * rng.standard_normal(clean.shape)
    limit = noisy @ np.linalg.solve(covariance + 0.01 * np.eye(768), covariance)
    assert snr_db(clean, denoise(noisy)) > snr_db(clean, limit) - 1


def test_cards_fit_the_files():
    cards = list_pretrained()
    assert sum(card.n_bytes for card in cards) < 5_000_000
    for card, path in zip(cards, [universal.WEIGHTS, *UNET_WEIGHTS.values()], strict=True):
        content = path.read_bytes()
        assert card.sha256 == hashlib.sha256(content).hexdigest()
        assert len(content) <= card.n_bytes
        _, weights = read_model_file(path)
        assert card.n_parameters == sum(array.size for array in weights.values())
    card = cards[0]
    lines = repr(card).splitlines()
    assert lines[0] == "PretrainedCard 'universal'"
    assert [line.split()[0] for line in lines[1:]] == [*vars(card)][1:]


def test_the_advice_on_events_is_about_their_signal(noise):
    x = np.array([[5000], [5]]) * pulse() + np.array([[1000], [1]]) * noise
    x[1, 200::400] += 10
    with pytest.warns(DenoisingWarning, match="put them back") as told:
        denoised = denoise(x)
    advice = re.search(r"numpy\.where.*\)", str(told[0].message))[0]
    restored = eval(advice, {"numpy": np, "x": x, "denoised": denoised})
    assert np.sum(restored[200::400] == x[1, 200::400]) >= 2
    assert np.mean(restored == denoised[1]) > 0.99
