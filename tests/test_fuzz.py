"""Damaged and malicious model files: refused, or of no consequence."""

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def fuzz():
    """Module benchmarks/fuzz.py."""
    spec = importlib.util.spec_from_file_location("fuzz", BENCHMARKS / "fuzz.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz"] = module
    spec.loader.exec_module(module)
    return module


def test_150_files(fuzz, tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "SECONDS", 60)  # speed is for the benchmark
    counts, wrong = fuzz.fuzz(150, tmp_path, seed=1)
    assert wrong == []
    assert sum(counts.values()) == 150
    assert {kind for kind, _ in counts} == {f.__name__ for f in (*fuzz.DAMAGES, *fuzz.FORGERIES)}
    refused = sum(n for (_, result), n in counts.items() if result == "refused")
    assert 100 < refused < 150
