"""Docstrings of public names follow numpydoc: shapes, units, defaults, errors, an example."""

import importlib
import inspect

import pytest
from numpydoc.validate import validate

MODULES = (
    "",
    ".export",
    ".metrics",
    ".noise",
    ".persistence",
    ".plotting",
    ".preprocessing",
    ".training",
)
# Not asked for: an extended summary, "See Also", an unnamed return value (scikit-learn's habit is
# "self : ConvDenoiser"), quotes on lines of their own; of methods, an example of their own.
NOT_NEEDED = {"ES01", "SA01", "RT02", "GL01", "GL02"}
NOT_NEEDED_OF_METHODS = NOT_NEEDED | {"EX01"}


def public():
    """Names of everything public, and of the public methods that this library writes."""
    names = {}
    for ending in MODULES:
        module = importlib.import_module(f"conv_denoiser{ending}")
        for name in module.__all__:
            member = getattr(module, name)
            names[member] = f"{module.__name__}.{name}"
    for member, name in list(names.items()):
        if inspect.isclass(member):
            for attribute, value in vars(member).items():
                function = getattr(value, "__func__", value)
                written_here = getattr(function, "__module__", "").startswith("conv_denoiser")
                if not attribute.startswith("_") and written_here and inspect.isroutine(value):
                    names[value] = f"{name}.{attribute}"
    return sorted(names.values())


@pytest.mark.parametrize("name", public())
def test_docstring(name):
    is_method = name.rsplit(".", 2)[-2][0].isupper()
    not_needed = NOT_NEEDED_OF_METHODS if is_method else NOT_NEEDED
    errors = [error for error in validate(name)["errors"] if error[0] not in not_needed]
    assert not errors
