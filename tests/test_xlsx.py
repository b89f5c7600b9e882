"""Excel files, written and read by openpyxl."""

import datetime
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from command import fails, run

from conv_denoiser import Recording, read_recording, write_recording

pytestmark = pytest.mark.usefixtures("in_a_folder")

START = datetime.datetime(2024, 2, 29, 23, 30)
ECG = np.round(np.sin(np.arange(60) / 5) + np.random.default_rng(0).normal(size=60) / 5, 3)


@pytest.fixture
def book(in_a_folder):
    """Name of a file of words, a table with a formula and with what failed, and another sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Recorded at night; by hand\nin two lines"])
    sheet.append([])
    sheet.append(["when", "ECG", "twice", "note"])
    for number, value in enumerate(ECG.tolist()):
        time = START + datetime.timedelta(seconds=number / 50)
        sheet.append([time, value, f"=2*B{number + 4}", "ok; good"])
    sheet["B10"], sheet["B11"] = None, "#DIV/0!"
    sheet["B4"].number_format = "0.00"
    other = book.create_sheet("more")
    for value in ECG.tolist():
        other.append([value, -value])
    book.save("a.xlsx")
    return "a.xlsx"


def test_what_is_known(book):
    recording = read_recording(book, "ECG")
    expected = ECG.copy()
    expected[6:8] = np.nan
    np.testing.assert_array_equal(recording.samples, expected)
    assert (recording.channel_names, recording.dataset) == (("ECG",), "Sheet")
    assert recording.sampling_rate == pytest.approx(50)
    assert recording.start_time == START
    np.testing.assert_array_equal(read_recording("a.xlsx::more").samples, np.stack([ECG, -ECG], 1))


def test_other_cells_are_kept(book, capsys):
    options = ["--channels", "ECG", "--quiet", "--output", "b.xlsx"]
    assert run(capsys, "denoise", book, *options) == (0, "", "")
    old, new = (openpyxl.load_workbook(name) for name in (book, "b.xlsx"))
    assert new.sheetnames == old.sheetnames
    for sheet in old:
        for row in sheet.iter_rows():
            for cell in row:
                after = new[sheet.title][cell.coordinate]
                denoised = sheet.title == "Sheet" and cell.column == 2 and cell.row > 3
                assert (after.value == cell.value) != denoised
                assert after.number_format == cell.number_format


def test_another_sheet(book):
    recording = read_recording("a.xlsx::more", "2")
    write_recording("b.xlsx", replace(recording, samples=np.arange(60.0)))
    values = list(openpyxl.load_workbook("b.xlsx")["more"].iter_rows(values_only=True))
    assert values == list(zip(ECG.tolist(), range(60), strict=True))


def test_new_files():
    samples = np.array([[1.5, np.nan], [1e-9, 3.0]])
    write_recording("a.xlsx", Recording(samples, channel_names=("a", "b"), units=("V", "mV")))
    rows = list(openpyxl.load_workbook("a.xlsx").active.iter_rows(values_only=True))
    assert rows == [("a", "b"), ("[V]", "[mV]"), (1.5, None), (1e-9, 3)]
    again = read_recording("a.xlsx", ["a", "b"])
    np.testing.assert_array_equal(again.samples, samples)
    assert (again.channel_names, again.units) == (("a", "b"), ("V", "mV"))


def test_errors(book, capsys):
    fails(capsys, "has no sheet 'night'. It has: Sheet, more", "convert", "a.xlsx::night", "b.npy")
    fails(capsys, "does not have the channel 'EEG'", "convert", book, "b.npy", "--column", "EEG")
    Path("c.xlsx").write_text("nothing of the sort")
    fails(capsys, "openpyxl cannot read 'c.xlsx'", "convert", "c.xlsx", "b.npy")
