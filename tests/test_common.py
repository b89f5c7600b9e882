"""Every check that scikit-learn has for estimators."""

import pytest
from conftest import small_denoiser
from sklearn.utils.estimator_checks import parametrize_with_checks

from conv_denoiser import ConvDenoiser, MinMaxPerSample, StandardizePerSample


@parametrize_with_checks([MinMaxPerSample(), MinMaxPerSample((-1, 1)), StandardizePerSample()])
def test_scalers(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([ConvDenoiser(), small_denoiser(noise=0.1, scaler=None, loss="huber")])
def test_denoisers(estimator, check):
    check(estimator)
