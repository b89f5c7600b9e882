import numpy as np
import pytest

from conv_denoiser import MinMaxPerSample, StandardizePerSample

RNG = np.random.default_rng(0)
SIGNALS = RNG.normal(size=(6, 40)) * 10.0 ** np.arange(-3, 3)[:, None] + 5
CHANNELS = RNG.normal(size=(4, 30, 3)) * [1, 10, 100]
SCALERS = [MinMaxPerSample(), MinMaxPerSample((-1, 2)), StandardizePerSample()]


def test_min_max_fills_the_range():
    for bounds in ((0, 1), (-3, 5)):
        for X in (SIGNALS, CHANNELS):
            scaled = MinMaxPerSample(bounds).fit_transform(X)
            np.testing.assert_allclose(scaled.min(axis=1), bounds[0], atol=1e-12)
            np.testing.assert_allclose(scaled.max(axis=1), bounds[1], atol=1e-12)


def test_standardize_mean_and_deviation():
    for X in (SIGNALS, CHANNELS):
        scaled = StandardizePerSample().fit_transform(X)
        np.testing.assert_allclose(scaled.mean(axis=1), 0, atol=1e-12)
        np.testing.assert_allclose(scaled.std(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("scaler", SCALERS, ids=repr)
@pytest.mark.parametrize("X", [SIGNALS, CHANNELS], ids=["2-D", "3-D"])
def test_inverse_undoes_transform(scaler, X):
    before = X.copy()
    scaled = scaler.transform(X)
    np.testing.assert_allclose(scaler.inverse_transform(scaled, reference=X), X, rtol=1e-9)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("scaler", SCALERS, ids=repr)
def test_reference_gives_its_statistics(scaler):
    noisy, clean = SIGNALS, SIGNALS * 0.5
    scaled = scaler.transform(clean, reference=noisy)
    back = scaler.inverse_transform(scaled, reference=noisy)
    np.testing.assert_allclose(back, clean, rtol=1e-9)
    assert np.abs(scaled - scaler.transform(clean)).max() > 0.1


@pytest.mark.parametrize(
    ("scaler", "level"), [(MinMaxPerSample((2, 3)), 2), (StandardizePerSample(), 0)]
)
def test_flat_signal(scaler, level):
    flat = np.full((3, 7), [[0.1], [-1e30], [0.0]])
    scaled = scaler.fit_transform(flat)
    np.testing.assert_array_equal(scaled, level)
    noise = np.full_like(scaled, 0.5)
    np.testing.assert_array_equal(scaler.inverse_transform(noise, reference=flat), flat)


@pytest.mark.parametrize("scaler", SCALERS, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("amplitude", [1e-30, 1e30])
def test_tiny_and_huge_signals(scaler, dtype, amplitude):
    X = (RNG.normal(size=(5, 20)) * amplitude).astype(dtype)
    scaled = scaler.fit_transform(X)
    assert scaled.dtype == dtype
    np.testing.assert_allclose(
        scaled, scaler.transform((X / dtype(amplitude)).astype(dtype)), rtol=1e-4, atol=1e-5
    )
    back = scaler.inverse_transform(scaled, reference=X)
    np.testing.assert_allclose(back, X, rtol=1e-4, atol=1e-6 * amplitude)


def test_range_beyond_the_float_type():
    X = np.array([[-3e38, 3e38]], dtype=np.float32)
    with pytest.raises(ValueError, match=r"too large for float32.*3e\+38"):
        MinMaxPerSample().fit_transform(X)


def test_integers_become_floats():
    assert MinMaxPerSample().fit_transform([[1, 2, 3]]).dtype == np.float64


@pytest.mark.parametrize(
    "bounds", [(1, 0), (0, 0), (0, 1, 2), (0, np.inf), ("a", "b"), (None, 1), ()]
)
def test_bad_range(bounds):
    with pytest.raises(ValueError, match="feature_range must be a pair"):
        MinMaxPerSample(bounds).fit(SIGNALS)
    with pytest.raises(ValueError, match="feature_range must be a pair"):
        MinMaxPerSample(bounds).transform(SIGNALS)


def test_reference_of_another_shape():
    with pytest.raises(ValueError, match=r"reference has shape \(5, 40\)"):
        MinMaxPerSample().inverse_transform(SIGNALS, reference=SIGNALS[:5])


def test_inverse_needs_a_reference():
    with pytest.raises(TypeError, match="reference=signals"):
        MinMaxPerSample().inverse_transform(SIGNALS)
    with pytest.raises(TypeError, match="reference=signals"):
        MinMaxPerSample().inverse_transform(SIGNALS, reference=None)


def test_other_length_or_channels_than_fitted():
    scaler = StandardizePerSample().fit(CHANNELS)
    with pytest.raises(ValueError, match="29 features"):
        scaler.transform(CHANNELS[:, 1:])
    with pytest.raises(ValueError, match=r"2 channel\(s\).*fitted on 3"):
        scaler.transform(CHANNELS[:, :, 1:])


def test_pandas_output():
    import pandas as pd

    frame = pd.DataFrame(SIGNALS, columns=[f"t{i}" for i in range(40)])
    scaler = MinMaxPerSample().set_output(transform="pandas")
    assert list(scaler.fit_transform(frame).columns) == list(frame.columns)
