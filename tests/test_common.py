"""Every check that scikit-learn has for estimators."""

import pytest
from conftest import small_denoiser
from sklearn.utils.estimator_checks import parametrize_with_checks

from conv_denoiser import ConvDenoiser, MinMaxPerSample, StandardizePerSample


@parametrize_with_checks([MinMaxPerSample(), MinMaxPerSample((-1, 1)), StandardizePerSample()])
def test_scalers(estimator, check):
    check(estimator)


def expected_failures(estimator):
    """Return what cannot hold where batches are drawn at random, as in scikit-learn's own SGD."""
    reason = "a weight of 2 is no second draw of the signal, and float32 sums depend on their order"
    return {"check_sample_weight_equivalence_on_dense_data": reason}


@pytest.mark.slow
@parametrize_with_checks(
    [ConvDenoiser(), small_denoiser(noise=0.1, scaler=None, loss="huber")],
    expected_failed_checks=expected_failures,
)
def test_denoisers(estimator, check):
    check(estimator)
