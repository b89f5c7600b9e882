"""Signals of unequal lengths: lists of arrays, and results that are lists."""

import numpy as np
import pytest
from conftest import small_denoiser

from conv_denoiser import denoise, load, metrics, save
from conv_denoiser._checks.ragged import pieces
from conv_denoiser.export import OnnxDenoiser, to_onnx

RNG = np.random.default_rng(0)
LENGTHS = (60, 90, 60, 75, 100, 90)
CLEAN = [np.sin(np.arange(n) / RNG.uniform(3, 9)) for n in LENGTHS]
NOISY = [clean + 0.2 * RNG.normal(size=clean.size) for clean in CLEAN]


@pytest.fixture(scope="module")
def fitted():
    return small_denoiser(validation_split=0).fit(NOISY, CLEAN)


def same(results, expected, **tolerance):
    assert isinstance(results, list)
    for result, array in zip(results, expected, strict=True):
        np.testing.assert_allclose(result, array, **tolerance)


class TestDenoiser:
    def test_each_signal_is_denoised_as_if_alone(self, fitted):
        denoised = fitted.transform(NOISY)
        assert [len(signal) for signal in denoised] == [*LENGTHS]
        same(denoised, [fitted.transform(x[np.newaxis])[0] for x in NOISY], atol=1e-6)
        same(fitted.predict([x.tolist() for x in NOISY]), denoised, atol=1e-12)
        assert fitted.transform([NOISY[0], NOISY[2]]).shape == (2, 60)

    def test_score_is_the_mean_of_all(self, fitted):
        alone = [
            fitted.score(x[np.newaxis], y[np.newaxis]) for x, y in zip(NOISY, CLEAN, strict=True)
        ]
        assert fitted.score(NOISY, CLEAN) == pytest.approx(np.mean(alone))
        weight = np.arange(6)
        assert fitted.score(NOISY, CLEAN, weight) == pytest.approx(
            np.average(alone, weights=weight)
        )
        assert np.isfinite(fitted.score(NOISY, [0, 1] * 3)), "labels"

    def test_tables_hold_signals_of_one_length(self, fitted):
        fitted.set_output(transform="pandas")
        with pytest.raises(ValueError, match=r"X is a list. Pass .* signals of one length"):
            fitted.transform(NOISY)
        fitted.set_output(transform="default")

    def test_padding_teaches_nothing(self, fitted):
        longest = max(LENGTHS)
        X, y = (
            np.stack([np.pad(x, (0, longest - x.size), constant_values=np.nan) for x in signals])
            for signals in (NOISY, CLEAN)
        )
        expected = small_denoiser(validation_split=0).fit(X, y)
        assert fitted.history_ == expected.history_
        assert fitted.n_features_in_ == longest

    def test_it_learns_from_noisy_signals_of_two_channels(self):
        X = [np.stack([x, -x], axis=1).astype(np.float32) for x in NOISY]
        denoiser = small_denoiser(validation_split=0).fit(X, sample_weight=np.arange(6))
        denoised = denoiser.partial_fit(X).transform(X)
        assert [(x.shape, x.dtype) for x in denoised] == [(x.shape, x.dtype) for x in X]

    def test_a_file_remembers_that_any_length_will_do(self, fitted, tmp_path):
        save(fitted, tmp_path / "any.safetensors")
        loaded = load(tmp_path / "any.safetensors")
        same(loaded.transform(NOISY), fitted.transform(NOISY), atol=1e-6)

    @pytest.mark.slow
    def test_a_file_for_devices_takes_lists(self, fitted, tmp_path):
        to_onnx(fitted, tmp_path / "any.onnx")
        deployed = OnnxDenoiser(tmp_path / "any.onnx")
        same(deployed.transform(NOISY), fitted.transform(NOISY), atol=1e-3)

    def test_after_a_fit_to_one_length_others_are_refused(self):
        denoiser = small_denoiser(validation_split=0).fit(np.stack(NOISY[::2][:1] * 4))
        with pytest.raises(ValueError, match="X has 75 features, but ConvDenoiser is expecting 60"):
            denoiser.transform([NOISY[0], NOISY[3]])

    @pytest.mark.parametrize(
        ("X", "y", "message"),
        [
            (NOISY, CLEAN[:3], r"y must be a list of 6 signals.* Got 3 signals"),
            (NOISY, CLEAN[::-1], r"y\[0\] has the shape \(90,\), but \(60,\) is needed"),
            (NOISY, np.zeros((6, 60)), "y must be a list of 6 signals.* Got an array"),
            ([np.zeros(5), np.zeros((4, 2))], None, r"one number of channels.*\(5,\), \(4, 2\)"),
            ([np.zeros(5), np.zeros(0)], None, "a sample at least"),
            ([["a", "b"], ["c"]], None, r"X\[0\] must hold real numbers"),
            ([np.array([1, np.inf]), np.ones(3)], None, "X contains infinity"),
        ],
    )
    def test_what_is_refused(self, X, y, message):
        with pytest.raises(ValueError, match=message):
            small_denoiser().fit(X, y)


def test_long_signals_are_cut_so_that_little_is_padded():
    parts, origins, length = pieces([np.zeros(n) for n in (100, 1000, 250, 300)])
    assert length == 275
    assert [(part.start, part.stop) for part in parts if part.start] == [
        (242, 517),
        (483, 758),
        (725, 1000),
        (25, 300),
    ]
    assert origins.tolist() == [0, 1, 1, 1, 1, 2, 3, 3]


class TestDenoise:
    def test_each_signal_is_denoised_as_if_alone(self):
        same(denoise(NOISY), [denoise(x) for x in NOISY], atol=1e-9)
        _, std = denoise(NOISY, return_std=True)
        same(std, [denoise(x, return_std=True)[1] for x in NOISY], atol=1e-9)

    def test_warnings_say_of_which_signals(self):
        nothing = np.full(90, np.nan)
        with pytest.warns(
            UserWarning, match="Of the 2 signal.* of 90 timesteps in the list: 1 of 2"
        ):
            denoised = denoise([NOISY[0], NOISY[1], nothing])
        assert np.isnan(denoised[2]).all()

    def test_times_are_of_one_length(self):
        with pytest.raises(ValueError, match="time is for signals of one length"):
            denoise(NOISY, time=np.arange(60))


@pytest.mark.parametrize("metric", [metrics.snr_db, metrics.rmse, metrics.prd, metrics.correlation])
def test_metrics_are_those_of_single_signals(metric):
    alone = [metric(y[np.newaxis], x[np.newaxis]) for x, y in zip(NOISY, CLEAN, strict=True)]
    assert metric(CLEAN, NOISY, average=False) == pytest.approx(alone)


def test_metrics_refuse_other_lengths():
    with pytest.raises(ValueError, match=r"y_pred\[1\] has the shape \(75,\)"):
        metrics.rmse(CLEAN[:2], [NOISY[0], NOISY[3]])
    with pytest.raises(ValueError, match="Signals must have one length"):
        metrics.spectral_relative_rmse(CLEAN, NOISY)
