"""MATLAB and HDF5 files: one array of several is denoised, and all else stays as it was."""

import os
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io.matlab
from command import fails, run
from scipy.io import loadmat, savemat

from conv_denoiser import read_recording, write_recording
from conv_denoiser.readers import Recording
from conv_denoiser.readers.recording import ChannelError, DatasetError

pytestmark = pytest.mark.usefixtures("in_a_folder")

RNG = np.random.default_rng(0)
EEG = RNG.integers(-2000, 2000, (2, 300)).astype(np.int16)  # channels first
STRUCT = {
    "data": EEG,
    "srate": 250.0,
    "labels": np.array(["Fz", "Cz"], dtype=object),
    "note": "of the night",
}


def matlab_5(path="night.mat", **options):
    """Write a struct, a plain vector of doubles, and what is no signal."""
    whole = np.arange(300.0)[:, np.newaxis] % 7  # stored as integers of one byte
    others = {"flags": np.array([True, False]), "cell": np.array([1.5, "x"], dtype=object)}
    savemat(path, {"first": "text", "EEG": STRUCT, "whole": whole, **others}, **options)


def matlab_7(path="night.mat"):
    """Write what MATLAB does: first axes last, texts as numbers, cells as references."""
    with h5py.File(path, "w", userblock_size=512) as h5:
        for name, values, kind in (
            ("EEG/data", EEG.T, "int16"),
            ("EEG/srate", [[250.0]], "double"),
            ("#refs#/a", [[ord(mark)] for mark in "Fz"], "char"),
            ("#refs#/b", [[ord(mark)] for mark in "Cz"], "char"),
            ("note", np.array([[104, 105]] * 9, np.uint16), "char"),
        ):
            h5[name] = values
            h5[name].attrs["MATLAB_class"] = np.bytes_(kind)
        cells = [[h5["#refs#/a"].ref, h5["#refs#/b"].ref]]
        h5["EEG"].create_dataset("labels", data=cells, dtype=h5py.ref_dtype)
        h5["EEG/labels"].attrs["MATLAB_class"] = np.bytes_("cell")
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, made for a test")


def hdf5(path="night.h5"):
    with h5py.File(path, "w") as h5:
        h5.attrs["Fs"] = 250
        data = h5.create_dataset("EEG/data", data=EEG, chunks=(1, 100), compression="gzip")
        data.attrs.update({"channel_names": ["Fz", "Cz"], "units": ["uV", "mV"], "gain": 3})
        data.attrs["start_time"] = "2024-02-29T23:30:00"
        h5["time"] = np.arange(300) / 250
        h5["EEG/sub"] = h5py.SoftLink("/time")
        h5.create_dataset("EEG/other", data=np.ones((3, 3, 3)))


WRITERS = {"5": matlab_5, "7.3": matlab_7, "hdf5": hdf5}


@pytest.fixture(params=WRITERS)
def night(request):
    """Name of a file of two channels of 300 integers."""
    WRITERS[request.param]()
    return os.listdir()[0]


def test_what_is_known(night):
    recording = read_recording(f"{night}::EEG/data")
    np.testing.assert_array_equal(recording.samples, EEG.T)
    np.testing.assert_array_equal(recording.samples[5:250:3], EEG.T[5:250:3])
    np.testing.assert_array_equal(recording.samples[5:250, 1], EEG[1, 5:250])
    assert (recording.sampling_rate, recording.channel_names) == (250, ("Fz", "Cz"))
    assert (recording.source.name, recording.dataset) == (night, "EEG/data")
    cz = read_recording(f"{night}::/EEG/data", "Cz")
    np.testing.assert_array_equal(cz.samples, EEG[1])
    assert (cz.channel_names, cz.places) == (("Cz",), (1,))
    with pytest.raises(ChannelError, match="does not have the channel 'Pz'"):
        read_recording(f"{night}::EEG/data", "Pz")
    with pytest.raises(DatasetError, match=r"no dataset of numbers 'x'. It has: .*EEG/data \("):
        read_recording(f"{night}::x")
    if night == "night.h5":
        assert (recording.units, cz.units) == (("uV", "mV"), ("mV",))
        assert recording.start_time == datetime(2024, 2, 29, 23, 30)


def test_one_channel_is_replaced(night):
    """Integers are rounded, and clipped with a warning that counts; the other channel stays."""
    before = read_recording(f"{night}::EEG/data", "2")
    samples = np.asarray(before.samples) / 2
    samples[:3] = 4e4
    with pytest.warns(UserWarning, match=r"3 denoised sample\(s\) were clipped"):
        write_recording(night, replace(before, samples=samples))
    after = np.asarray(read_recording(f"{night}::EEG/data").samples)
    np.testing.assert_array_equal(after[:, 0], EEG[0])
    np.testing.assert_array_equal(after[3:, 1], np.rint(samples[3:]))
    assert (after[:3, 1] == 32767).all()
    with pytest.raises(ValueError, match=r"holds samples of shape \(300,\). Got \(9,\)"):
        write_recording(night, replace(before, samples=samples[:9]))
    assert os.listdir() == [night]


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", ["EEG/data", "whole"])
def test_identity_changes_no_byte_of_matlab_5(name, compressed):
    matlab_5(do_compression=compressed)
    recording = read_recording(f"night.mat::{name}")
    write_recording("copy.mat", recording)
    with open("night.mat", "rb") as old, open("copy.mat", "rb") as new:
        assert new.read() == old.read()
    write_recording("half.mat", replace(recording, samples=recording.samples / 2))
    before, after = (loadmat(file, simplify_cells=True) for file in ("night.mat", "half.mat"))
    old, new = before, after
    for key in name.split("/")[:-1]:
        old, new = old[key], new[key]
    halved = old.pop(name.split("/")[-1]) / 2
    expected = halved if name == "whole" else np.rint(halved)  # integers are rounded
    np.testing.assert_array_equal(new.pop(name.split("/")[-1]), expected)
    np.testing.assert_equal(after, before)


@pytest.mark.parametrize("write", [matlab_7, hdf5])
def test_all_else_in_hdf5_is_kept(write):
    write()
    (name,) = os.listdir()
    recording = read_recording(f"{name}::EEG/data")
    write_recording(f"copy_{name}", recording)
    with open(name, "rb") as old, open(f"copy_{name}", "rb") as new:
        assert old.read() == new.read()
    write_recording(f"copy_{name}", replace(recording, samples=np.zeros((300, 2))))
    with h5py.File(name) as old, h5py.File(f"copy_{name}") as new:
        found = []
        old.visit(found.append)
        for key in found:
            assert dict(new[key].attrs).keys() == dict(old[key].attrs).keys()
            if hasattr(old[key], "dtype") and key != "EEG/data" and old[key].dtype.kind != "O":
                np.testing.assert_array_equal(old[key], new[key])
        assert not np.any(new["EEG/data"])
        assert new["EEG/data"].dtype == np.int16


@pytest.mark.parametrize("name", ["new.mat", "new.h5"])
def test_from_another_format(name):
    known = {"sampling_rate": 360.0, "channel_names": ("a", "b"), "units": ("mV", "V")}
    known["start_time"] = datetime(2024, 2, 29, 23, 30)
    samples = RNG.normal(size=(40, 2))
    write_recording(name, Recording(samples, **known))
    again = read_recording(name)
    np.testing.assert_array_equal(again.samples, samples)
    assert {key: getattr(again, key) for key in known} == known
    write_recording(name, Recording(samples[:, 0].astype(np.float32)))
    np.testing.assert_array_equal(read_recording(name).samples, samples[:, 0].astype(np.float32))


def test_times_beside_an_array_tell_its_rate():
    savemat("a.mat", {"t": np.arange(50)[:, np.newaxis] / 200, "ecg": RNG.normal(size=(50, 1))})
    recording = read_recording("a.mat")
    assert (recording.sampling_rate, recording.dataset) == (200, "ecg")
    with h5py.File("a.h5", "w") as h5:
        h5["time"], h5["ecg"] = np.arange(50) / 200, np.arange(50.0)
    assert read_recording("a.h5").sampling_rate == 200


def test_command(capsys, onnx_file):
    hdf5()
    with h5py.File("night.h5", "a") as h5:
        h5["ECG"] = np.ones(300)
    model = ["--model", onnx_file, "--channelwise"]
    fails(capsys, "Name one, as in night.h5::", "denoise", "night.h5", *model, "--output", "c.h5")
    code, _, err = run(capsys, "denoise", "night.h5::EEG/data", *model, "--output-dir", "clean")
    assert code == 0, err
    with h5py.File("clean/night.h5") as h5:
        assert h5["EEG/data"].shape == EEG.shape
        assert np.any(h5["EEG/data"][()] != EEG)
    assert "dataset" in run(capsys, "info", "clean/night.h5::EEG/data")[1]


def test_names_that_a_terminal_would_obey(capsys):
    write_recording("a.h5", Recording(np.zeros((9, 2)), channel_names=("\x1b[2J", "a\nb")))
    _, out, err = run(capsys, "info", "a.h5")
    assert r"\x1b[2J, a\nb" in out
    assert "\x1b" not in out + err
    with pytest.raises(ChannelError) as error:
        read_recording("a.h5", "c")
    assert "\x1b" not in str(error.value)


def test_files_that_lead_elsewhere():
    """Neither links nor datasets are followed into other files."""
    hdf5("secret.h5")
    with open("raw", "wb") as file:
        file.write(bytes(8000))
    with h5py.File("a.h5", "w") as h5:
        h5["linked"] = h5py.ExternalLink("secret.h5", "/EEG/data")
        h5["soft"] = h5py.SoftLink("/linked")
        h5.create_dataset("raw", (1000,), "f8", external=[("raw", 0, 8000)])
        h5.create_dataset("huge", (2**40,), "f8", chunks=(1000,))
    for name, message in (
        *(("linked", "no dataset"), ("soft", "no dataset")),
        *(("raw", "in other files"), ("huge", "more than fit")),
    ):
        with pytest.raises(DatasetError, match=message):
            read_recording(f"a.h5::{name}")


@pytest.mark.filterwarnings("ignore")
def test_files_that_scipy_ships():
    """What SciPy reads is read, or refused as holding no or several arrays of numbers."""
    folder = Path(scipy.io.matlab.__file__).parent / "tests/data"
    for file in sorted(folder.glob("*.mat")):
        try:
            loadmat(file)
        except Exception:
            continue
        with suppress(DatasetError):
            read_recording(file)


@pytest.mark.parametrize("place", [136, 156])
def test_elements_that_would_end_the_process(place):
    """SciPy takes types and lengths on trust."""
    savemat("a.mat", {"a": np.zeros(200), "b": np.arange(9)})
    content = bytearray(Path("a.mat").read_bytes())
    content[place] = {136: 0x77, 156: 0}[place]  # the type of an element, the length of another
    Path("a.mat").write_bytes(content)
    with pytest.raises(ValueError, match="SciPy cannot read 'a.mat': a"):
        read_recording("a.mat::a")


def test_texts_that_would_never_end():
    """An object of a heap that is free, and of no length, holds libhdf5 up for ever."""
    hdf5()
    content = bytearray(Path("night.h5").read_bytes())
    first = content.index(b"GCOL") + 16
    content[first : first + 16] = bytes(16)
    Path("night.h5").write_bytes(content)
    with pytest.raises(ValueError, match="h5py cannot read 'night.h5': its texts are damaged"):
        read_recording("night.h5::EEG/data")


def test_texts_that_claim_to_have_gigabytes():
    """They would be taken from memory before they are refused."""
    with h5py.File("a.h5", "w") as h5:
        # Pairs of samples that look like a length and a place, which are no texts.
        data = h5.create_dataset("x", data=np.tile([-5, 2048, 1], 99))
        data.attrs["units"] = "mV, of the night"
    assert read_recording("a.h5").units == ("mV, of the night",)
    content = bytearray(Path("a.h5").read_bytes())
    heap = content.index(b"GCOL").to_bytes(8, "little")
    length = content.index(len("mV, of the night").to_bytes(4, "little") + heap)
    content[length : length + 4] = b"\xff" * 4
    Path("a.h5").write_bytes(content)
    with pytest.raises(ValueError, match="cannot read 'a.h5': its texts are damaged"):
        read_recording("a.h5")


@pytest.mark.parametrize("name", ["bad.mat", "bad.h5"])
def test_what_is_no_such_file(name):
    with pytest.raises(FileNotFoundError):
        read_recording(name)
    os.mkdir(name)
    with pytest.raises(IsADirectoryError):
        read_recording(name)
    os.rmdir(name)
    for content in (b"", b"MATLAB 7.3 MAT-file", bytes(1000)):
        with open(name, "wb") as file:
            file.write(content)
        with pytest.raises(ValueError, match=f"{name}"):
            read_recording(name)
