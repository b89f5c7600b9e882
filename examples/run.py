"""Run examples without a screen and keep their pictures: python examples/run.py plot_recipe."""

import argparse
import runpy
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt

HERE = Path(__file__).parent
OUTPUT = HERE.parent / "output"  # beside the examples: the gallery takes each folder for examples


def run(name: str, options: Sequence[str] = (), output: Path = OUTPUT) -> list[Path]:
    """Run an example as a script, and save each figure that it leaves open."""
    script = HERE / f"{name}.py"
    plt.close("all")
    plt.switch_backend("Agg")
    argv, sys.argv = sys.argv, [str(script), *options]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")
            runpy.run_path(str(script), run_name="__main__")
        numbers = plt.get_fignums()
        output.mkdir(parents=True, exist_ok=True)
        endings = [f"_{i}" for i in range(1, 1 + len(numbers))] if len(numbers) > 1 else [""]
        paths = [output / f"{name}{ending}.png" for ending in endings]
        for number, path in zip(numbers, paths, strict=True):
            plt.figure(number).savefig(path, dpi=120)
        return paths
    finally:
        sys.argv = argv
        plt.close("all")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME", help="an example, such as plot_recipe")
    for name in parser.parse_args().names:
        print(*run(name), sep="\n")
