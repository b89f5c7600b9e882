"""Sound files without loss: integers as they are stored, titles kept."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from conv_denoiser import read_recording, write_recording
from conv_denoiser.readers import Recording
from conv_denoiser.readers.recording import SamplingRateError

pytestmark = pytest.mark.usefixtures("in_a_folder")

RNG = np.random.default_rng(0)
FILES = [
    *(("a.flac", "PCM_S8", 8), ("a.flac", "PCM_16", 16), ("a.flac", "PCM_24", 24)),
    *(("a.aiff", "PCM_16", 16), ("a.au", "PCM_24", 24), ("a.caf", "PCM_32", 32)),
    *(("a.aiff", "FLOAT", None), ("a.w64", "DOUBLE", None)),
]


@pytest.mark.parametrize(("name", "subtype", "bits"), FILES)
def test_what_is_written_is_read_again(name, subtype, bits):
    if bits is None:
        samples = RNG.normal(size=(300, 2)).astype("f4" if subtype == "FLOAT" else "f8")
        soundfile.write(name, samples, 360, subtype)
    else:
        half = 2 ** (bits - 1)
        samples = RNG.integers(-half, half, (300, 2))
        soundfile.write(name, (samples << (32 - bits)).astype(np.int32), 360, subtype)
    recording = read_recording(name)
    np.testing.assert_array_equal(recording.samples, samples)
    assert recording.sampling_rate == 360
    np.testing.assert_array_equal(read_recording(name, "2").samples, samples[:, 1])
    write_recording(f"same_{name}", recording)
    np.testing.assert_array_equal(read_recording(f"same_{name}").samples, samples)
    with soundfile.SoundFile(name) as old, soundfile.SoundFile(f"same_{name}") as new:
        assert (new.subtype, new.copy_metadata()) == (old.subtype, old.copy_metadata())
    if bits is not None:
        doubled = samples.astype(float) * 2
        n_clipped = np.count_nonzero((doubled < -half) | (doubled >= half))
        with pytest.warns(UserWarning, match=rf"{n_clipped} denoised sample\(s\) were clipped"):
            write_recording(name, replace(recording, samples=doubled))
        np.testing.assert_array_equal(read_recording(name).samples, doubled.clip(-half, half - 1))


def test_titles_are_kept():
    with soundfile.SoundFile("b.flac", "w", 8000, 1) as file:
        file.title = "of the night"
        file.write(RNG.integers(-9, 9, 300).astype(np.int16))
    write_recording("c.flac", read_recording("b.flac"))
    assert soundfile.SoundFile("c.flac").title == "of the night"


def test_from_other_formats():
    whole = RNG.integers(-999, 999, 300).astype(np.int16)
    write_recording("a.wav", Recording(whole, 100, sample_type=whole.dtype))
    write_recording("a.flac", read_recording("a.wav"))
    np.testing.assert_array_equal(read_recording("a.flac").samples, whole)
    write_recording("b.wav", read_recording("a.flac"))
    assert read_recording("b.wav").samples.dtype == np.int16
    write_recording("a.aif", Recording(whole / 7, 100))
    np.testing.assert_array_equal(read_recording("a.aif").samples, whole / 7)
    for recording, error, message in (
        (Recording(whole / 7, 100), ValueError, "integers of 8, 16 or 24 bits"),
        (Recording(np.zeros((9, 9), np.int16), 100), ValueError, "up to 8 channels. Got 9"),
        (Recording(whole, 1e6), SamplingRateError, "up to 655350"),
        (Recording(whole), SamplingRateError, "which is not known"),
    ):
        with pytest.raises(error, match=message):
            write_recording("a.flac", recording)


def test_what_is_no_such_file():
    with pytest.raises(FileNotFoundError):
        read_recording("bad.flac")
    with open("bad.flac", "wb") as file:
        file.write(b"fLaC")
    with pytest.raises(ValueError, match=r"soundfile cannot read 'bad.flac'"):
        read_recording("bad.flac")


@pytest.mark.parametrize("bits", [8, 24])
def test_loudness_stays_in_wav_files(bits):
    samples = RNG.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), 300)
    subtype = {8: "PCM_S8", 24: "PCM_24"}[bits]
    soundfile.write("a.flac", (samples << (32 - bits)).astype(np.int32), 360, subtype)
    write_recording("a.wav", read_recording("a.flac"))
    np.testing.assert_array_equal(soundfile.read("a.wav")[0], soundfile.read("a.flac")[0])


def test_wav_files_of_24_bits_become_flac_files():
    samples = RNG.integers(-(2**23), 2**23, (300, 2))
    soundfile.write("a.wav", (samples << 8).astype(np.int32), 360, "PCM_24")
    write_recording("a.flac", read_recording("a.wav"))
    assert soundfile.info("a.flac").subtype == "PCM_24"
    np.testing.assert_array_equal(read_recording("a.flac").samples, samples)
