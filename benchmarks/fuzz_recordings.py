"""Thousands of damaged recordings of each format, and how `read_recording` handles each.

A file is mutated at random. Either it is read, or one error of one line names the file: nothing
crashes the process, takes more than 5 s, or more than 500 MB.

    python benchmarks/fuzz_recordings.py                # 2,000 files a format, about 20 minutes
    python benchmarks/fuzz_recordings.py --n-files 50   # a quick look
"""

import argparse
import collections
import gzip
import multiprocessing
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from fuzz import _peak, _start_of_peak, extend, move, overwrite, truncate

from conv_denoiser import Recording, read_recording, write_recording
from conv_denoiser.cli.messages import one_line, printable

SECONDS = 5
MEGABYTES = 500
N_TIMESTEPS = 400
AT_ONCE = 500  # files that one process reads
HEADS_OF = {".dat": ".hea", ".vmrk": ".vhdr", ".eeg": ".vhdr"}  # what refers to which files
HEADS = (32, 256, 4096)  # bytes at the start, where most of what a format says is


def change_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    """Change one to eight bytes, mostly near the start."""
    changed = bytearray(content)
    end = min(len(changed), int(rng.choice([*HEADS, len(changed)])))
    for place in rng.integers(end, size=rng.integers(1, 9)):
        changed[place] = int(rng.choice([0, 255, 127, 128, int(rng.integers(256))]))
    return bytes(changed)


def change_digits(content: bytes, rng: np.random.Generator) -> bytes:
    """Change digits and marks in words."""
    places = [place for place, byte in enumerate(content[:4096]) if 32 < byte < 127]
    changed = bytearray(content)
    for place in (
        rng.choice(places, size=min(len(places), int(rng.integers(1, 9)))) if places else ()
    ):
        changed[place] = int(rng.choice(list(b"0199-.,:;/\\\x1b\n e%x")))
    return bytes(changed)


DAMAGES = (change_bytes, change_digits, truncate, extend, overwrite, move)


def whole_files(folder: Path) -> Iterator[Path]:
    """Write and yield a small file of each format."""
    rng = np.random.default_rng(0)
    samples = rng.integers(-999, 999, (N_TIMESTEPS, 2)).astype(np.int16)
    known = {"sampling_rate": 250.0, "channel_names": ("Fz", "Cz"), "units": ("uV", "uV")}
    recording = Recording(samples, **known, sample_type=samples.dtype)
    suffixes = [
        "npy",
        "csv",
        "csv.gz",
        "wav",
        "mat",
        "h5",
        "parquet",
        "feather",
        "arrow",
        "flac",
        "aiff",
        "au",
        "caf",
        "w64",
        "hea",
        "mseed",
        "f32",
        "xlsx",
    ]
    for suffix in suffixes:
        path = folder / f"whole.{suffix}"
        one = replace(recording, samples=samples[:, 0], channel_names=("Fz",), units=("uV",))
        write_recording(path, one if suffix == "f32" else recording)
        yield path
    yield _hdf5(folder / "compressed.h5", samples)
    yield from _edf(folder, samples)
    yield _jcamp(folder / "whole.jdx", samples[:, 0])
    yield from _by_mne(folder, samples)
    yield _matlab(folder / "compressed.mat", samples)
    yield folder / "whole.dat"  # beside whole.hea, which is read


def _hdf5(path: Path, samples: np.ndarray) -> Path:
    import h5py

    with h5py.File(path, "w") as h5:
        data = h5.create_dataset("EEG/data", data=samples, chunks=(100, 1), compression="gzip")
        data.attrs.update({"fs": 250.0, "channel_names": ["Fz", "Cz"]})
    return path


def _matlab(path: Path, samples: np.ndarray) -> Path:
    from scipy.io import savemat

    savemat(path, {"EEG": {"data": samples.T, "srate": 250.0}, "note": "x"}, do_compression=True)
    return path


def _edf(folder: Path, samples: np.ndarray) -> Iterator[Path]:
    import edfio

    for kind, name in (("Edf", "whole.edf"), ("Bdf", "whole.bdf")):
        signal = getattr(edfio, f"{kind}Signal")
        signals = [signal(column.astype(float), 100, label="a") for column in samples.T]
        notes = [edfio.EdfAnnotation(1, None, "\x1b[2J of the night")]
        getattr(edfio, kind)(signals, annotations=notes).write(folder / name)
        yield folder / name


def _jcamp(path: Path, samples: np.ndarray) -> Path:
    head = "##TITLE=x\n##XUNITS=1/CM\n##FIRSTX=400\n##LASTX=4000\n##NPOINTS=400\n##YFACTOR=0.1\n"
    rows = "".join(f"{400 + 9 * n:.2f} {value}\n" for n, value in enumerate(samples))
    path.write_text(f"{head}##XYDATA=(X++(Y..Y))\n{rows}##END=\n")
    return path


def _by_mne(folder: Path, samples: np.ndarray) -> Iterator[Path]:
    import mne

    raw = mne.io.RawArray(samples.T * 1e-6, mne.create_info(2, 250.0, "eeg"), verbose="error")
    raw.set_annotations(mne.Annotations([0.1], [0.2], ["\x1b[2J of the night"]))
    raw.save(folder / "whole.fif", verbose="error")
    yield folder / "whole.fif"
    mne.export.export_raw(folder / "whole.vhdr", raw, verbose="error")
    yield from (folder / f"whole.{suffix}" for suffix in ("vhdr", "vmrk", "eeg"))


def mutated(content: bytes, suffix: str, rng: np.random.Generator) -> tuple[bytes, str]:
    """Return a mutation of a file, and its kind; of what is compressed, also before that."""
    damage: Callable[[bytes, np.random.Generator], bytes] = DAMAGES[int(rng.integers(len(DAMAGES)))]
    if suffix == ".gz" and rng.integers(2):
        return gzip.compress(damage(gzip.decompress(content), rng)), damage.__name__
    return damage(content, rng), damage.__name__


def outcome(path: Path) -> tuple[str, float, float]:
    """Read a file; return what came of it, and the seconds and megabytes that it took."""
    read = path.with_suffix(HEADS_OF.get(path.suffix, path.suffix))
    before, start = _start_of_peak(), time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            recording = read_recording(read)
            np.asarray(recording.samples)
            printable(str(recording.facts()))
            result = "read"
        except Exception as error:
            result = _refusal(error, read)
    return result, time.perf_counter() - start, _peak() - before


def _refusal(error: Exception, path: Path) -> str:
    line = printable(one_line(error))
    known = isinstance(error, (ValueError, OSError)) and path.name in line and "\n" not in line
    return "refused" if known else f"raised {type(error).__name__}: {line}"[:300]


def fuzz(source: Path, n_files: int, seed: int = 0) -> tuple[collections.Counter, list[str]]:
    """Try mutations of a file, in this process; return their outcomes, and what went wrong."""
    rng = np.random.default_rng(seed)
    content = source.read_bytes()
    counts: collections.Counter = collections.Counter()
    wrong = []
    try:
        for number in range(n_files):
            damaged, kind = mutated(content, source.suffix, rng)
            source.write_bytes(damaged)
            result, seconds, megabytes = outcome(source)
            counts[result if result in ("read", "refused") else "anything else"] += 1
            if not (result in ("read", "refused") and seconds < SECONDS and megabytes < MEGABYTES):
                what = f"{result}, {seconds:.1f} s, {megabytes:.0f} MB"
                wrong.append(f"{source.name}, seed {seed}, file {number}, {kind}: {what}")
    finally:
        source.write_bytes(content)
    return counts, wrong


def fuzz_apart(source: Path, n_files: int, seed: int) -> tuple[collections.Counter, list[str]]:
    """Do the same in a process of its own, which may die."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(fuzz, source, n_files, seed).result()
        except BrokenProcessPool:
            return collections.Counter(died=1), [f"{source.name}, seed {seed}: the process died"]


def main() -> None:
    """Print the outcomes of all formats, as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-files", type=int, default=2000)
    parser.add_argument("--only", default="", help="a part of the name of a file")
    options = parser.parse_args()
    n_wrong = 0
    print("| file | damaged | read | refused | anything else |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for source in list(whole_files(Path(folder))):
            if options.only not in source.name:
                continue
            counts: collections.Counter = collections.Counter()
            for seed in range(0, options.n_files, AT_ONCE):
                found, wrong = fuzz_apart(source, min(AT_ONCE, options.n_files - seed), seed)
                counts += found
                n_wrong += len(wrong)
                print(*wrong, sep="\n", end="\n" * bool(wrong), file=sys.stderr, flush=True)
            cells = [counts["read"], counts["refused"], counts["anything else"] + counts["died"]]
            print(
                "|", " | ".join(map(str, [source.name, options.n_files, *cells])), "|", flush=True
            )
    print(f"\n{n_wrong} broke a promise.")
    sys.exit(bool(n_wrong))


if __name__ == "__main__":
    main()
