"""Recordings in files, and what is known of them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.io import wavfile

from conv_denoiser.readers.formats import FORMATS, read_recording, write_recording
from conv_denoiser.readers.recording import ChannelError, Recording, SamplingRateError

SIMPLE = (".npy", ".csv", ".wav")


@pytest.fixture
def two(tmp_path):
    """Samples of two channels, and a file of each format that holds them."""
    samples = np.arange(20, dtype=np.int16).reshape(10, 2)
    np.save(tmp_path / "two.npy", samples)
    wavfile.write(tmp_path / "two.wav", 250, samples)
    rows = [f"{i};{a};{b}" for i, (a, b) in enumerate(samples)]
    (tmp_path / "two.csv").write_text("\n".join(["t;ECG;RESP", *rows]))
    return samples


def test_what_is_known(two, tmp_path):
    mapped = read_recording(tmp_path / "two.npy")
    np.testing.assert_array_equal(mapped.samples, two)
    assert (mapped.n_channels, mapped.sampling_rate, mapped.channel_names) == (2, None, ())
    sound = read_recording(tmp_path / "two.wav", "2")
    np.testing.assert_array_equal(sound.samples, two[:, 1])
    assert (sound.n_channels, sound.sampling_rate, sound.sample_type) == (1, 250, np.int16)
    table = read_recording(tmp_path / "two.csv")
    assert (table.n_channels, table.channel_names) == (3, ("t", "ECG", "RESP"))
    column = read_recording(str(tmp_path / "two.csv"), "RESP")
    np.testing.assert_array_equal(column.samples, two[:, 1])
    assert (column.channel_names, column.places, column.name) == (("RESP",), (2,), "two.csv")


def write(path, recording):
    form = FORMATS[path.suffix]
    if form.write is not None:
        form.write(path, recording)
    else:
        out = form.map(path, recording)
        out[:] = recording.samples
        out.flush()


@pytest.mark.parametrize("suffix", SIMPLE)
def test_what_is_written_is_read_again(two, tmp_path, suffix):
    source = read_recording(tmp_path / f"two{suffix}")
    path = tmp_path / f"other{suffix}"
    write(path, replace(source, samples=source.samples * 2))
    again = read_recording(path)
    np.testing.assert_array_equal(again.samples, source.samples * 2)
    assert again.sampling_rate == source.sampling_rate
    assert again.channel_names == source.channel_names
    if suffix == ".wav":
        assert again.samples.dtype == source.samples.dtype


@pytest.mark.parametrize("suffix", SIMPLE)
def test_recordings_that_come_from_no_file(two, tmp_path, suffix):
    path = tmp_path / f"other{suffix}"
    write(path, Recording(two / 8, sampling_rate=100))
    np.testing.assert_array_equal(read_recording(path).samples, two / 8)


@pytest.mark.parametrize("channel", ["0", "9", "x", "-1", ""])
@pytest.mark.parametrize("suffix", SIMPLE)
def test_unknown_channel(two, tmp_path, suffix, channel):
    path = tmp_path / f"two{suffix}"
    with pytest.raises(ChannelError, match=f"two{suffix} does not have the channel '{channel}'"):
        read_recording(path, channel)


def test_rates_of_wav(tmp_path):
    for rate, message in ((None, "which is not known"), (0.5, "whole number"), (2e10, "whole")):
        with pytest.raises(SamplingRateError, match=message):
            FORMATS[".wav"].write(tmp_path / "a.wav", Recording(np.zeros(3), sampling_rate=rate))


def test_wav_tells_of_samples_that_do_not_fit(two, tmp_path):
    recording = read_recording(tmp_path / "two.wav")
    samples = recording.samples.astype(float)
    samples[3] = 4e4
    with pytest.warns(UserWarning, match=r"2 denoised sample\(s\) were clipped"):
        write_recording(tmp_path / "two.wav", replace(recording, samples=samples))
    assert wavfile.read(tmp_path / "two.wav")[1].max() == 32767
    samples[3] = np.nan
    with pytest.raises(ValueError, match=r"2 sample\(s\) are missing"):
        write_recording(tmp_path / "two.wav", replace(recording, samples=samples))
