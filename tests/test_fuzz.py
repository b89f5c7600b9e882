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


@pytest.mark.slow
def test_150_files(fuzz, tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "SECONDS", 60)  # speed is for the benchmark
    counts, wrong = fuzz.fuzz(150, tmp_path, seed=1)
    assert wrong == []
    assert sum(counts.values()) == 150
    assert {kind for kind, _ in counts} == {f.__name__ for f in (*fuzz.DAMAGES, *fuzz.FORGERIES)}
    refused = sum(n for (_, result), n in counts.items() if result == "refused")
    assert 100 < refused < 150


@pytest.fixture(scope="module")
def fuzz_recordings(fuzz):
    """Module benchmarks/fuzz_recordings.py, which builds on fuzz.py."""
    spec = importlib.util.spec_from_file_location(
        "fuzz_recordings", BENCHMARKS / "fuzz_recordings.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")  # wfdb on pandas
def test_20_recordings_of_each_format(fuzz_recordings, tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz_recordings, "SECONDS", 60)  # speed is for the benchmark
    read = 0
    for source in list(fuzz_recordings.whole_files(tmp_path)):
        counts, wrong = fuzz_recordings.fuzz(source, 20)
        assert wrong == []
        assert counts["read"] + counts["refused"] == 20
        read += counts["read"]
    assert 100 < read < 450
