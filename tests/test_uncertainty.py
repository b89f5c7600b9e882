"""Conformal intervals keep their promise for every number of signals."""

import numpy as np
import pytest

from conv_denoiser.uncertainty import band_scores, conformal_quantile, interval, pointwise_scores

COVERAGES = (0.5, 0.8, 0.9, 0.95)


def signals(n_signals, seed):
    """Return the truth, predictions of it, and deviations that are off by an unknown factor."""
    rng = np.random.default_rng(seed)
    std = rng.uniform(0.5, 2, (n_signals, 40))
    loudness = rng.lognormal(size=(n_signals, 1))  # errors of a signal have much in common
    true = np.cumsum(rng.normal(size=(n_signals, 40)), axis=1)
    return true, true + loudness * std * rng.normal(size=true.shape), std


class TestConformalQuantile:
    @pytest.mark.parametrize("n_signals", [19, 20, 99, 137])
    @pytest.mark.parametrize("coverage", COVERAGES)
    def test_covers_exactly_when_any_signal_may_be_the_new_one(self, n_signals, coverage):
        scores = np.random.default_rng(0).exponential(size=n_signals + 1)
        within = [
            score <= conformal_quantile(np.delete(scores, i), coverage)
            for i, score in enumerate(scores)
        ]
        assert coverage - 1e-12 <= np.mean(within) < coverage + 1 / (n_signals + 1)

    @pytest.mark.parametrize("coverage", COVERAGES)
    def test_covers_samples_when_any_signal_may_be_the_new_one(self, coverage):
        scores = pointwise_scores(*signals(61, seed=0))
        within = [
            np.mean(scores[i] <= conformal_quantile(np.delete(scores, i, axis=0), coverage))
            for i in range(len(scores))
        ]
        assert coverage - 1e-12 <= np.mean(within) < coverage + 2 / len(scores)

    @pytest.mark.parametrize(
        ("coverage", "needed"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99), (0.07, 1)]
    )
    @pytest.mark.parametrize("shape", [(), (30,)])
    def test_least_number_of_signals(self, coverage, needed, shape):
        scores = np.random.default_rng(0).exponential(size=(needed, *shape))
        assert conformal_quantile(scores, coverage) <= scores.max()
        if needed > 1:
            with pytest.raises(ValueError, match=f"at least {needed} signals. Got {needed - 1}"):
                conformal_quantile(scores[1:], coverage)

    def test_decimals_are_taken_at_their_word(self):
        assert conformal_quantile(np.arange(99.0), 0.07) == 6  # 100 * 0.07 is more than 7

    @pytest.mark.parametrize("coverage", [0, 1, 90, -0.1, np.nan, True, "0.9"])
    def test_bad_coverage(self, coverage):
        with pytest.raises(ValueError, match="coverage must be a finite number above 0 and below"):
            conformal_quantile([1.0], coverage)

    @pytest.mark.parametrize(
        ("scores", "message"),
        [([], "shape \\(0,\\)"), ([np.nan, 1], "1 NaN"), ([-1.0], "1 negative"), (2.0, "shape")],
    )
    def test_bad_scores(self, scores, message):
        with pytest.raises(ValueError, match=message):
            conformal_quantile(scores, 0.5)

    def test_infinite_scores(self):
        scores = [1.0, 2.0, np.inf]
        assert conformal_quantile(scores, 0.5) == 2
        with pytest.raises(ValueError, match="too many scores are infinite"):
            conformal_quantile(scores, 0.75)


class TestPromises:
    @pytest.mark.parametrize("coverage", COVERAGES)
    def test_share_of_samples(self, coverage):
        quantile = conformal_quantile(pointwise_scores(*signals(3000, seed=1)), coverage)
        true, mean, std = signals(3000, seed=2)
        lower, upper = interval(mean, std, quantile)
        share = np.mean((lower <= true) & (true <= upper))
        assert share == pytest.approx(coverage, abs=0.02)

    @pytest.mark.parametrize("coverage", COVERAGES)
    def test_share_of_whole_signals(self, coverage):
        quantile = conformal_quantile(band_scores(*signals(3000, seed=1)), coverage)
        true, mean, std = signals(3000, seed=2)
        lower, upper = interval(mean, std, quantile)
        share = np.mean(((lower <= true) & (true <= upper)).all(axis=1))
        assert share == pytest.approx(coverage, abs=0.03)


class TestScores:
    def test_a_band_holds_all_channels(self):
        rng = np.random.default_rng(0)
        true, mean = rng.normal(size=(2, 5, 20, 3))
        std = rng.uniform(1, 2, (5, 20, 3))
        scores = pointwise_scores(true, mean, std)
        np.testing.assert_array_equal(scores, np.abs(true - mean) / std)
        np.testing.assert_array_equal(band_scores(true, mean, std), scores.max(axis=(1, 2)))

    def test_certainty(self):
        scores = pointwise_scores([[1.0, 1.0]], [[1.0, 2.0]], [[0.0, 0.0]])
        np.testing.assert_array_equal(scores, [[0, np.inf]])

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            (([[1.0]], [[1.0, 2.0]], [[1.0]]), "one shape .* Got .*\\(1, 2\\)"),
            (([1.0], [1.0], [1.0]), "one shape"),
            (([[1.0]], [[np.nan]], [[1.0]]), "mean holds NaN or infinity"),
            (([[1.0]], [[1.0]], [[-2.0]]), "std holds negative values, down to -2"),
        ],
    )
    @pytest.mark.parametrize("function", [pointwise_scores, band_scores])
    def test_bad_arrays(self, function, arrays, message):
        with pytest.raises(ValueError, match=message):
            function(*arrays)
