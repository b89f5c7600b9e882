"""What every entrance shares: numbers in, and warnings that point at the user's line."""

import json

import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import BlindSpot, ConvDenoiser, SignalGenerator, load_dataset
from conv_denoiser._checks.numbers import (
    ceil_div,
    check_count,
    check_number,
    check_sampling_rate,
    plain_number,
)
from conv_denoiser.noise import GaussianNoise, LineNoise, as_noise_model, noise_from_dict


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.array(3)])
def test_a_count_comes_back_as_a_plain_int(value):
    assert type(check_count("n", value)) is int
    assert check_count("n", value) == 3


@pytest.mark.parametrize(
    "value", [0, -1, True, np.True_, 2.0, np.nan, "3", None, [3], np.timedelta64(1, "s")]
)
def test_what_is_not_a_count(value):
    with pytest.raises(ValueError, match="n must be a positive integer. Got"):
        check_count("n", value)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(0.5), np.longdouble(0.5)])
def test_a_number_comes_back_as_a_plain_float(value):
    assert type(check_number("n", value)) is float
    assert type(check_sampling_rate(value)) is float


@pytest.mark.parametrize(
    "value", [True, np.nan, np.inf, -np.inf, "1", None, 1j, np.timedelta64(1, "s"), 10**400]
)
def test_what_is_not_a_number(value):
    with pytest.raises(ValueError, match="n must be a finite number. Got"):
        check_number("n", value)


def test_limits_of_a_number():
    with pytest.raises(ValueError, match="n must be a finite number above 0 and at most 1. Got 0"):
        check_number("n", 0, above=0, at_most=1)
    with pytest.raises(ValueError, match="a finite number samples of at least 1 and below 2"):
        check_number("n", 2, at_least=1, below=2, unit="samples")
    assert check_number("n", 1, above=0, at_most=1) == 1


@pytest.mark.parametrize("value", [0, -1, True, np.nan, np.inf, "360"])
def test_what_is_not_a_sampling_rate(value):
    with pytest.raises(ValueError, match="sampling_rate must be a positive number of Hz. Got"):
        check_sampling_rate(value)


def test_an_unknown_sampling_rate_stays_unknown():
    assert check_sampling_rate(None) is None


def test_what_is_not_a_number_of_numpy_stays_as_it_is():
    assert plain_number("auto") == "auto"
    assert plain_number(True) is True
    assert isinstance(plain_number(np.timedelta64(1, "s")), np.timedelta64)


def test_division_that_rounds_up():
    assert [ceil_div(a, 3) for a in (1, 3, 4)] == [1, 1, 2]


def test_a_warning_points_at_the_line_of_the_user_also_through_a_pipeline():
    X = np.random.default_rng(0).normal(size=(30, 64)).astype(np.float32)
    pipeline = make_pipeline(FunctionTransformer(), small_denoiser(loss="binary_crossentropy"))
    with pytest.warns(UserWarning, match="outside the range") as caught:
        pipeline.fit(X, 5 * X)
    assert caught[0].filename == __file__


@pytest.mark.slow
def test_numbers_of_numpy_serve_as_parameters_of_a_denoiser():
    X = np.random.default_rng(0).normal(size=(24, 20)).cumsum(axis=1)
    plain = {"filters": (3,), "kernel_size": 5, "max_norm": 1.5, "batch_size": 10, "epochs": 2}
    plain |= {"learning_rate": 1.0, "validation_split": 0.25, "patience": 3, "random_state": 0}
    of_numpy = {
        "filters": (np.int64(3),),
        "kernel_size": np.int64(5),
        "max_norm": np.float32(1.5),
        "batch_size": np.uint8(10),  # whose sums would leave the range of uint8
        "epochs": np.int16(2),
        "learning_rate": 1,
        "validation_split": np.float32(0.25),
        "patience": np.uint8(3),
        "random_state": np.int64(0),
    }
    denoisers = [
        ConvDenoiser(early_stopping=True, **given).fit(X, X) for given in (plain, of_numpy)
    ]
    outputs = [denoiser.transform(np.tile(X, (20, 1))) for denoiser in denoisers]
    np.testing.assert_array_equal(*outputs)
    assert denoisers[1].get_params()["kernel_size"] is of_numpy["kernel_size"]


@pytest.mark.slow
def test_a_search_over_a_range_of_numpy():
    X = np.random.default_rng(0).normal(size=(24, 20)).cumsum(axis=1)
    grid = {"kernel_size": np.arange(3, 6, 2), "learning_rate": np.array([0.01, 0.1], np.float32)}
    half = ShuffleSplit(1, test_size=0.5, random_state=0)
    search = GridSearchCV(small_denoiser(), grid, cv=half, error_score="raise").fit(X, X)
    assert type(search.best_estimator_.model_.layers[1].kernel_size[0]) is int


def test_numbers_of_numpy_make_files_that_can_be_read(tmp_path):
    generator = SignalGenerator("sine", n_timesteps=np.int64(20), sampling_rate=np.float32(10))
    folder = generator.save(tmp_path, np.int64(50), progress=False)
    assert load_dataset(folder).noisy.shape == (50, 20)
    assert len(list(generator.batches(np.uint8(200), np.int64(2)))[1][0]) == 200


def test_noise_models_hold_plain_numbers():
    noise = LineNoise(np.int64(360), n_harmonics=np.int64(2), snr_db=(np.float32(0), np.int64(6)))
    assert noise == LineNoise(360, n_harmonics=2, snr_db=(0, 6))
    assert noise_from_dict(json.loads(json.dumps(noise.to_dict()))) == noise
    assert as_noise_model(np.float32(0.5)) == GaussianNoise(0.5)
    assert repr(BlindSpot(np.float32(0.25), np.int64(3))) == "BlindSpot(share=0.25, width=3)"
