import numpy as np
import pytest

from conv_denoiser import metrics

RNG = np.random.default_rng(0)
CLEAN = RNG.normal(size=(5, 400)) + 1
NOISE = RNG.normal(size=(5, 400)) * np.array([0.1, 0.2, 0.3, 0.4, 0.5])[:, None]
ALL = [metrics.snr_db, metrics.rmse, metrics.relative_rmse, metrics.correlation]


def test_snr_of_known_noise():
    assert metrics.snr_db([[3.0, -3.0]], [[3.3, -3.3]]) == pytest.approx(20)
    ratio = metrics.snr_db(CLEAN, CLEAN + NOISE, average=False)
    assert (np.diff(ratio) < 0).all()
    assert metrics.snr_db(CLEAN, CLEAN + NOISE) == pytest.approx(ratio.mean())


def test_improvement_is_after_minus_before():
    X, y_pred = CLEAN + NOISE, CLEAN + 0.1 * NOISE
    assert metrics.snr_improvement_db(CLEAN, y_pred, X) == pytest.approx(20)
    assert metrics.snr_improvement_db(CLEAN, X, X) == 0


def test_rmse_and_relative_rmse():
    assert metrics.rmse([[0.0, 0.0]], [[3.0, -3.0]]) == 3
    assert metrics.relative_rmse([[2.0, -2.0]], [[3.0, -3.0]]) == pytest.approx(0.5)
    snr = metrics.snr_db(CLEAN, CLEAN + NOISE, average=False)
    relative = metrics.relative_rmse(CLEAN, CLEAN + NOISE, average=False)
    np.testing.assert_allclose(-20 * np.log10(relative), snr)


def test_correlation_matches_numpy():
    got = metrics.correlation(CLEAN, CLEAN + NOISE, average=False)
    want = [np.corrcoef(a, b)[0, 1] for a, b in zip(CLEAN, CLEAN + NOISE, strict=True)]
    np.testing.assert_allclose(got, want)
    assert metrics.correlation(CLEAN, -2 * CLEAN + 7) == pytest.approx(-1)


@pytest.mark.parametrize("metric", ALL)
def test_channels_count_as_one_signal(metric):
    shape = (5, 200, 2)
    flat = metric(CLEAN, CLEAN + NOISE, average=False)
    cube = metric(CLEAN.reshape(shape), (CLEAN + NOISE).reshape(shape), average=False)
    np.testing.assert_allclose(cube, flat)


def test_perfect_silent_and_flat_signals():
    silent, flat = np.zeros((1, 5)), np.full((1, 5), 0.1)
    assert metrics.snr_db(flat, flat) == 300
    assert metrics.snr_db(silent, silent) == 300
    assert metrics.snr_db(silent, flat) == -300
    assert metrics.relative_rmse(flat, flat) == 0
    assert metrics.relative_rmse(silent, silent) == 0
    assert metrics.relative_rmse(silent, flat) == pytest.approx(1e15)
    assert metrics.correlation(flat, CLEAN[:1, :5]) == 0


@pytest.mark.parametrize("metric", ALL)
def test_bad_arrays(metric):
    with pytest.raises(ValueError, match="shape"):
        metric(CLEAN, CLEAN[:, 1:])
    with pytest.raises(ValueError, match=r"y_pred contains NaN: 1 value\(s\).*row 2"):
        metric(CLEAN, np.where(np.arange(2000).reshape(5, 400) == 900, np.nan, CLEAN))
    with pytest.raises(ValueError, match=r"reshape\(1, -1\)"):
        metric(CLEAN[0], CLEAN[0])
    with pytest.raises(ValueError, match="minimum of 1|0 signal"):
        metric(np.zeros((0, 5)), np.zeros((0, 5)))


def test_float32_is_computed_in_float64():
    clean = np.array([[1e30, -1e30]], dtype=np.float32)
    assert metrics.snr_db(clean, clean * np.float32(1.1)) == pytest.approx(20, abs=1e-4)


@pytest.mark.parametrize("amplitude", [1e-300, 1e-170, 1e170, 1e300])
def test_squares_that_leave_the_range_of_floats(amplitude):
    clean = amplitude * np.array([[1.0, -1.0]])
    assert metrics.snr_db(clean, 1.1 * clean) == pytest.approx(20)
    assert metrics.relative_rmse(clean, 1.1 * clean) == pytest.approx(0.1)
    assert metrics.rmse(clean, 2 * clean) == pytest.approx(amplitude)


def test_errors_name_the_noisy_signals():
    X = CLEAN.copy()
    X[1, 1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        metrics.snr_improvement_db(CLEAN, CLEAN, X)
    with pytest.raises(ValueError, match="but X has shape"):
        metrics.snr_improvement_db(CLEAN, CLEAN, CLEAN[:2])
