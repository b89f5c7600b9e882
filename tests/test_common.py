"""Every check that scikit-learn has for estimators, for each network and supervision."""

import pytest
from conftest import small_denoiser, small_unet
from sklearn.utils.estimator_checks import parametrize_with_checks

from conv_denoiser import ConvDenoiser, MinMaxPerSample, StandardizePerSample


class PairedDenoiser(ConvDenoiser):
    """Learns X from X, as checks pass labels where pairs need signals."""

    def fit(self, X, y=None, sample_weight=None):
        return super().fit(X, X, sample_weight)

    def partial_fit(self, X, y=None, sample_weight=None):
        return super().partial_fit(X, X, sample_weight)


def paired(denoiser):
    return PairedDenoiser(**denoiser.get_params())


@parametrize_with_checks([MinMaxPerSample(), MinMaxPerSample((-1, 1)), StandardizePerSample()])
def test_scalers(estimator, check):
    check(estimator)


def expected_failures(estimator):
    """Return what cannot hold where batches are drawn at random, as in scikit-learn's own SGD."""
    reason = "a weight of 2 is no second draw of the signal, and float32 sums depend on their order"
    return {"check_sample_weight_equivalence_on_dense_data": reason}


# Checks fit some 40 times each, and building the graph is what takes time, with validation twice
# as much: one denoiser is checked with it.
@pytest.mark.slow
@parametrize_with_checks(
    [
        small_denoiser(validation_split=0.1),
        paired(small_denoiser()),
        small_unet(filters=(2, 2), noise=0.1, scaler=None, loss="huber"),
    ],
    expected_failed_checks=expected_failures,
)
def test_denoisers(estimator, check):
    check(estimator)
