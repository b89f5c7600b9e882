"""What the benchmarks share: a line about the machine, and the memory of a process."""

import importlib.metadata
import os
import platform
from datetime import date
from pathlib import Path

import psutil

PACKAGES = ("tensorflow", "keras", "scikeras", "scikit-learn", "numpy")


def machine() -> str:
    """Describe the machine, the versions in use and the day."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    try:
        processor = next(
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        )
    except (OSError, StopIteration):
        processor = platform.processor()
    return (
        f"{date.today()}, {os.cpu_count()} cores of {processor}, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}."
    )


def resident_megabytes(process: psutil.Process | None = None) -> float:
    """Return the resident memory of a process, by default of this one."""
    return (process or psutil.Process()).memory_info().rss / 2**20
