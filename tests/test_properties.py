"""What holds for any signals, windows, noise and metrics that hypothesis can think of."""

import numpy as np
import pytest
from conftest import small_denoiser
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import (
    MinMaxPerSample,
    SignalGenerator,
    StandardizePerSample,
    StreamingDenoiser,
    denoise_recording,
    metrics,
)
from conv_denoiser.noise import ColoredNoise, GaussianNoise, ImpulseNoise
from conv_denoiser.recording.windows import Layout
from conv_denoiser.waveforms import WAVEFORMS

settings.register_profile("tests", deadline=None, derandomize=True, database=None)
settings.load_profile("tests")

NOTHING = FunctionTransformer()
MOVING_SUM = FunctionTransformer(lambda X: X.cumsum(axis=1) / 7)
SCALERS = st.one_of(
    st.just(StandardizePerSample()),
    st.builds(
        lambda low, span: MinMaxPerSample((low, low + span)),
        st.floats(-100, 100),
        st.floats(0.01, 100),
    ),
)
SHAPES = st.one_of(
    st.tuples(st.integers(1, 6), st.integers(1, 20)),
    st.tuples(st.integers(1, 6), st.integers(1, 20), st.integers(1, 3)),
)


def signals(low=-1e6, high=1e6):
    """Signals of one or several channels."""
    return SHAPES.flatmap(lambda shape: arrays(np.float64, shape, elements=st.floats(low, high)))


class TestScalers:
    @given(SCALERS, signals())
    def test_inverse_is_identity(self, scaler, X):
        scaled = scaler.fit_transform(X)
        restored = scaler.inverse_transform(scaled, reference=X)
        span = np.ptp(X, axis=1, keepdims=True)
        largest = np.abs(X).max(axis=1, keepdims=True)
        assert (np.abs(restored - X) <= 1e-9 * span + 1e-12 * largest + 1e-300).all()

    @given(SCALERS, signals())
    def test_bounds_are_kept(self, scaler, X):
        scaled = scaler.fit_transform(X)
        assert np.isfinite(scaled).all()
        if isinstance(scaler, MinMaxPerSample):
            low, high = scaler.feature_range
            margin = 1e-9 * (high - low) + 1e-9
            assert scaled.min() >= low - margin
            assert scaled.max() <= high + margin
        else:
            assert np.abs(scaled.mean(axis=1)).max() < 1e-6
            assert np.abs(scaled).max() <= np.sqrt(X.shape[1]) + 1e-6

    @given(SCALERS, signals(), st.randoms(use_true_random=False))
    def test_order_of_rows_does_not_matter(self, scaler, X, random):
        order = list(range(len(X)))
        random.shuffle(order)
        np.testing.assert_array_equal(
            scaler.fit_transform(X)[order], scaler.fit_transform(X[order])
        )

    @given(SCALERS, st.floats(-1e300, 1e300), st.integers(1, 9))
    def test_flat_signals(self, scaler, level, n_timesteps):
        X = np.full((1, n_timesteps), level)
        scaled = scaler.fit_transform(X)
        np.testing.assert_array_equal(scaled, np.full_like(X, scaler.origin))
        np.testing.assert_array_equal(scaler.inverse_transform(scaled, reference=X), X)


class TestWindows:
    @given(st.integers(1, 200), st.integers(1, 60), st.floats(0, 0.99), st.integers(1, 9))
    def test_every_sample_is_covered(self, n_samples, window, overlap, batch_size):
        assume(window <= n_samples)
        noisy = np.arange(1.0, n_samples + 1)
        options = {"window": window, "overlap": overlap, "batch_size": batch_size}
        result = denoise_recording(NOTHING, noisy, **options)
        np.testing.assert_allclose(result, noisy, rtol=1e-12)

    @given(st.integers(1, 300), st.floats(0, 0.99))
    def test_layout(self, window, overlap):
        layout = Layout.from_overlap(window, overlap)
        assert 1 <= layout.hop <= window
        weights = layout.weights().ravel()
        assert (weights[:window] > 0).all()
        assert (weights[window:] == 0).all()
        for n_samples in (window - 1, window, window + layout.hop - 1, window + layout.hop):
            last = (layout.n_whole(n_samples) - 1) * layout.hop + window
            assert last <= n_samples < last + layout.hop or n_samples < window

    @given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 20), st.floats(0, 0.9))
    def test_streams_give_what_recordings_give(self, lengths, window, overlap):
        noisy = np.random.default_rng(0).normal(size=sum(lengths))
        assume(noisy.size >= window)
        tilt = FunctionTransformer(lambda X: X * np.linspace(0, 1, X.shape[1]))
        options = {"window": window, "overlap": overlap, "batch_size": 3}
        stream = StreamingDenoiser(tilt, **options)
        pieces = list(stream.iterate(np.split(noisy, np.cumsum(lengths)[:-1])))
        expected = denoise_recording(tilt, noisy, **options)
        np.testing.assert_array_equal(np.concatenate(pieces), expected)


class TestNoise:
    @given(
        st.sampled_from([GaussianNoise, lambda **s: ColoredNoise(1, **s)]),
        st.floats(1e-6, 1e6),
        st.integers(0, 2**32 - 1),
    )
    @settings(max_examples=30)
    def test_scale_is_the_root_mean_square(self, model, scale, seed):
        clean = np.zeros((50, 400))
        noise = model(scale=scale)(clean, rng=seed)
        assert np.sqrt(np.mean(noise**2)) == pytest.approx(scale, rel=0.1)
        assert abs(noise.mean()) < 0.3 * scale
        np.testing.assert_array_equal(noise, model(scale=scale)(clean, rng=seed))

    @given(st.floats(-20, 40), st.floats(1e-3, 1e3), st.integers(0, 2**32 - 1))
    @settings(max_examples=30)
    def test_ratio_is_that_of_powers(self, ratio, amplitude, seed):
        clean = amplitude * np.sin(np.arange(2000.0))[np.newaxis].repeat(20, axis=0)
        noisy = GaussianNoise(snr_db=ratio)(clean, rng=seed)
        assert metrics.snr_db(clean, noisy) == pytest.approx(ratio, abs=0.5)

    @given(st.floats(0.01, 0.5), st.integers(0, 2**32 - 1))
    @settings(max_examples=30)
    def test_impulses_are_rare(self, rate, seed):
        noise = ImpulseNoise(rate, scale=1.0)(np.zeros((20, 1000)), rng=seed)
        assert np.mean(noise != 0) == pytest.approx(rate, abs=0.03)


class TestGenerator:
    @given(
        st.sampled_from(sorted(WAVEFORMS)),
        st.integers(1, 20),
        st.integers(8, 80),
        st.integers(0, 2**32 - 1),
    )
    @settings(max_examples=60)
    def test_same_seed_same_bytes(self, waveform, n_signals, n_timesteps, seed):
        options = {"n_timesteps": n_timesteps, "random_state": seed}
        first, second = (SignalGenerator(waveform, **options).sample(n_signals) for _ in range(2))
        for one, other in zip(first, second, strict=True):
            np.testing.assert_array_equal(one, other)
        assert first.noisy.shape == first.clean.shape == (n_signals, n_timesteps)
        assert np.isfinite(first.noisy).all()


class TestMetrics:
    @pytest.mark.slow
    @given(signals(-1e3, 1e3), st.floats(1e-3, 1e3))
    def test_do_not_depend_on_the_unit(self, y, unit):
        assume((np.var(y, axis=1) > 1e-6).all())
        estimate = y + np.random.default_rng(0).normal(size=y.shape)
        for name in ("snr_db", "relative_rmse", "prd"):
            metric = getattr(metrics, name)
            assert metric(unit * y, unit * estimate) == pytest.approx(
                metric(y, estimate), rel=1e-6, abs=1e-6
            )
        assert metrics.rmse(unit * y, unit * estimate) == pytest.approx(
            unit * metrics.rmse(y, estimate), rel=1e-9
        )

    @given(signals(-1e3, 1e3))
    def test_truth_has_no_error(self, y):
        assert metrics.rmse(y, y) == 0

    @pytest.mark.slow
    @given(signals(-1e3, 1e3), st.floats(0.1, 10), st.floats(-10, 10))
    def test_correlation_ignores_scale_and_offset(self, y, scale, offset):
        assume((np.ptp(y, axis=1) > 1e-3).all())
        assert metrics.correlation(y, scale * y + offset) == pytest.approx(1, abs=1e-6)


@pytest.fixture(scope="module")
def denoiser(parabolas):
    return small_denoiser().fit(*parabolas)


@pytest.mark.slow
@given(st.integers(1, 70), st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_signals_are_denoised_each_by_itself(denoiser, n_signals, seed):
    X = np.random.default_rng(seed).normal(size=(n_signals, 150))
    together = denoiser.transform(X)
    row = seed % n_signals
    np.testing.assert_allclose(together[row], denoiser.transform(X[row : row + 1])[0], atol=1e-5)


@settings(max_examples=50)
@given(
    gone=arrays(bool, 200, elements=st.booleans()),
    window=st.integers(20, 60),
    overlap=st.floats(0, 0.9),
    cuts=st.lists(st.integers(0, 200), max_size=5),
)
@pytest.mark.filterwarnings("ignore:A window has no sample")
def test_streams_with_gaps_equal_recordings(gone, window, overlap, cuts):
    recording = np.where(gone, np.nan, np.arange(200.0) % 13)
    expected = denoise_recording(MOVING_SUM, recording, window=window, overlap=overlap)
    stream = StreamingDenoiser(MOVING_SUM, window=window, overlap=overlap)
    pieces = list(stream.iterate(np.split(recording, sorted(cuts))))
    np.testing.assert_array_equal(np.concatenate(pieces), expected)


@pytest.fixture(scope="module")
def near_sighted(wandering):
    """A denoiser that sees 9 timesteps, and its signals."""
    denoiser = small_denoiser(scaler=None, loss="mean_squared_error", validation_split=0)
    return denoiser.fit(wandering, wandering), wandering


@pytest.mark.slow
@settings(max_examples=30)
@given(start=st.integers(0, 50), length=st.integers(1, 20))
def test_a_gap_changes_nothing_far_away(near_sighted, start, length):
    denoiser, X = near_sighted
    gappy = X.copy()
    gappy[:, start : start + length] = np.nan
    reach = 8  # more than half of what a point depends on
    far = np.r_[0 : max(0, start - reach), min(51, start + length + reach) : 51]
    changed = denoiser.transform(gappy)
    np.testing.assert_allclose(changed[:, far], denoiser.transform(X)[:, far], atol=1e-6)
    assert np.isfinite(changed).all()
