"""Missing samples: NaN and masked ones, in what needs no training."""

import numpy as np
import pandas as pd
import pytest
from conftest import METRICS

from conv_denoiser import (
    Gaps,
    MinMaxPerSample,
    SignalGenerator,
    StandardizePerSample,
    denoise,
    find_bad_samples,
    metrics,
)
from conv_denoiser.noise import estimate_noise, noise_autocorrelation
from conv_denoiser.plotting import DenoisingDisplay, ResidualDisplay, SpectrumDisplay
from conv_denoiser.plotting.recording import plot_recording

RNG = np.random.default_rng(0)
CLEAN = np.sin(np.arange(400) / np.array([[3], [7], [20]]))
NOISY = CLEAN + 0.1 * RNG.normal(size=CLEAN.shape)
GONE = RNG.random(CLEAN.shape) < 0.1
SCALERS = [MinMaxPerSample(), StandardizePerSample()]


def with_gaps(x, gone=GONE):
    return np.where(gone, np.nan, x)


def name(value):
    return getattr(value, "__name__", None) or type(value).__name__


class TestMetrics:
    @pytest.mark.parametrize("metric", METRICS, ids=name)
    def test_what_is_missing_does_not_count(self, metric):
        wild = np.where(GONE, 1e9, NOISY)
        value = metric(with_gaps(CLEAN), wild)
        assert np.isfinite(value)
        assert value == metric(with_gaps(CLEAN), np.where(GONE, np.nan, NOISY))
        assert value == metric(np.ma.masked_array(CLEAN, GONE), wild)
        assert value == pytest.approx(metric(CLEAN, NOISY), rel=0.4)

    @pytest.mark.parametrize("metric", [metrics.rmse, metrics.snr_db, metrics.correlation])
    def test_they_are_those_of_the_samples_that_are_there(self, metric):
        true, pred = CLEAN[:1], NOISY[:1]
        there = ~GONE[:1]
        expected = metric(true[there][np.newaxis], pred[there][np.newaxis])
        assert metric(with_gaps(true, ~there), pred) == pytest.approx(expected)

    @pytest.mark.parametrize("metric", METRICS, ids=name)
    def test_a_signal_without_samples_has_no_value(self, metric):
        empty = CLEAN.copy()
        empty[1] = np.nan
        assert np.isnan(metric(empty, NOISY, average=False)).tolist() == [False, True, False]
        assert metric(empty, NOISY) == pytest.approx(metric(CLEAN[::2], NOISY[::2]))
        weighted = metric(empty, NOISY, sample_weight=[1, 5, 3])
        assert weighted == pytest.approx(metric(CLEAN[::2], NOISY[::2], sample_weight=[1, 3]))
        with pytest.raises(ValueError, match=r"every sample is missing \(NaN\) in y_true"):
            metric(np.full_like(CLEAN, np.nan), NOISY)

    def test_a_channel_without_samples_has_no_value(self):
        true = np.stack([CLEAN, np.full_like(CLEAN, np.nan)], axis=2)
        pred = np.stack([NOISY, NOISY], axis=2)
        by_channel = metrics.rmse(true, pred, multioutput="raw_values")
        assert np.isnan(by_channel).tolist() == [False, True]
        expected = pytest.approx(metrics.rmse(CLEAN, NOISY))
        assert metrics.rmse(true, pred, multioutput="uniform_average") == expected
        assert metrics.rmse(true, pred) == expected

    def test_estimates_that_lack_what_counts_are_refused(self):
        with pytest.raises(ValueError, match=r"y_pred contains NaN: 1 value.*row 2"):
            metrics.rmse(
                with_gaps(CLEAN), np.where(np.arange(1200).reshape(3, 400) == 811, np.nan, 0)
            )

    def test_gaps_of_noisy_signals_do_not_count_either(self):
        gain = metrics.snr_improvement_db(CLEAN, CLEAN + 0.01, with_gaps(NOISY))
        wild = np.where(GONE, 1e9, CLEAN + 0.01)
        assert gain == metrics.snr_improvement_db(CLEAN, wild, with_gaps(NOISY))
        assert gain == pytest.approx(metrics.snr_improvement_db(CLEAN, CLEAN + 0.01, NOISY), abs=1)


class TestScalers:
    @pytest.mark.parametrize("scaler", SCALERS, ids=name)
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_statistics_are_those_of_what_is_there(self, scaler, dtype):
        X = with_gaps(NOISY).astype(dtype)
        scaled = scaler.fit_transform(X)
        assert scaled.dtype == dtype
        np.testing.assert_array_equal(np.isnan(scaled), GONE)
        alone = scaler.fit_transform(X[:1][~GONE[:1]][np.newaxis])
        np.testing.assert_allclose(scaled[:1][~GONE[:1]][np.newaxis], alone, rtol=0, atol=1e-6)
        scaler.fit(X)
        np.testing.assert_allclose(scaler.inverse_transform(scaled, reference=X), X, atol=1e-5)
        np.testing.assert_array_equal(scaler.transform(np.ma.masked_invalid(X)), scaled)

    @pytest.mark.parametrize("scaler", SCALERS, ids=name)
    def test_without_samples_nothing_comes_out(self, scaler):
        X = np.array([[np.nan, np.nan, np.nan], [2, np.nan, 2]])
        expected = [[np.nan] * 3, [0, np.nan, 0]]
        np.testing.assert_array_equal(scaler.fit_transform(X), expected)

    @pytest.mark.parametrize("missing", [None, pd.NA, np.nan], ids=str)
    def test_missing_cells_of_a_table(self, missing):
        table = pd.DataFrame({"a": [1.0, 5], "b": [missing, 6], "c": [3.0, 9]}, dtype=object)
        scaler = MinMaxPerSample().fit(table)
        assert list(scaler.feature_names_in_) == ["a", "b", "c"]
        np.testing.assert_array_equal(scaler.transform(table), [[0, np.nan, 1], [0, 0.25, 1]])

    def test_infinity_is_refused(self):
        with pytest.raises(ValueError, match=r"X contains infinity.*put NaN there"):
            MinMaxPerSample().fit_transform([[1.0, np.inf, np.nan]])


class TestEstimates:
    def test_the_level_of_noise(self):
        level = estimate_noise(with_gaps(NOISY))
        np.testing.assert_allclose(level[1:], 0.1, rtol=0.3)
        channels = np.stack([with_gaps(NOISY), NOISY], axis=2)
        np.testing.assert_array_equal(estimate_noise(channels)[:, 0], level)
        assert np.isnan(estimate_noise([[1.0, np.nan, 2, 3, np.nan, 4]])).all()

    def test_its_autocorrelation(self):
        noise = np.random.default_rng(0).normal(size=(50, 501))
        noise = noise[:, 1:] + noise[:, :-1]
        gone = np.random.default_rng(1).random(noise.shape) < 0.05
        correlation = noise_autocorrelation(with_gaps(noise, gone))
        np.testing.assert_allclose(correlation, [1, 0.5, 0], atol=0.1)
        with pytest.raises(ValueError, match="vary from point to point.*missing"):
            noise_autocorrelation(with_gaps(noise, np.arange(500) % 5 == 0))


class TestGaps:
    @pytest.mark.parametrize(
        ("gaps", "left"),
        [
            (Gaps(), [0, 0, 0]),
            (Gaps(max_gap=2), [0, 0, 3]),
            (Gaps(max_gap=1), [0, 2, 3]),
            (Gaps(fill=False), [1, 2, 3]),
        ],
        ids=repr,
    )
    def test_what_is_left_in(self, gaps, left):
        missing = np.zeros((2, 12, 2), bool)
        for length, start in ((1, 0), (2, 4), (3, 9)):
            missing[0, start : start + length, 1] = True
        missing[1, :, 0] = True
        kept = gaps.left_in(missing)
        assert [kept[0, start : start + 3, 1].sum() for start in (0, 4, 9)] == left
        assert not kept[0, :, 0].any()
        assert kept[1, :, 0].all(), "a signal without any sample stays missing"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"max_gap": 0}, "max_gap.*positive integer. Got 0"),
            ({"fill": "no"}, "fill must be True or False. Got 'no'"),
            ({"fill": False, "max_gap": 3}, "max_gap=3 is the longest gap to fill"),
        ],
        ids=str,
    )
    def test_what_is_refused(self, options, message):
        with pytest.raises(ValueError, match=message):
            Gaps(**options)


class TestBadSamples:
    def noisy(self, n=600):
        return np.sin(np.arange(n) / 15) + 0.05 * np.random.default_rng(0).normal(size=n)

    def test_none_are_found_in_noise(self):
        assert not find_bad_samples(NOISY).mask.any()
        assert not find_bad_samples(np.round(20 * NOISY).astype(int)).mask.any()
        slow = np.round(100 * np.sin(np.arange(5000) / 160))
        assert not find_bad_samples(slow).mask.any(), "rounding makes runs of equal samples"

    def test_flat_lines(self):
        x = self.noisy()
        x[100:140] = x[100]
        found = find_bad_samples(x)
        np.testing.assert_array_equal(np.flatnonzero(found.reasons["flat"]), np.arange(100, 140))
        np.testing.assert_array_equal(found.mask, found.reasons["flat"])
        assert find_bad_samples(np.ones((2, 50))).mask.all()

    @pytest.mark.parametrize("unit", [None, 0.01], ids=str)
    def test_clipping(self, unit):
        x = self.noisy() if unit is None else np.round(self.noisy() / unit) * unit
        clipped = np.clip(x, -0.8, 0.9)
        reasons = find_bad_samples(clipped).reasons
        found = reasons["clipped"] | reasons["flat"]
        assert found[x != clipped].mean() > 0.9
        assert not found[x == clipped].any() or unit

    def test_spikes(self):
        x = self.noisy()
        x[[50, 200, 201, 599]] += 8
        found = find_bad_samples(np.stack([x, x[::-1]], axis=1)[np.newaxis])
        assert found.mask.shape == (1, 600, 2)
        assert np.flatnonzero(found.reasons["spike"][0, :, 0]).tolist() == [50, 200, 201, 599]

    def test_missing_samples_are_passed_over(self):
        x = self.noisy()
        x[100:140], x[120] = x[100], np.nan
        found = find_bad_samples(x)
        assert np.flatnonzero(found.mask).tolist() == [*range(100, 120), *range(121, 140)]
        assert not find_bad_samples(np.full(9, np.nan)).mask.any()

    def test_infinity_is_refused(self):
        with pytest.raises(ValueError, match="x contains infinity"):
            find_bad_samples([1.0, np.inf])


class TestDenoise:
    """The one call."""

    def gappy(self):
        x = TestBadSamples().noisy()
        x[100:103], x[300:350] = np.nan, np.nan
        return x

    @pytest.mark.parametrize(
        ("options", "n_missing"),
        [
            ({}, 0),
            ({"gaps": "keep"}, 53),
            ({"max_gap": 3}, 50),
            ({"max_gap": 2}, 53),
            ({"gaps": Gaps(max_gap=50)}, 0),
        ],
        ids=str,
    )
    def test_gaps(self, options, n_missing):
        x = self.gappy()
        out = denoise(x, **options)
        left = np.isnan(out)
        assert left.sum() == n_missing
        assert np.isnan(x[left]).all()
        np.testing.assert_array_equal(out[~left], denoise(x)[~left])

    def test_what_is_missing_here_and_there_costs_little(self):
        sines = SignalGenerator("sine", n_timesteps=1024, noise=0.1, random_state=0)
        noisy, clean, _ = sines.sample(8)
        gone = np.random.default_rng(0).random(noisy.shape) < 0.3
        gappy = with_gaps(noisy, gone)
        np.testing.assert_allclose(estimate_noise(gappy), 0.1, rtol=0.3)
        whole = metrics.snr_db(clean, denoise(noisy))
        assert metrics.snr_db(clean, denoise(gappy)) > whole - 1.9

    def test_bad_samples_are_taken_for_missing(self):
        x = TestBadSamples().noisy().astype(np.float32)
        x[[50, 200, 201]] += 8
        x[400:430] = x[400]
        mask = find_bad_samples(x).mask
        assert mask.sum() == 33
        expected = denoise(np.where(mask, np.float32(np.nan), x))
        np.testing.assert_array_equal(denoise(x, bad="auto"), expected)
        assert np.abs(denoise(x)[50] - expected[50]) > 4, "off by default"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"gaps": "drop"}, "gaps must be 'fill', 'keep' or Gaps.*Got 'drop'"),
            ({"gaps": "keep", "max_gap": 3}, "max_gap=3 is the longest gap to fill"),
            ({"gaps": Gaps(), "max_gap": 3}, "says it all: leave out max_gap=3"),
            ({"bad": True}, "bad must be 'auto' or None. Got True"),
        ],
        ids=str,
    )
    def test_what_is_refused(self, options, message):
        with pytest.raises(ValueError, match=message):
            denoise(np.ones(50), **options)


class TestDisplays:
    """Gaps are drawn as gaps."""

    def test_lines(self):
        display = DenoisingDisplay.from_arrays(with_gaps(NOISY), NOISY, CLEAN, residual=True)
        for row in range(3):
            noisy, denoised, _, removed = (axis.lines[0].get_ydata() for axis in display.axes_[row])
            np.testing.assert_array_equal(np.isnan(noisy), GONE[row])
            np.testing.assert_array_equal(np.isnan(removed), GONE[row])
            assert np.isfinite(denoised).all()
        assert "nan" not in display.axes_[0, 0].get_title()

    def test_spectra(self):
        whole = SpectrumDisplay.from_arrays(CLEAN, 0.9 * CLEAN)
        gappy = SpectrumDisplay.from_arrays(with_gaps(CLEAN), 0.9 * CLEAN)
        for name, power in gappy.power.items():
            np.testing.assert_allclose(power.sum(), whole.power[name].sum(), rtol=0.2)

    def test_what_was_removed(self):
        display = ResidualDisplay.from_arrays(with_gaps(NOISY), CLEAN)
        assert np.abs(display.autocorrelation_[1:]).max() < 0.2
        assert abs(display.correlation_) < 0.1

    def test_a_long_recording(self):
        noisy = np.random.default_rng(0).normal(size=10_000)
        noisy[3000:4000] = noisy[5000] = np.nan
        figure = plot_recording(noisy, noisy, unit="mV")
        assert [ax.get_ylabel() for ax in figure.axes] == [
            "whole (mV)",
            "detail (mV)",
            "removed (mV)",
        ]
        np.testing.assert_array_equal(np.nan_to_num(figure.axes[2].lines[0].get_ydata()), 0)
        whole = figure.axes[0].lines[0]
        x, y = whole.get_data()
        np.testing.assert_array_equal(np.isnan(y), (x >= 3000) & (x < 4000))
