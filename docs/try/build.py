"""Build the page on which a file is denoised in the browser: `make docs`.

python docs/try/build.py FOLDER writes try.html there, and all that it loads into FOLDER/try.
Without a folder, it only fetches the packages of the npm registry that the page needs.

What the page computes is a translation of `denoise` into JavaScript, module by module; the numbers
that it goes by are read from the Python modules here, so that they stand in one place, and
`tests/test_try.py` compares the results.
"""

import json
import shutil
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pywt
from numpy.typing import NDArray
from onnx import numpy_helper

from conv_denoiser.level.estimate import shipped_weights
from conv_denoiser.model_files.container import read_model_file
from conv_denoiser.pretrained.universal import GRAPH, WEIGHTS, for_onnx

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
# Files of the packages, and what they are called beside the page.
VENDORED = {
    "onnxruntime-web/dist/ort.wasm.bundle.min.mjs": "ort.js",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm": "ort.wasm",
    "uplot/dist/uPlot.esm.js": "uplot.js",
    "uplot/dist/uPlot.min.css": "uplot.css",
}
# What the numbers of a module are called in JavaScript.
CONSTANTS = {
    "level": "level.estimate",
    "spikes": "pretrained.spikes",
    "inputs": "pretrained.inputs",
    "rates": "pretrained.rates",
    "tones": "pretrained.tones",
    "gate": "pretrained.gate",
    "block": "pretrained.denoising",
    "blocks": "pretrained.blocks",
    "events": "pretrained.events",
    "denoising": "pretrained.arrays",
    "grids": "_checks.times",
    "clocks": "readers.times",
    "columns": "readers.columns",
    "layouts": "readers.csv_layout",
    "tables": "readers.csv",
    "recordings": "readers.recording",
}


def build(site: Path) -> None:
    """Write the page and what it loads."""
    fetch_packages()
    folder = site / "try"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("denoise", "files", "page"):
        shutil.copytree(HERE / name, folder / name, ignore=shutil.ignore_patterns("*.html"))
    shutil.copy(HERE.parent / "_static" / "logo.svg", folder / "logo.svg")
    page = (HERE / "page" / "try.html").read_text(encoding="utf-8")
    version = metadata.version("conv-denoiser")
    (site / "try.html").write_text(page.replace("{{ version }}", version), encoding="utf-8")
    (folder / "denoise" / "constants.js").write_text(constants(), encoding="utf-8")
    (folder / "universal.onnx").write_bytes(network())
    vendor = folder / "vendor"
    vendor.mkdir()
    for source, target in VENDORED.items():
        shutil.copy(PACKAGES / source, vendor / target)
    (vendor / "fft.js").write_text(as_module(PACKAGES / "fft.js" / "lib" / "fft.js"))
    (folder / "examples").mkdir()
    for name, text in examples().items():
        (folder / "examples" / name).write_text(text, encoding="utf-8")


def fetch_packages() -> None:
    """Fetch what package-lock.json pins, unless it is there."""
    lock = HERE / "package-lock.json"
    done = PACKAGES / ".package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit(
            "The page try.html of the site needs packages from the npm registry, and npm is not "
            "installed. Install Node.js 18 or newer with npm (Debian, Ubuntu: apt-get install npm; "
            "for the test of the page, chromium, too)."
        )
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([npm, "ci", *options], cwd=HERE, check=True)
    done.touch()


def constants() -> str:
    """Return a module of JavaScript with the numbers and words of Python modules."""
    values = {
        name: known_of(import_module(f"conv_denoiser.{module}"))
        for name, module in CONSTANTS.items()
    }
    values["level"]["weights"] = level_network()
    lines = [f"export const {name} = {json.dumps(value)};" for name, value in values.items()]
    return "\n".join(["// Written by docs/try/build.py.", *lines, ""])


def known_of(module: ModuleType) -> dict[str, object]:
    """Return the constants of a module that JSON can tell."""
    known = {}
    for name, value in vars(module).items():
        if name.isupper() and isinstance(value, int | float | str | tuple | dict):
            known[name] = value
        elif name.isupper() and isinstance(value, frozenset):
            known[name] = sorted(value)
        elif name.isupper() and isinstance(value, np.ndarray) and value.size < 100:
            known[name] = value.astype(float).tolist()
        elif name.isupper() and hasattr(value, "pattern"):
            known[name] = value.pattern
    return {name: value for name, value in known.items() if is_plain(value)}


def is_plain(value: object) -> bool:
    """Tell whether JSON can tell a value."""
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


def level_network() -> dict[str, object]:
    """Return the weights of the network that estimates the level."""
    weights = {name: array.astype(float).tolist() for name, array in shipped_weights().items()}
    n_layers = sum(name.startswith("kernel_") for name in weights)
    layers = [
        {"kernel": weights[f"kernel_{layer}"], "bias": weights[f"bias_{layer}"]}
        for layer in range(n_layers)
    ]
    return {"mean": weights["mean"], "scale": weights["scale"], "layers": layers}


def network() -> bytes:
    """Return the universal network as one file, its weights in it."""
    model = onnx.load(GRAPH, load_external_data=False)
    _, weights = read_model_file(WEIGHTS)
    arrays = for_onnx(weights)
    for tensor in model.graph.initializer:
        if tensor.name in arrays:
            tensor.CopyFrom(numpy_helper.from_array(arrays[tensor.name], tensor.name))
    content: bytes = model.SerializeToString()
    return content


def as_module(path: Path) -> str:
    """Return a CommonJS file that needs no other as a module."""
    text = path.read_text(encoding="utf-8")
    return f"const module = {{}};\n{text}\nexport default module.exports;\n"


def examples() -> dict[str, str]:
    """Return the examples of the page as CSV files, by name."""
    rng = np.random.default_rng(0)
    clean = pywt.data.ecg() - pywt.data.ecg().mean()
    ecg = clean + rng.normal(scale=clean.std() / 2, size=clean.size)
    shift = np.arange(200, 1800.5, 0.8)  # 1/cm
    bands = [(1, 520, 12), (0.6, 1001, 6), (0.35, 1032, 6), (0.5, 1450, 14), (0.8, 1602, 9)]
    spectrum = 300 + 900 * sum(h / (1 + ((shift - at) / wide) ** 2) for h, at, wide in bands)
    time = np.arange(20000) / 10000  # s
    shaft = sum(np.sin(2 * np.pi * 29.5 * k * time + k) / k for k in (1, 2, 3, 6))
    since = time % 0.0123  # from strike to strike of a damaged bearing
    strikes = np.exp(-since / 0.0015) * np.sin(2 * np.pi * 2200 * since)
    vibration = shaft + 1.5 * strikes
    return {
        "ecg.csv": table("time (s)", np.arange(ecg.size) / 360, "ECG", ecg),
        "spectrum.csv": table("shift (1/cm)", shift, "counts", rng.normal(spectrum, 60)),
        "vibration.csv": table("time (s)", time, "acceleration (m/s2)", rng.normal(vibration, 0.5)),
    }


def table(x_name: str, x: NDArray[np.float64], y_name: str, y: NDArray[np.float64]) -> str:
    """Return two columns as text."""
    rows = (f"{a:.6g},{b:.5g}" for a, b in zip(x, y, strict=True))
    return "\n".join([f"{x_name},{y_name}", *rows, ""])


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        build(Path(folder))
    fetch_packages()
