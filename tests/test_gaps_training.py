"""Missing samples in what is learned, and in what a trained network denoises."""

import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.base import clone

from conv_denoiser import BlindSpot, Gaps, load, save
from conv_denoiser.noise import GaussianNoise
from conv_denoiser.preprocessing.scaling import Scaling
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.supervision.task import Paired, Problem, Synthetic, draw_pairs

RNG = np.random.default_rng(0)
CLEAN = np.sin(np.arange(64) / RNG.uniform(3, 9, (24, 1)))
NOISY = CLEAN + 0.2 * RNG.normal(size=CLEAN.shape)
GONE = RNG.random(CLEAN.shape) < 0.1
GONE[3, 20:30], GONE[3, [19, 30]] = True, False
GAPPY = np.where(GONE, np.nan, NOISY)
SUPERVISIONS = [Paired(), Synthetic(GaussianNoise(0.1)), BlindSpot(), BlindSpot(0.3, width=3)]
QUICK = {"loss": "mean_squared_error", "scaler": None, "validation_split": 0}


@pytest.fixture(scope="module")
def fitted():
    """A denoiser that was fitted on signals with gaps in X and in y."""
    y = CLEAN.copy()
    y[5, :30] = np.nan
    return small_denoiser(epochs=2).fit(GAPPY, y)


class TestFilling:
    def test_gaps_are_filled(self, fitted):
        denoised = fitted.transform(GAPPY)
        assert np.isfinite(denoised).all()
        bridged = GAPPY.copy()
        for row, gone in zip(bridged, GONE, strict=True):
            row[gone] = np.interp(np.flatnonzero(gone), np.flatnonzero(~gone), row[~gone])
        np.testing.assert_array_equal(denoised, fitted.transform(bridged))

    @pytest.mark.parametrize("gaps", ["keep", Gaps(fill=False), Gaps(max_gap=9)], ids=str)
    def test_gaps_are_kept(self, fitted, gaps):
        filled = fitted.transform(GAPPY)
        fitted.set_params(gaps=gaps)
        kept = fitted.predict(GAPPY)
        fitted.set_params(gaps="fill")
        left = np.isnan(kept)
        assert np.array_equal(left, GONE) or left.sum() == left[3, 20:30].sum() == 10
        np.testing.assert_array_equal(kept[~left], filled[~left])

    def test_masked_arrays_have_gaps(self, fitted):
        wild = np.ma.masked_array(np.where(GONE, 1e9, NOISY), GONE)
        np.testing.assert_array_equal(fitted.transform(wild), fitted.transform(GAPPY))
        assert fitted.score(wild, CLEAN) == fitted.score(GAPPY, CLEAN)

    def test_a_signal_without_samples_stays_missing(self, fitted):
        X = GAPPY.astype(np.float32)
        X[2] = np.nan
        with pytest.warns(UserWarning, match="1 of 24 signals have no sample at all"):
            denoised = fitted.transform(X)
        assert denoised.dtype == np.float32
        assert np.isnan(denoised[2]).all()
        assert np.isfinite(np.delete(denoised, 2, axis=0)).all()

    def test_a_channel_is_bridged_by_itself(self, two_channels):
        X, y = two_channels
        denoiser = small_denoiser(validation_split=0).fit(X, y)
        gappy = X.copy()
        gappy[:, 10:20, 1] = np.nan
        bridged = gappy.copy()
        steps = np.linspace(0, 1, 12)[1:-1, np.newaxis].T
        bridged[:, 10:20, 1] = X[:, 9:10, 1] * (1 - steps) + X[:, 20:21, 1] * steps
        denoised = denoiser.transform(gappy)
        np.testing.assert_allclose(denoised, denoiser.transform(bridged), atol=1e-5)
        gappy[0, :, 0] = np.nan
        with pytest.warns(UserWarning, match="1 of 80 signals"):
            denoised = denoiser.transform(gappy)
        assert np.isnan(denoised[0, :, 0]).all()
        assert np.isfinite(denoised[0, :, 1]).all()

    def test_a_file_remembers_the_choice(self, fitted, tmp_path):
        path = tmp_path / "gaps.safetensors"
        denoiser = clone(fitted, safe=False).set_params(gaps=Gaps(max_gap=7))
        save(denoiser.fit(NOISY, CLEAN), path)
        assert load(path).gaps == Gaps(max_gap=7)
        assert load(path).set_params(gaps__max_gap=3).gaps == Gaps(max_gap=3)

    def test_what_is_refused(self):
        with pytest.raises(ValueError, match="'gaps' parameter.*Got 'drop'"):
            small_denoiser(gaps="drop").fit(NOISY, CLEAN)


class TestLearning:
    def drawn(self, supervision, X=GAPPY, y=CLEAN, seed=0):
        target = y[..., np.newaxis] if supervision.target == "y" else None
        signals = Signals(X[..., np.newaxis], target, has_gaps=True)
        problem = Problem(supervision, Scaling(None), False, X.shape[1])
        return draw_pairs(signals, np.random.default_rng(seed), problem)

    @pytest.mark.parametrize("supervision", SUPERVISIONS, ids=repr)
    def test_missing_samples_have_no_weight(self, supervision):
        y = np.where(GONE[::-1], np.nan, CLEAN)
        missing = GONE[::-1] if supervision.target == "y" else GONE
        inputs, targets, weight = self.drawn(supervision, y=y)
        assert np.isfinite(inputs).all()
        assert np.isfinite(targets).all()
        assert not weight[missing].any()
        np.testing.assert_allclose(weight.mean(axis=1), 1, rtol=1e-5)

    @pytest.mark.parametrize("width", [1, 3])
    def test_bridges_do_not_give_hidden_points_away(self, width):
        blind = BlindSpot(0.3, width)
        inputs, _, weight = self.drawn(blind)
        there = np.isfinite(GAPPY)
        before_gap = there[:, :-1] & ~there[:, 1:]
        points = np.argwhere((weight[:, :-1] > 0) & before_gap)
        assert len(points) > 20, "points at the edges of gaps are hidden, too"
        told = 0
        for row, point in points:
            changed = GAPPY.copy()
            changed[row, point] += 100
            again, _, _ = self.drawn(blind, changed)
            told += again[row, point + 1, 0] != inputs[row, point + 1, 0]
        assert told <= 0.15 * len(points), "but where chance makes one the neighbour of another"

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "params",
        [{}, {"supervision": "synthetic", "noise": 0.1}, {"supervision": "blind_spot"}],
        ids=str,
    )
    def test_fit_knows_nothing_of_what_is_missing(self, params):
        y = None if params else np.where(GONE[::-1], np.nan, CLEAN)
        wild = np.ma.masked_array(np.where(GONE, 1e9, NOISY), GONE)
        denoisers = [
            small_denoiser(**QUICK, **params).fit(X, y).partial_fit(X, y) for X in (GAPPY, wild)
        ]
        losses = denoisers[0].history_["loss"]
        assert np.isfinite(losses).all()
        assert losses == denoisers[1].history_["loss"]
        assert np.isfinite(denoisers[0].transform(GAPPY)).all()

    def test_signals_that_teach_nothing_are_left_out(self):
        X, y = GAPPY.copy(), CLEAN.copy()
        X[1], y[7] = np.nan, np.nan
        denoiser = small_denoiser(**QUICK)
        with pytest.warns(UserWarning, match=r"2 of 24 signals are left out.*in X or in y"):
            denoiser.fit(X, y)
        kept = np.delete(np.arange(24), [1, 7])
        expected = small_denoiser(**QUICK).fit(GAPPY[kept], CLEAN[kept])
        assert denoiser.history_ == expected.history_
        with pytest.raises(ValueError, match=r"No signal has a timestep to learn from"):
            small_denoiser().fit(np.full((5, 20), np.nan))
        with pytest.raises(ValueError, match="sample_weight is zero for every signal that has"):
            small_denoiser().fit(X, CLEAN, sample_weight=np.arange(24) == 1)

    def test_cross_entropy_reaches_its_floor_over_what_is_there(self):
        y = np.where(GONE, np.nan, (CLEAN > 0).astype(float))
        denoiser = small_denoiser(scaler=None, validation_split=0).fit(np.abs(GAPPY), y)
        assert denoiser.loss_floor_ == 0


class TestScore:
    def test_with_clean_signals(self, fitted):
        wild = np.where(GONE, 1e3, CLEAN)
        assert fitted.score(GAPPY, wild) == fitted.score(GAPPY, CLEAN)
        y = np.where(GONE[::-1], np.nan, CLEAN)
        assert fitted.score(GAPPY, y) == pytest.approx(fitted.score(GAPPY, CLEAN), abs=1)

    def test_without(self, fitted):
        score = fitted.score(GAPPY)
        assert np.isfinite(score)
        X = np.concatenate([GAPPY, np.full((2, 64), np.nan)])
        weight = np.append(np.ones(24), [5, 0])
        assert fitted.score(X, sample_weight=weight) == pytest.approx(score)
