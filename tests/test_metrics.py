import pickle
from inspect import signature

import numpy as np
import pandas as pd
import pytest
from conftest import METRICS
from scipy.signal import welch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import MinMaxPerSample, metrics
from conv_denoiser.noise import GaussianNoise

RNG = np.random.default_rng(0)
CLEAN = RNG.normal(size=(5, 400)) + 1
NOISE = RNG.normal(size=(5, 400)) * np.array([0.1, 0.2, 0.3, 0.4, 0.5])[:, None]
TWO = CLEAN.reshape(5, 200, 2)
TWO_NOISY = (CLEAN + NOISE).reshape(5, 200, 2)


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


@pytest.mark.parametrize("metric", [m for m in METRICS if m is not metrics.spectral_relative_rmse])
def test_channels_count_as_one_signal(metric):
    options = {"average": False}
    if "centered" in signature(metric).parameters:  # channels have means of their own
        options["centered"] = False
    flat = metric(CLEAN, CLEAN + NOISE, **options)
    np.testing.assert_allclose(metric(TWO, TWO_NOISY, **options), flat)


class TestPower:
    @pytest.mark.parametrize("level", [0, 1024])
    @pytest.mark.parametrize("channels", [(), (3,)])
    def test_noise_of_10_db_measures_10_db_whatever_the_level(self, level, channels):
        waves = np.sin(np.arange(2000).reshape(1, 2000, *[1] * len(channels)) / 9)
        clean = level * np.ones((4, 2000, *channels)) + 30 * waves
        noisy = GaussianNoise(snr_db=10)(clean, 0)
        assert metrics.snr_db(clean, noisy) == pytest.approx(10, abs=0.2)
        assert metrics.relative_rmse(clean, noisy) == pytest.approx(10**-0.5, rel=0.02)
        assert metrics.prd(clean, noisy) == pytest.approx(100 * 10**-0.5, rel=0.02)

    def test_the_mean_square_on_request(self):
        assert metrics.snr_db([[10.0, 10.0]], [[11.0, 11.0]], centered=False) == pytest.approx(20)
        assert metrics.relative_rmse([[10.0, 10]], [[11.0, 11]], centered=False) == 0.1
        assert metrics.prd([[10.0, 10.0]], [[11.0, 11.0]], centered=False) == pytest.approx(10)

    def test_the_level_of_an_estimate_is_an_error(self):
        assert metrics.relative_rmse([[9.0, 11.0]], [[11.0, 13.0]]) == pytest.approx(2)

    @pytest.mark.parametrize(
        "metric",
        [metrics.snr_db, metrics.relative_rmse, metrics.prd, metrics.spectral_relative_rmse],
    )
    def test_silent_signals_are_left_out_of_means_with_a_warning(self, metric):
        clean, noisy = CLEAN.copy(), CLEAN + NOISE
        clean[2] = 5
        with pytest.warns(UserWarning, match=f"1 of {len(clean)} signals have no power"):
            mean = metric(clean, noisy)
        alive = np.arange(len(clean)) != 2
        assert mean == pytest.approx(metric(clean[alive], noisy[alive]))
        assert len(metric(clean, noisy, average=False)) == len(clean)


@pytest.mark.parametrize("metric", METRICS)
def test_multioutput(metric):
    raw = metric(TWO, TWO_NOISY, average=False, multioutput="raw_values")
    assert raw.shape == (5, 2)
    for channel in range(2):
        alone = metric(TWO[..., channel], TWO_NOISY[..., channel], average=False)
        np.testing.assert_allclose(raw[:, channel], alone)

    def mean(multioutput, **options):
        return metric(TWO, TWO_NOISY, multioutput=multioutput, **options)

    np.testing.assert_allclose(mean("raw_values"), raw.mean(axis=0))
    assert mean("uniform_average") == pytest.approx(raw.mean())
    np.testing.assert_allclose(mean("uniform_average", average=False), raw.mean(axis=1))
    assert mean([1, 3]) == pytest.approx(raw.mean(axis=0) @ [0.25, 0.75])
    assert isinstance(mean("uniform_average"), float)
    one = metric(CLEAN, CLEAN + NOISE, multioutput="raw_values")
    np.testing.assert_allclose(one, [metric(CLEAN, CLEAN + NOISE)])


@pytest.mark.parametrize("metric", METRICS)
def test_sample_weight_repeats_and_leaves_out_signals(metric):
    weighted = metric(CLEAN, CLEAN + NOISE, sample_weight=[0, 1, 2, 0, 1])
    rows = [1, 2, 2, 4]
    assert weighted == pytest.approx(metric(CLEAN[rows], (CLEAN + NOISE)[rows]))
    assert metric(CLEAN, CLEAN + NOISE, sample_weight=np.full(5, 7)) == pytest.approx(
        metric(CLEAN, CLEAN + NOISE)
    )


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_weight": [1, 2]}, r"sample_weight.*\(2,\)"),
        ({"sample_weight": np.zeros(5)}, "(zero for every signal|non-zero number)"),
        ({"sample_weight": [1, 1, 1, 1, -1]}, "[Nn]egative"),
        ({"sample_weight": [1, 1, 1, 1, np.nan]}, "NaN"),
        ({"sample_weight": np.ones(5), "average": False}, "sample_weight weights the mean"),
        ({"multioutput": "variance_weighted"}, "multioutput must be one of.*variance_weighted"),
        ({"multioutput": [1, 2, 3]}, r"one weight for each of 2 channel\(s\).*\[1, 2, 3\]"),
        ({"multioutput": [0, 0]}, "not all zero"),
        ({"multioutput": [1, -1]}, "none negative"),
        ({"multioutput": ["a", "b"]}, "one weight for each"),
    ],
)
def test_bad_options(metric, options, message):
    with pytest.raises(ValueError, match=message):
        metric(TWO, TWO_NOISY, **options)


def test_prd_is_relative_rmse_in_percent():
    assert metrics.prd([[2.0, -2.0]], [[3.0, -3.0]]) == pytest.approx(50)
    assert metrics.prd(CLEAN, CLEAN + NOISE) == pytest.approx(
        100 * metrics.relative_rmse(CLEAN, CLEAN + NOISE)
    )


def test_spectral_relative_rmse_against_its_definition():
    _, clean = welch(CLEAN, nperseg=256)
    _, noisy = welch(CLEAN + NOISE, nperseg=256)
    want = np.sqrt(np.mean((noisy - clean) ** 2, axis=1) / np.mean(clean**2, axis=1))
    got = metrics.spectral_relative_rmse(CLEAN, CLEAN + NOISE, average=False)
    np.testing.assert_allclose(got, want)
    two = metrics.spectral_relative_rmse(
        np.stack([CLEAN] * 2, axis=2), np.stack([CLEAN + NOISE] * 2, axis=2), average=False
    )
    np.testing.assert_allclose(two, want)


def test_spectral_relative_rmse_of_a_frequency_range():
    time = np.arange(1000) / 200
    slow, hum = np.sin(2 * np.pi * 5 * time), np.sin(2 * np.pi * 50 * time)
    arguments = ([slow], [slow + hum])

    def metric(frequency_range=None):
        return metrics.spectral_relative_rmse(
            *arguments, sampling_rate=200, frequency_range=frequency_range
        )

    assert metric((0, 30)) < 1e-3 < metric() < metric((40, 60))
    with pytest.raises(ValueError, match=r"\(200, 300\) holds none.*0 to 100, 0\.78125 apart"):
        metric((200, 300))


@pytest.mark.parametrize("frequency_range", [(1,), (1, 2, 3), 5, ("a", "b"), "ab"])
def test_bad_frequency_range(frequency_range):
    with pytest.raises(ValueError, match="frequency_range must be a pair of numbers"):
        metrics.spectral_relative_rmse(CLEAN, CLEAN, frequency_range=frequency_range)


@pytest.mark.parametrize("metric", METRICS)
def test_numbers_that_no_sum_can_hold(metric):
    with pytest.raises(ValueError, match=r"y_pred reaches 1e\+308.*Divide all signals"):
        metric([[1.0, -1.0]], [[1e308, -1e308]])
    weights = np.array([1e308, 1e308, 1e-308, 0, 1e308])
    plain = metric(TWO, TWO_NOISY, sample_weight=weights > 1, multioutput=[1, 1])
    huge = metric(TWO, TWO_NOISY, sample_weight=weights, multioutput=[1e308, 1e308])
    assert huge == pytest.approx(plain)


@pytest.mark.parametrize("rate", [0, -1, np.inf, np.nan, "fast", True])
def test_bad_sampling_rate(rate):
    with pytest.raises(ValueError, match="sampling_rate must be a positive number"):
        metrics.spectral_relative_rmse(CLEAN, CLEAN, sampling_rate=rate)


@pytest.mark.parametrize("rate", [1e-310, 1e300])
def test_any_sampling_rate(rate):
    want = metrics.spectral_relative_rmse(CLEAN, CLEAN + NOISE)
    assert metrics.spectral_relative_rmse(CLEAN, CLEAN + NOISE, sampling_rate=rate) == want


def test_spectral_relative_rmse_ignores_offset_and_phase():
    wave = np.sin(2 * np.pi * np.arange(256) / 8)[None]
    assert metrics.spectral_relative_rmse(wave, 7 - np.roll(wave, 3)) == pytest.approx(0, abs=1e-12)
    assert metrics.spectral_relative_rmse(wave, 0 * wave) == pytest.approx(1)
    with pytest.raises(ValueError, match="two timesteps or more"):
        metrics.spectral_relative_rmse([[1.0]], [[1.0]])


def test_perfect_silent_and_flat_signals():
    silent, flat = np.zeros((1, 5)), np.full((1, 5), 0.1)
    assert metrics.snr_db(flat, flat) == 300
    assert metrics.snr_db(silent, silent) == 300
    assert metrics.snr_db(silent, flat) == -300
    assert metrics.relative_rmse(flat, flat) == 0
    assert metrics.relative_rmse(silent, silent) == 0
    assert metrics.relative_rmse(silent, flat) == pytest.approx(1e15)
    assert metrics.correlation(flat, CLEAN[:1, :5]) == 0
    assert metrics.prd(silent, silent) == 0
    for offset in (0.0, 0.37, 3.3, 1e6 + 0.1):  # does not count
        level = np.full((1, 300), offset)
        assert metrics.spectral_relative_rmse(np.full((1, 300), 0.1), level) == 0
    assert metrics.spectral_relative_rmse(silent, CLEAN[:1, :5]) == pytest.approx(1e15)


@pytest.mark.parametrize("metric", METRICS)
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


@pytest.mark.parametrize("amplitude", [1e-300, 1e-170, 1e170, 1e299])
def test_squares_that_leave_the_range_of_floats(amplitude):
    clean = amplitude * np.array([[1.0, -1.0]])
    assert metrics.snr_db(clean, 1.1 * clean) == pytest.approx(20)
    assert metrics.relative_rmse(clean, 1.1 * clean) == pytest.approx(0.1)
    assert metrics.rmse(clean, 2 * clean) == pytest.approx(amplitude)
    assert metrics.correlation(clean, 2 * clean) == pytest.approx(1)
    assert metrics.spectral_relative_rmse(clean, 2 * clean) == pytest.approx(3)


def test_errors_name_the_noisy_signals():
    X = CLEAN.copy()
    X[1, 1] = np.inf
    with pytest.raises(ValueError, match="Input X contains infinity"):
        metrics.snr_improvement_db(CLEAN, CLEAN, X)
    with pytest.raises(ValueError, match="but X has shape"):
        metrics.snr_improvement_db(CLEAN, CLEAN, CLEAN[:2])


def test_scorer_of_any_denoiser():
    X, y = CLEAN + NOISE, CLEAN
    halve = FunctionTransformer(lambda x: x / 2).fit(X)
    want = metrics.snr_improvement_db(y, X / 2, X)
    assert metrics.snr_improvement_scorer(halve, X, y) == pytest.approx(want)
    weight = [1, 2, 0, 0, 1]
    assert metrics.snr_improvement_scorer(halve, X, y, weight) == pytest.approx(
        metrics.snr_improvement_db(y, X / 2, X, sample_weight=weight)
    )
    assert pickle.loads(pickle.dumps(metrics.snr_improvement_scorer))(halve, X, y) == want


def test_scorer_of_pipelines():
    X, y = CLEAN + NOISE, CLEAN
    halve = FunctionTransformer(lambda x: x / 2)
    want = metrics.snr_improvement_db(y, X / 2, X)
    same = FunctionTransformer()
    for steps in ([halve], [same, halve], [halve, same], [halve, "passthrough"]):
        pipeline = make_pipeline(*steps).fit(X)
        assert metrics.snr_improvement_scorer(pipeline, X, y) == pytest.approx(want)
    scaled = make_pipeline(MinMaxPerSample(), halve).fit(X)
    noisy, clean = MinMaxPerSample().fit_transform(X), MinMaxPerSample().fit_transform(y)
    want = metrics.snr_improvement_db(clean, noisy / 2, noisy)
    assert metrics.snr_improvement_scorer(scaled, X, clean) == pytest.approx(want)
    nested = make_pipeline("passthrough", make_pipeline(MinMaxPerSample()), halve).fit(X)
    assert metrics.snr_improvement_scorer(nested, X, clean) == pytest.approx(want)


def test_scorer_of_an_estimator_of_tables():
    X, y = (pd.DataFrame(a, columns=[f"t{i}" for i in range(400)]) for a in (CLEAN + NOISE, CLEAN))
    scaler = MinMaxPerSample().fit(X)
    assert metrics.snr_improvement_scorer(make_pipeline(scaler), X, y) == 0
    assert np.isfinite(metrics.snr_improvement_scorer(scaler, X, y))


@pytest.mark.parametrize(("y", "got"), [(None, "none"), (np.zeros(5), "labels")])
def test_scorer_without_clean_signals(y, got):
    with pytest.raises(ValueError, match=f"clean signals y of X's shape, but got {got}"):
        metrics.snr_improvement_scorer(FunctionTransformer().fit(CLEAN), CLEAN, y)
