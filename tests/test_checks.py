"""What every entrance shares: numbers in, and warnings that point at the user's line."""

import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser._checks.numbers import (
    ceil_div,
    check_count,
    check_number,
    check_sampling_rate,
    plain_number,
)


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.array(3)])
def test_a_count_comes_back_as_a_plain_int(value):
    assert type(check_count("n", value)) is int
    assert check_count("n", value) == 3


@pytest.mark.parametrize(
    "value", [0, -1, True, np.True_, 2.0, np.nan, "3", None, [3], np.timedelta64(1)]
)
def test_what_is_not_a_count(value):
    with pytest.raises(ValueError, match="n must be a positive integer. Got"):
        check_count("n", value)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(0.5), np.longdouble(0.5)])
def test_a_number_comes_back_as_a_plain_float(value):
    assert type(check_number("n", value)) is float
    assert type(check_sampling_rate(value)) is float


@pytest.mark.parametrize(
    "value", [True, np.nan, np.inf, -np.inf, "1", None, 1j, np.timedelta64(1), 10**400]
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
    assert isinstance(plain_number(np.timedelta64(1)), np.timedelta64)


def test_division_that_rounds_up():
    assert [ceil_div(a, 3) for a in (1, 3, 4)] == [1, 1, 2]


def test_a_warning_points_at_the_line_of_the_user_also_through_a_pipeline():
    X = np.random.default_rng(0).normal(size=(30, 64)).astype(np.float32)
    pipeline = make_pipeline(FunctionTransformer(), small_denoiser(loss="binary_crossentropy"))
    with pytest.warns(UserWarning, match="outside the range") as caught:
        pipeline.fit(X, 5 * X)
    assert caught[0].filename == __file__
