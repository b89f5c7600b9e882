"""Checks of arrays, parameters and estimators."""
