"""Thousands of damaged and malicious model files, and how `load` handles each.

A model file is mutated at random. Either it loads and denoises to the very same bits, or `load`
raises ModelFileError. It must not raise another error, crash, or take more than 2 s or 200 MB.
Mutations of the second group have a correct checksum, as a stranger would send them; they may also
load as denoisers with the other weights or parameters that the file describes.

    python benchmarks/fuzz.py                 # 10,000 files, about 5 minutes on two cores
    python benchmarks/fuzz.py --n-files 300   # a quick look
"""

import argparse
import collections
import copy
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from conv_denoiser import ConvDenoiser, load, save
from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser.model_files.container import DIGEST, TEXT, digest_of
from conv_denoiser.networks.weight_shapes import WEIGHT_SHAPES

SECONDS = 2
MEGABYTES = 200
WEIRD: list[Any] = [
    *(0, -1, 1, 2**31, 2**63, 10**40, 0.5, -1e300, 1e-300, True, False, None, "", "x", "../../x"),
    *("/etc/passwd", "\0", "é" * 1000, [], [1], {}, [[]], [1e9] * 1000),
    {"type": "external", "name": "os.system"},
    {"type": "tuple", "items": [10**6] * 9},
    {"type": "NoiseSum", "parts": []},
    {"type": "RecordedNoise", "bank": "weight_000"},
    {"type": "MinMaxPerSample"},
    {"type": 3},
]
NESTED = "stands for a deeply nested list"
Mutation = Callable[[bytes, np.random.Generator], bytes]


def flip_bits(content: bytes, rng: np.random.Generator) -> bytes:
    """Flip one to eight bits, half the time within the header."""
    changed = bytearray(content)
    end = len(changed) if rng.integers(2) else header_end(content)
    for place in rng.integers(end, size=rng.integers(1, 9)):
        changed[place] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def truncate(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut the end off."""
    return content[: int(rng.integers(len(content)))]


def extend(content: bytes, rng: np.random.Generator) -> bytes:
    """Append bytes."""
    return content + rng.bytes(int(rng.integers(1, 1000)))


def announce_header(content: bytes, rng: np.random.Generator) -> bytes:
    """Announce a header of another, mostly huge length."""
    length = int(rng.integers(2**63)) >> int(rng.integers(64))
    return length.to_bytes(8, "little") + content[8:]


def overwrite(content: bytes, rng: np.random.Generator) -> bytes:
    """Overwrite a stretch with zeros, ones, or noise."""
    begin, length = (int(rng.integers(1, len(content))) for _ in range(2))
    length = min(length, len(content) - begin)
    stretch = [bytes(length), b"\xff" * length, rng.bytes(length)][int(rng.integers(3))]
    return content[:begin] + stretch + content[begin + length :]


def move(content: bytes, rng: np.random.Generator) -> bytes:
    """Delete or repeat a stretch."""
    begin, end = sorted(rng.integers(len(content), size=2))
    return content[:begin] + content[end if rng.integers(2) else begin - (end - begin) // 2 :]


def edit_header(content: bytes, rng: np.random.Generator) -> bytes:
    """Change types, shapes, offsets, and names of arrays."""
    end = header_end(content)
    header = json.loads(content[8:end])
    name = rng.choice([name for name in header if name != "__metadata__"])
    entry = header[name]
    choices: list[Callable[[], Any]] = [
        lambda: entry.update(dtype=str(rng.choice(["F16", "F64", "BF16", "I8", "X", "BOOL"]))),
        lambda: entry.update(shape=[2**40, *entry["shape"]]),
        lambda: entry.update(shape=entry["shape"][::-1]),
        lambda: entry.update(data_offsets=[0, 2**50]),
        lambda: header.update({str(rng.choice(["../../x", "/x", "", "\0"])): header.pop(name)}),
        lambda: header.update(more={"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}),
        lambda: header.pop(name),
        lambda: header.update(__metadata__=_weird(rng)),
        lambda: header.pop("__metadata__"),
    ]
    choices[int(rng.integers(len(choices)))]()
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content[end:]


def change_values(content: dict[str, Any], arrays: dict[str, Any], rng: Any) -> None:
    """Replace one to three values by something else."""
    for _ in range(rng.integers(1, 4)):
        holder, key = _random_place(content, rng)
        holder[key] = _weird(rng)


def change_keys(content: dict[str, Any], arrays: dict[str, Any], rng: Any) -> None:
    """Drop, rename, or add keys."""
    holder, key = _random_place(content, rng)
    if isinstance(holder, dict):
        value = holder.pop(key)
        if rng.integers(2):
            holder[str(rng.choice(["../x", "extra", "__class__", "filters", "type"]))] = value


def nest(content: dict[str, Any], arrays: dict[str, Any], rng: Any) -> None:
    """Nest a value deeply."""
    holder, key = _random_place(content, rng)
    holder[key] = NESTED


def change_arrays(content: dict[str, Any], arrays: dict[str, Any], rng: Any) -> None:
    """Change shapes and types of arrays, or their number."""
    name = str(rng.choice(sorted(arrays)))
    array = arrays[name]
    choices: list[Callable[[], Any]] = [
        lambda: arrays.update({name: array.astype(np.float64)}),
        lambda: arrays.update({name: array[..., :-1].copy()}),
        lambda: arrays.update({name: np.full_like(array, np.nan)}),
        lambda: arrays.update({name: array.ravel()}),
        lambda: arrays.pop(name),
        lambda: arrays.update({f"weight_{len(arrays):03d}": array}),
        lambda: arrays.update({"../../weight": array}),
    ]
    choices[int(rng.integers(len(choices)))]()


def build_another(content: dict[str, Any], arrays: dict[str, Any], rng: Any) -> None:
    """Ask for a network of another, mostly absurd size, with weights that fit it."""
    architecture = str(rng.choice(sorted(WEIGHT_SHAPES)))
    filters = [int(rng.integers(1, 4))] * int(rng.choice([1, 2, 5, 9, 15, 33, 200, 1000]))
    kernel_size = int(rng.choice([1, 2, 3, 7, 100]))
    network = {"filters": {"type": "tuple", "items": filters}, "kernel_size": kernel_size}
    content["network"].update(network, architecture=architecture)
    content["fitted"]["n_features_in_"] = int(rng.choice([1, 30, 2**30]))
    arrays.clear()
    for number, shape in enumerate(WEIGHT_SHAPES[architecture](1, filters, kernel_size)):
        arrays[f"weight_{number:03d}"] = np.zeros(shape, np.float32)


def fill_with_noise(content: dict[str, Any], arrays: dict[str, Any], rng: Any) -> None:
    """Ask for thousands of noise models, with or without a bank."""
    arrays["noise_bank_0"] = np.ones(int(rng.choice([1, 10**5])))
    bank = {"type": "RecordedNoise", "bank": "noise_bank_0", "scale": None, "snr_db": 3}
    white = {"type": "GaussianNoise", "scale": 1.0, "snr_db": None}
    parts = [bank, *[bank if rng.integers(2) else white] * int(rng.choice([0, 1, 9999]))]
    content["parameters"]["noise"] = {"type": "NoiseSum", "parts": parts}


def _weird(rng: Any) -> Any:
    return copy.deepcopy(WEIRD[int(rng.integers(len(WEIRD)))])


def _random_place(content: Any, rng: Any) -> tuple[Any, Any]:
    """Return a dict or list somewhere in the content, and a key of it."""
    holder = content
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = keys[int(rng.integers(len(keys)))]
        if not isinstance(holder[key], (dict, list)) or not holder[key] or rng.integers(4) == 0:
            return holder, key
        holder = holder[key]


DAMAGES: tuple[Mutation, ...] = (
    flip_bits, truncate, extend, announce_header, overwrite, move, edit_header,
)  # fmt: skip
FORGERIES = (change_values, change_keys, nest, change_arrays, build_another, fill_with_noise)


def header_end(content: bytes) -> int:
    """Return where the arrays begin."""
    return 8 + int.from_bytes(content[:8], "little")


def mutate(source: Path, target: Path, rng: np.random.Generator) -> str:
    """Write a mutation of a file; return its kind."""
    if rng.integers(2):
        damage = DAMAGES[int(rng.integers(len(DAMAGES)))]
        target.write_bytes(damage(source.read_bytes(), rng))
        return damage.__name__
    forge = FORGERIES[int(rng.integers(len(FORGERIES)))]
    raw = source.read_bytes()
    content = json.loads(json.loads(raw[8 : header_end(raw)])["__metadata__"][TEXT])
    arrays = load_file(source)
    forge(content, arrays, rng)
    depth = int(rng.choice([100, 900, 100_000]))
    text = json.dumps(content).replace(f'"{NESTED}"', "[" * depth + "]" * depth)
    save_file(arrays, target, metadata={TEXT: text, DIGEST: digest_of(text, arrays)})
    return forge.__name__


def outcome(path: Path, X: np.ndarray, expected: np.ndarray) -> tuple[str, float]:
    """Load a file; return what came of it, and the seconds that it took."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            denoiser = load(path)
        except ModelFileError:
            return "refused", time.perf_counter() - start
        seconds = time.perf_counter() - start
        try:
            same = np.array_equal(denoiser.transform(X), expected)
        except ValueError:  # fitted on another length, the file says
            same = False
    return "same bits" if same else "another denoiser", seconds


def watched(path: Path, X: np.ndarray, expected: np.ndarray) -> tuple[str, float, float]:
    """Return what came of a file, and the seconds and megabytes that it took."""
    before = _start_of_peak()
    try:
        result, seconds = outcome(path, X, expected)
    except Exception as error:
        result, seconds = f"raised {type(error).__name__}: {error}"[:200], 0.0
    return result, seconds, _peak() - before


def _start_of_peak() -> float:
    """Forget the largest memory until now (Linux)."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")
    return _peak()


def _peak() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def is_allowed(kind: str, result: str, seconds: float, megabytes: float) -> bool:
    """Tell whether `load` keeps its promises."""
    forged = kind in {forge.__name__ for forge in FORGERIES}
    allowed = {"refused", "same bits", *(["another denoiser"] if forged else [])}
    return result in allowed and seconds < SECONDS and megabytes < MEGABYTES


def fuzz(n_files: int, folder: Path, seed: int = 0) -> tuple[collections.Counter, list[str]]:
    """Try mutations; return how often each kind had which outcome, and what went wrong."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(2, 30))
    denoiser = ConvDenoiser("unet", filters=(2, 3), kernel_size=3, epochs=1, random_state=0)
    source = folder / "model.safetensors"
    target = folder / "mutated.safetensors"
    save(denoiser.fit(np.tile(X, (5, 1)), np.tile(X, (5, 1))), source)
    expected = denoiser.transform(X)
    counts: collections.Counter = collections.Counter()
    wrong = []
    for number in range(n_files):
        kind = mutate(source, target, rng)
        result, seconds, megabytes = watched(target, X, expected)
        counts[kind, result] += 1
        if not is_allowed(kind, result, seconds, megabytes):
            wrong.append(f"file {number}, {kind}: {result}, {seconds:.1f} s, {megabytes:.0f} MB")
            print(wrong[-1], file=sys.stderr, flush=True)
    return counts, wrong


def main() -> None:
    """Print the outcomes of all kinds of files, as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts, wrong = fuzz(options.n_files, Path(folder), options.seed)
    results = ["refused", "same bits", "another denoiser"]
    print("| mutation | files | " + " | ".join(results) + " | anything else |")
    print("|---|---|---|---|---|---|")
    for function in (*DAMAGES, *FORGERIES):
        kind = function.__name__
        total = sum(n for (name, _), n in counts.items() if name == kind)
        cells = [counts[kind, result] for result in results]
        first_line = str(function.__doc__).splitlines()[0].rstrip(".").lower()
        row = [f"{first_line} (`{kind}`)", total, *cells, total - sum(cells)]
        print("| " + " | ".join(map(str, row)) + " |")
    print(f"\n{len(wrong)} of {options.n_files} broke a promise.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
