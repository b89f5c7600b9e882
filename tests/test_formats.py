"""The table of formats in the guide is what the formats do."""

import datetime
import re
from contextlib import suppress
from pathlib import Path

import edfio
import numpy as np
import pandas as pd
import pytest

from conv_denoiser import Recording, read_recording, write_recording
from conv_denoiser.readers.formats import FORMATS
from conv_denoiser.readers.samples import FileSamples

README = Path(__file__).parents[1] / "README.md"
GUIDE = Path(__file__).parents[1] / "docs/guide/recordings.md"
START = datetime.datetime(2024, 2, 29, 23, 30)
SAMPLES = np.random.default_rng(0).integers(-999, 999, (40, 2)).astype(np.int16)
KNOWN = {"sampling_rate": 250.0, "channel_names": ("Fz", "Cz"), "units": ("uV", "mV")}
KNOWN["start_time"] = START
OTHERS = {suffix: {"units": ("V", "V")} for suffix in (".fif", ".vhdr")}
OTHERS |= {suffix: {"channel_names": ("Fz",), "units": ("uV",)} for suffix in (".jdx", ".dx")}
SPECTRUM = """##TITLE=Fz
##JCAMP-DX=4.24
##XUNITS=SECONDS
##YUNITS=uV
##FIRSTX=0
##LASTX=0.016
##NPOINTS=5
##FIRSTY=1
##XYDATA=(X++(Y..Y))
0 1 2 3 2 1
##END=
"""
TIMES = [START + datetime.timedelta(seconds=number / 250) for number in range(40)]

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")


def table():
    """Yield each suffix in the guide, and what is said of it: rate, names, units, ..."""
    lines = GUIDE.read_text().splitlines()
    head = next(place for place, line in enumerate(lines) if line.startswith("| file | rate"))
    for line in lines[head + 2 :]:
        if not line.startswith("|"):
            return
        file, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        for suffix in re.findall(r"`(\.[a-z0-9.]+)`", file):
            yield suffix, [cell == "yes" for cell in cells[:-1]], cells[-1]


TABLE = list(table())


def samples_for(suffix):
    return SAMPLES[:, 0] if suffix in (".f32", ".jdx", ".dx") else SAMPLES


def write_by_mne(path, suffix):
    import mne  # takes a second

    info = mne.create_info(list(KNOWN["channel_names"]), 250.0, "eeg")
    raw = mne.io.RawArray(SAMPLES.T * 1e-6, info, verbose="error")
    raw.set_meas_date(START.replace(tzinfo=datetime.UTC))
    if suffix == ".fif":
        raw.save(path, verbose="error")
    else:
        mne.export.export_raw(path, raw, fmt="brainvision", verbose="error")


def write_all_that_it_can_hold(path, suffix):
    """Write a file, by the reference writer where ours writes no new ones or leaves facts out."""
    if suffix in (".edf", ".bdf"):
        make, signal = (
            (edfio.Edf, edfio.EdfSignal) if suffix == ".edf" else (edfio.Bdf, edfio.BdfSignal)
        )
        signals = [
            signal(column.astype(float)[:25].repeat(10), 250, label=name, physical_dimension=unit)
            for column, name, unit in zip(
                SAMPLES.T, KNOWN["channel_names"], KNOWN["units"], strict=True
            )
        ]
        when = edfio.Recording(startdate=START.date())
        make(signals, recording=when, starttime=START.time()).write(path)
    elif suffix in (".fif", ".vhdr"):
        write_by_mne(path, suffix)
    elif suffix == ".zarr":
        import zarr  # takes a second

        array = zarr.create_array(path, data=SAMPLES, chunks=(20, 2))
        known = KNOWN | {"start_time": START.isoformat(), "units": list(KNOWN["units"])}
        array.attrs.update(known | {"channel_names": list(KNOWN["channel_names"])})
    elif suffix in (".jdx", ".dx"):
        path.write_text(SPECTRUM)
    elif suffix == ".xlsx":
        rows = [["when", "Fz", "Cz"], ["", "[uV]", "[mV]"]]
        rows += [[time, *row] for time, row in zip(TIMES, SAMPLES.tolist(), strict=True)]
        pd.DataFrame(rows).to_excel(path, header=False, index=False)
    elif suffix in (".parquet", ".feather", ".arrow"):
        frame = pd.DataFrame({"when": TIMES, "Fz": SAMPLES[:, 0], "Cz": SAMPLES[:, 1]})
        frame.to_parquet(path) if suffix == ".parquet" else frame.to_feather(path)
    elif suffix.startswith((".csv", ".tsv", ".txt")):
        mark = "\t" if suffix.startswith(".tsv") else ","
        rows = [["when", "Fz", "Cz"], ["", "[uV]", "[mV]"]]
        rows += [[time.isoformat(), *row] for time, row in zip(TIMES, SAMPLES, strict=True)]
        pd.DataFrame(rows).to_csv(path, sep=mark, header=False, index=False)
    else:
        samples = samples_for(suffix)
        write_recording(path, Recording(samples, **KNOWN, sample_type=samples.dtype))


def test_all_formats_are_in_the_table():
    assert sorted(suffix for suffix, *_ in TABLE) == sorted(FORMATS)


def test_the_readme_says_the_same():
    new = {suffix: cells[-1] for suffix, cells, _ in TABLE if not suffix.endswith(".gz")}
    rows = re.findall(r"^\| (`\.[^|]*) \| (yes|-) \|", README.read_text(), re.MULTILINE)
    said = {
        suffix: cell == "yes"
        for files, cell in rows
        for suffix in re.findall(r"`(\.[a-z0-9]+)`", files)
    }
    assert said == new | {".gz": True}


@pytest.mark.parametrize(("suffix", "said", "kept"), TABLE, ids=[suffix for suffix, *_ in TABLE])
def test_each_cell(suffix, said, kept, tmp_path):
    path = tmp_path / f"whole{suffix}"
    write_all_that_it_can_hold(path, suffix)
    recording = read_recording(path)
    found = []
    samples = samples_for(suffix)
    expected = KNOWN | OTHERS.get(suffix, {})
    for name, value in expected.items():
        known = getattr(recording, name)
        assert known in (value, None, ())
        found.append(known == value)
    in_pieces = isinstance(recording.samples, (np.memmap, FileSamples))
    found.append(in_pieces and (FORMATS[suffix].map is not None or suffix == ".zarr"))
    new = tmp_path / f"new{suffix}"
    with suppress(ValueError):
        write_recording(new, Recording(samples, **KNOWN, sample_type=samples.dtype))
    found.append(new.exists())
    assert found == said
    if new.exists():
        np.testing.assert_allclose(read_recording(new).samples, samples, atol=0.02)
    if suffix == ".zarr":  # is written by what denoises stores alone
        return
    same = tmp_path / f"same{suffix}"
    write_recording(same, recording)
    again = read_recording(same)
    assert again.facts() == recording.facts()
    np.testing.assert_array_equal(np.asarray(again.samples), np.asarray(recording.samples))
    if "byte by byte" in kept:
        data = ".eeg" if suffix == ".vhdr" else suffix
        assert same.with_suffix(data).read_bytes() == path.with_suffix(data).read_bytes()
