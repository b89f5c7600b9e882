"""Signals unlike those that a denoiser learned from are told apart, and others raise no alarm."""

import json
import pickle
import re

import numpy as np
import pytest
from conftest import forge, small_denoiser
from sklearn.pipeline import make_pipeline

from conv_denoiser import ConvDenoiser, DenoisingWarning, SignalGenerator, load, save
from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser.export import OnnxDenoiser, to_onnx
from conv_denoiser.uncertainty import Profile
from conv_denoiser.uncertainty.profile import novelty_in

UNLIKE = "signals look unlike those that the denoiser learned from"


def draw(name, n_signals, seed, n_timesteps=256):
    generator = SignalGenerator(name, noise=0.1, n_timesteps=n_timesteps, random_state=seed)
    return generator.sample(n_signals, return_X_y=True)


@pytest.fixture(scope="module")
def profile():
    """What 400 ECGs look like."""
    return Profile.of(draw("ecg", 400, seed=0)[0][..., np.newaxis])


@pytest.fixture(scope="module")
def ecgs():
    return draw("ecg", 300, seed=1)[0]


@pytest.fixture(scope="module")
def fitted():
    """A denoiser of ECGs that warns of others, and says how uncertain it is."""
    denoiser = small_denoiser(loss="gaussian_nll", novelty="warn", batch_size=64)
    return denoiser.fit(*draw("ecg", 200, seed=0))


@pytest.fixture(scope="module")
def exported(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "warns.onnx"
    to_onnx(fitted, path)
    return path


def scores(profile, X):
    return profile.score(np.asarray(X)[..., np.newaxis])


class TestProfile:
    def test_one_in_a_hundred_is_beyond_the_limit(self, profile, ecgs):
        assert np.mean(scores(profile, ecgs) > 1) < 0.04

    @pytest.mark.parametrize("name", ["sine", "square", "chirp", "x_squared"])
    def test_other_kinds_are_stranger(self, profile, ecgs, name):
        usual, strange = scores(profile, ecgs), scores(profile, draw(name, 100, seed=2)[0])
        assert np.mean(usual[:, np.newaxis] < strange) > 0.95  # the area under the ROC curve

    def test_another_rate_is_stranger(self):
        rng = np.random.default_rng(0)
        phase = np.arange(512) * rng.uniform(0.1, 0.15, (300, 1)) + rng.uniform(0, 6, (300, 1))
        waves = np.sin(phase) + 0.3 * rng.normal(size=phase.shape)
        profile = Profile.of(waves[:150, :256, np.newaxis])
        assert np.mean(scores(profile, waves[150:, :256]) > 1) < 0.05
        assert np.mean(scores(profile, waves[150:, ::2]) > 1) > 0.9

    def test_clipped_signals_are_stranger(self, profile, ecgs):
        clipped = np.minimum(ecgs, np.quantile(ecgs, 0.9, axis=1, keepdims=True))
        assert scores(profile, clipped).min() > 1

    def test_amplitude_and_offset_do_not_matter(self, profile, ecgs):
        X = ecgs.astype(np.float64)
        expected = scores(profile, X)
        for same in (1e-9 * X, 1e300 * X, X + 1e3):
            np.testing.assert_allclose(scores(profile, same), expected, rtol=1e-3)

    def test_flat_signals_are_strange(self, profile):
        for level in (0.0, 3.3, 1e300):
            assert scores(profile, np.full((2, 256), level)).min() > 1

    def test_each_channel_is_told_by_its_own(self, ecgs):
        sines = draw("sine", 300, seed=3)[0]
        both = np.stack([ecgs, sines], axis=2)
        profile = Profile.of(both[:200])
        assert np.mean(profile.score(both[200:]) > 1) < 0.1
        assert np.mean(profile.score(both[200:, :, ::-1]) > 1) > 0.9

    def test_another_length_cannot_be_compared(self, profile):
        with pytest.raises(ValueError, match="signals of 256 timesteps.* Got 64"):
            scores(profile, np.zeros((2, 64)))

    def test_shortest_signals(self):
        X = np.random.default_rng(0).normal(size=(100, 16, 1))
        assert np.isfinite(Profile.of(X).score(X)).all()

    def test_survives_json(self, profile, ecgs):
        again = Profile.from_dict(json.loads(json.dumps(profile.to_dict())))
        np.testing.assert_array_equal(scores(again, ecgs), scores(profile, ecgs))

    @pytest.mark.parametrize(
        "change",
        [
            {"n_timesteps": 2**30},
            {"n_timesteps": 16},
            {"limit": 0},
            {"limit": None},
            {"mean": [[1.0]]},
            {"mean": "far"},
            {"whitening": [[1.0]]},
            {"deviation": [[1.0]]},
        ],
    )
    def test_damaged(self, profile, change):
        with pytest.raises((ValueError, TypeError)):
            Profile.from_dict({**profile.to_dict(), **change})

    def test_that_is_not_finite(self, profile):
        described = profile.to_dict()
        described["mean"][0][0] = np.nan
        with pytest.raises(ValueError, match="finite"):
            Profile.from_dict(described)


class TestAlarm:
    @pytest.mark.parametrize(
        "usual",
        [
            *([1.4], [0.5, 1.2], [*np.linspace(0.5, 0.9, 19), 2.0]),
            np.linspace(0.2, 1.2, 100),
            *(np.full(64, 1.4), [1.4, *np.full(63, 1.4 + 1e-9)]),  # a stream, batch by batch
        ],
    )
    def test_is_not_raised_by_chance(self, usual):
        assert novelty_in(np.array(usual)) is None

    @pytest.mark.parametrize(
        ("strange", "message"),
        [
            ([1.6], "1 of 1 signal looks unlike"),
            ([1.1, 1.2], "2 of 2 signals"),
            (np.full(64, 1.6), "1 of 1 signal looks unlike"),
            (np.linspace(0.2, 1.3, 101), "28 of 101 .* up to 1.3, usual up to 1"),
        ],
    )
    def test_is_raised_by_more(self, strange, message):
        assert re.match(message, novelty_in(np.array(strange)))


class TestDenoiser:
    def test_warns_of_other_signals_alone(self, fitted, ecgs):
        sines = draw("sine", 20, seed=2)[0]
        fitted.transform(ecgs)  # any warning would be an error
        fitted.predict(ecgs)
        with pytest.warns(DenoisingWarning, match=f"\\d+ of 20 {UNLIKE}"):
            fitted.transform(sines)
        with pytest.warns(DenoisingWarning, match=UNLIKE):
            make_pipeline("passthrough", fitted).predict(sines, return_std=True)

    def test_warns_once_in_a_loop(self, fitted):
        batches = [draw("sine", 20, seed)[0] for seed in range(3)]
        with pytest.warns(DenoisingWarning) as caught:
            _ = [fitted.transform(sines) for sines in batches]
        assert len(caught) == 1

    def test_does_not_warn_unless_told_to(self, fitted):
        quiet = pickle.loads(pickle.dumps(fitted)).set_params(novelty="ignore")
        quiet.transform(draw("sine", 20, seed=2)[0])

    def test_bridges_gaps(self, fitted, ecgs):
        X = ecgs.copy()
        expected = fitted.novelty_score(X)
        X[:, 50:53] = np.nan
        assert np.abs(np.median(fitted.novelty_score(X) - expected)) < 0.2

    def test_knows_noise_that_is_drawn(self):
        noisy, clean = draw("ecg", 200, seed=0)
        profile = small_denoiser(noise=0.1, batch_size=64).fit(clean[:100]).profile_
        assert np.median(scores(profile, noisy[100:])) < 1 < np.median(scores(profile, clean[100:]))

    def test_does_not_know_few_signals(self, parabolas):
        denoiser = small_denoiser(novelty="warn").fit(*parabolas)
        for call in (denoiser.novelty_score, denoiser.transform):
            with pytest.raises(ValueError, match="fit with 100 signals or more"):
                call(parabolas[0])

    def test_does_not_know_signals_of_unequal_lengths(self, ecgs):
        signals = [*ecgs[:100], ecgs[100, :99]]
        denoiser = small_denoiser(batch_size=64).fit(signals, signals)
        with pytest.raises(ValueError, match="signals of unequal lengths leave it unknown"):
            denoiser.novelty_score(ecgs)

    def test_of_the_weights_of_the_package_is_not_known(self, parabolas):
        with pytest.raises(ValueError, match="learned from signals of every kind"):
            ConvDenoiser.from_pretrained().novelty_score(parabolas[0])


class TestFiles:
    def test_keep_it(self, fitted, ecgs, tmp_path):
        path = tmp_path / "warns.safetensors"
        save(fitted, path)
        loaded = load(path)
        np.testing.assert_array_equal(loaded.novelty_score(ecgs), fitted.novelty_score(ecgs))
        with pytest.warns(DenoisingWarning, match=UNLIKE):
            loaded.transform(draw("sine", 20, seed=2)[0])
        forge(path, lambda content: content["profile"].update(n_timesteps=255))
        with pytest.raises(ModelFileError, match="makes no sense"):
            load(path)
        forge(path, lambda content: content.pop("profile"))  # as files were before
        assert load(path).profile_ is None

    @pytest.mark.slow
    def test_onnx_says_the_same(self, fitted, exported, ecgs):
        deployed = OnnxDenoiser(exported)
        np.testing.assert_array_equal(deployed.novelty_score(ecgs), fitted.novelty_score(ecgs))
        deployed.transform(ecgs)
        with pytest.warns(DenoisingWarning, match=UNLIKE):
            deployed.transform(draw("sine", 20, seed=2)[0])

    @pytest.mark.slow
    def test_onnx_is_conformalized_where_it_runs(self, exported):
        X, y = (signals.astype(np.float64) for signals in draw("ecg", 300, seed=4))
        deployed = OnnxDenoiser(exported)
        with pytest.raises(ValueError, match="not conformalized"):
            deployed.predict_interval(X)
        deployed.conformalize(X[:200], y[:200])
        lower, upper = deployed.predict_interval(X[200:], 0.8)
        assert np.mean((lower <= y[200:]) & (y[200:] <= upper)) == pytest.approx(0.8, abs=0.05)
        again = pickle.loads(pickle.dumps(deployed)).set_params(n_threads=1)
        np.testing.assert_allclose(again.predict_interval(X[200:], 0.8)[0], lower, rtol=1e-5)
        with pytest.raises(ValueError, match="Pass y of X's shape"):
            deployed.conformalize(X, y[:, :5])
        with pytest.raises(ValueError, match="NaN"):
            deployed.conformalize(X, np.ma.masked_greater(y, np.quantile(y, 0.99)))
