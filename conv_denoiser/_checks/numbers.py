"""Checks of numbers. Each returns a plain Python number, also for one of NumPy's."""

import math
from numbers import Integral, Real

import numpy as np

__all__ = ["ceil_div", "check_count", "check_number", "check_sampling_rate", "plain_number"]


def plain_number(value: object) -> object:
    """Return NumPy's numbers as Python's, and everything else as it is."""
    if isinstance(value, (np.generic, np.ndarray)) and value.ndim == 0:
        if value.dtype.kind in "iu":
            return int(value)
        if value.dtype.kind == "f":
            return float(value)
    return value


def check_count(name: str, value: object) -> int:
    """Return a count as an int; raise ValueError where it is not a positive integer."""
    plain = plain_number(value)
    if isinstance(plain, (bool, np.generic)) or not isinstance(plain, Integral) or plain < 1:
        raise ValueError(f"{name} must be a positive integer. Got {value!r}.")
    return int(plain)


def check_number(
    name: str,
    value: object,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
    unit: str = "",
) -> float:
    """Return a finite number within limits as an int or float, or raise ValueError."""
    number = _finite(value)
    if (
        number is not None
        and (above is None or number > above)
        and (at_least is None or number >= at_least)
        and (below is None or number < below)
        and (at_most is None or number <= at_most)
    ):
        return number
    limits = [
        f"{relation} {limit:g}"
        for relation, limit in (
            ("above", above),
            ("of at least", at_least),
            ("below", below),
            ("at most", at_most),
        )
        if limit is not None
    ]
    expected = " ".join(filter(None, ["a finite number", unit, " and ".join(limits)]))
    raise ValueError(f"{name} must be {expected}. Got {value!r}.")


def check_sampling_rate(sampling_rate: object) -> float | None:
    """Return samples a second as a float, or None where they are not known."""
    if sampling_rate is None:
        return None
    try:
        return float(check_number("sampling_rate", sampling_rate, above=0))
    except ValueError as error:
        raise ValueError(
            f"sampling_rate must be a positive number of Hz. Got {sampling_rate!r}."
        ) from error


def _finite(value: object) -> float | None:
    """Return a finite real number as an int or float, and None for anything else."""
    plain = plain_number(value)
    if isinstance(plain, (bool, np.generic)) or not isinstance(plain, Real):
        return None
    try:
        number = float(plain)
    except OverflowError:
        return None
    if not math.isfinite(number):
        return None
    return int(plain) if isinstance(plain, Integral) else number


def ceil_div(a: int, b: int) -> int:
    """Divide and round up."""
    return -(-a // b)
