"""scikit-learn around our objects: nested parameters, tables, containers, targets that are none."""

import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from conv_denoiser import BlindSpot, ConvDenoiser, MinMaxPerSample
from conv_denoiser.noise import GaussianNoise, ImpulseNoise, RecordedNoise

X = np.random.default_rng(0).normal(size=(24, 20)).cumsum(axis=1)


class TestNestedParameters:
    def test_a_search_turns_noise_and_leaves_the_object_of_the_user(self):
        noise = GaussianNoise(0.5) + ImpulseNoise(snr_db=10)
        grid = {"noise__0__scale": [0.1, 0.2], "noise__1__snr_db": [(0, 6)]}
        denoiser = small_denoiser(noise=noise, loss="mean_squared_error")
        search = GridSearchCV(denoiser, grid, cv=2, error_score="raise")
        best = search.fit(X).best_estimator_.noise
        assert best.parts[0].scale in (0.1, 0.2)
        assert best.parts[1] == ImpulseNoise(snr_db=(0, 6))
        assert noise == GaussianNoise(0.5) + ImpulseNoise(snr_db=10)

    def test_a_search_turns_the_blind_spot(self):
        denoiser, grid = small_denoiser(supervision=BlindSpot()), {"supervision__width": [3, 5]}
        search = GridSearchCV(denoiser, grid, cv=2, error_score="raise").fit(X)
        assert search.best_estimator_.supervision.width in (3, 5)
        assert denoiser.supervision == BlindSpot()

    def test_through_a_pipeline(self):
        pipeline = make_pipeline(ConvDenoiser(noise=0.5, supervision="blind_spot"))
        pipeline.set_params(
            convdenoiser__noise__scale=np.float32(0.25),
            convdenoiser__supervision__share=0.2,
            convdenoiser__scaler__feature_range=(-1, 1),
        )
        (denoiser,) = (step for _, step in clone(pipeline).steps)
        assert denoiser.noise == GaussianNoise(0.25)
        assert denoiser.supervision == BlindSpot(0.2)
        assert denoiser.scaler.feature_range == (-1, 1)

    def test_an_object_and_its_parameters_at_once(self):
        denoiser = ConvDenoiser().set_params(noise__scale=0.1, noise=GaussianNoise(9))
        assert denoiser.noise == GaussianNoise(0.1)

    def test_the_scaler_of_the_user_is_not_changed(self):
        scaler = MinMaxPerSample()
        ConvDenoiser(scaler=scaler).set_params(scaler__feature_range=(0, 0.5))
        assert scaler.feature_range == (0, 1)

    def test_parameters_are_listed(self):
        params = ConvDenoiser(noise=GaussianNoise(2) + GaussianNoise(3)).get_params()
        assert params["noise__1__scale"] == 3

    def test_clones_share_a_recording(self):
        noise = RecordedNoise(np.arange(100.0), snr_db=3)
        assert clone(ConvDenoiser(noise=noise)).noise.bank is noise.bank
        assert noise.set_params(snr_db=6) == RecordedNoise(np.arange(100.0), snr_db=6)

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"noise__scale": 1}, "noise=None has no parameters. Set noise to an object first"),
            ({"supervision__width": 3}, r"supervision='auto' has no .*BlindSpot\(\)"),
            ({"noise": 0.1, "noise__width": 3}, r"no parameter 'width', but \['scale', 'snr_db'\]"),
            ({"noise": 0.1, "noise__scale": -1}, "scale .* cannot be negative. Got -1"),
            ({"scaler__width": 3}, "Invalid parameter 'width'"),
        ],
    )
    def test_what_cannot_be_set(self, params, message):
        with pytest.raises(ValueError, match=message):
            ConvDenoiser().set_params(**params)


def test_a_scaler_of_targets_says_what_it_needs():
    regressor = TransformedTargetRegressor(small_denoiser(), transformer=MinMaxPerSample())
    with pytest.raises(TypeError, match=r"reference=signals.*TransformedTargetRegressor.*scaler="):
        regressor.fit(X, X)
