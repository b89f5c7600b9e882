"""Text files as instruments write them: what is a signal, and what is left as it was."""

import gzip
from dataclasses import replace

import numpy as np
import pytest

from conv_denoiser.readers import Recording, read_recording, write_recording

ECG = np.round(np.sin(np.arange(40) ** 1.3), 3)
TIMES = np.cumsum(np.resize([15, 16, 16], 40))


def lines(*columns, delimiter=","):
    return [delimiter.join(map(str, row)) for row in zip(*columns, strict=True)]


def written(tmp_path, text, name="log.csv"):
    path = tmp_path / name
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def doubled(path):
    """Write a recording with twice its samples, and return its lines."""
    recording = read_recording(path)
    out = path.with_name("out" + path.suffix)
    write_recording(out, replace(recording, samples=2 * recording.samples))
    return out.read_text(encoding="utf-8").splitlines()


class TestInstruments:
    @pytest.mark.parametrize(
        ("before", "names"),
        [
            (["Device: X1", "Rate: 250 Hz", "a,b"], ("a", "b")),
            (["# made by X1", "% rate 250", "a,b"], ("a", "b")),
            (["a,b", "mV,m/s2"], ("a", "b")),
            (["a,b", "[mV],(mV)"], ("a", "b")),
            (["Device,X1", "Rate,250 Hz", "a,b", "mV,mV"], ("a", "b")),
            (["X1", "", "a,b,"], ("a", "b")),
            ([], ()),
        ],
    )
    def test_words_before_the_table(self, tmp_path, before, names):
        path = written(tmp_path, [*before, *lines(ECG, ECG**2)])
        recording = read_recording(path)
        np.testing.assert_array_equal(recording.samples, np.stack([ECG, ECG**2], axis=1))
        assert recording.channel_names == names
        kept = doubled(path)
        assert kept[: -len(ECG)] == before

    def test_units(self, tmp_path):
        recording = read_recording(written(tmp_path, ["a,b", "[mV],µV", *lines(ECG, ECG)]))
        assert recording.units == ("mV", "µV")

    def test_trailing_commas_and_comments_between(self, tmp_path):
        rows = [f"{line}," for line in lines(ECG, -ECG)]
        recording = read_recording(written(tmp_path, ["a,b,", *rows[:9], "# pause", *rows[9:]]))
        np.testing.assert_array_equal(recording.samples[:, 1], -ECG)

    @pytest.mark.parametrize("hole", ["", "NaN", "n/a", " "])
    def test_empty_cells_are_missing(self, tmp_path, hole):
        cells = [*map(str, ECG[:20]), hole, *map(str, ECG[21:])]
        path = written(tmp_path, ["n,ecg", *lines(range(40, 80), cells)])
        with pytest.warns(UserWarning, match="'n' rises or falls evenly"):
            samples = read_recording(path).samples
        assert np.flatnonzero(np.isnan(samples)).tolist() == [20]

    @pytest.mark.parametrize(
        ("name", "mark"), [("log.tsv", "\t"), ("log.txt", " "), ("a.txt", ";")]
    )
    def test_other_marks(self, tmp_path, name, mark):
        path = written(tmp_path, lines(ECG, -ECG, delimiter=mark), name)
        np.testing.assert_array_equal(read_recording(path).samples, np.stack([ECG, -ECG], axis=1))
        assert len(doubled(path)[0].split(mark)) == 2


class TestDecimalCommas:
    @pytest.mark.parametrize("header", [["a;b"], []])
    def test_beside_another_mark(self, tmp_path, header):
        rows = [line.replace(".", ",") for line in lines(ECG, -ECG, delimiter=";")]
        path = written(tmp_path, [*header, *rows])
        np.testing.assert_array_equal(read_recording(path).samples, np.stack([ECG, -ECG], axis=1))
        cells = doubled(path)[len(header) + 3].split(";")
        assert float(cells[0].replace(",", ".")) == pytest.approx(2 * ECG[3])

    @pytest.mark.parametrize("channel", [None, "1"])
    def test_alone_they_are_refused(self, tmp_path, channel):
        path = written(tmp_path, [f"{value:.3f}".replace(".", ",") for value in ECG])
        with pytest.raises(ValueError, match="two whole numbers in each line, such as '0,000'"):
            read_recording(path, channel)


class TestColumnsThatAreNoSignals:
    @pytest.mark.parametrize(
        ("name", "column", "why"),
        [
            ("time_ms", TIMES, "rises or falls evenly"),
            ("n", range(40), "rises or falls evenly"),
            ("wavenumber", np.linspace(4000, 400, 40), "rises or falls evenly"),
            ("trigger", [0, 0, 0, 1] * 10, "has two values"),
        ],
    )
    def test_are_named_and_written_through(self, tmp_path, name, column, why):
        path = written(tmp_path, [f"{name},a,b", *lines(column, ECG, -ECG)])
        with pytest.warns(UserWarning, match=f"'{name}' {why}.*left as it is"):
            rows = [line.split(",") for line in doubled(path)]
        assert [row[0] for row in rows] == [name, *map(str, column)]
        np.testing.assert_allclose([float(row[2]) for row in rows[1:]], -2 * ECG)

    def test_are_read_on_request(self, tmp_path):
        path = written(tmp_path, ["time,a", *lines(TIMES, ECG)])
        np.testing.assert_array_equal(read_recording(path, "time").samples, TIMES)
        np.testing.assert_array_equal(read_recording(path, "1").samples, TIMES)

    def test_text_is_written_through(self, tmp_path):
        clock = [f"2024-05-01 10:00:{second:02}" for second in range(40)]
        path = written(tmp_path, ["clock,a,note", *lines(clock, ECG, ["ok"] * 40)])
        assert read_recording(path).channel_names == ("a",)
        assert [line.split(",")[0] for line in doubled(path)[1:]] == clock

    def test_a_lonely_ramp_is_a_signal(self, tmp_path):
        path = written(tmp_path, ["a", *map(str, range(40))])
        np.testing.assert_array_equal(read_recording(path).samples, range(40))


def test_an_unknown_column_among_thousands_prints_one_short_line(tmp_path):
    names = ",".join(f"channel {number}" for number in range(3000))
    path = written(tmp_path, [names, ",".join(["1.5"] * 3000), ",".join(["2.5"] * 3000)])
    with pytest.raises(ValueError, match="It has 3000, numbered from 1") as error:
        read_recording(path, "x")
    assert len(str(error.value)) < 300


class TestClock:
    """A column of times tells the sampling rate, and a date the start."""

    @pytest.mark.parametrize(
        ("name", "times", "rate"),
        [
            ("time", [f"{n / 360:.4f}" for n in range(40)], 360),
            ("Time (ms)", range(0, 160, 4), 250),
            ("t,s", range(0, 80, 2), 0.5),
            ("seconds", range(40), 1),
            ("time", range(0, 160, 4), None),  # of milliseconds, or counts
            ("time", [*np.arange(39) / 2, 500], None),
            ("when", [f"2024-02-29T23:30:{n / 10:06.3f}" for n in range(40)], 10),
            ("when", [f"2024-02-29 23:{n:02}" for n in range(40)], 1 / 60),
        ],
    )
    def test_rate(self, tmp_path, name, times, rate):
        name, _, unit = name.partition(",")
        head = [f"{name},ecg", *([f"{unit},mV"] if unit else [])]
        recording = read_recording(written(tmp_path, [*head, *lines(times, ECG)]), "ecg")
        assert recording.sampling_rate == (rate and pytest.approx(rate))
        assert (recording.start_time is not None) == (name == "when")
        np.testing.assert_array_equal(recording.samples, ECG)

    @pytest.mark.parametrize("last", ["soon", "2024-02-29T23:30:00+01:00"])
    def test_what_is_no_time_tells_nothing(self, tmp_path, last):
        times = [f"2024-02-29T23:30:{n:02}" for n in range(39)] + [last]
        recording = read_recording(written(tmp_path, ["when,ecg", *lines(times, ECG)]))
        assert recording.sampling_rate is None


def test_compressed(tmp_path):
    """A file that gzip compressed is read, and written as such."""
    path = tmp_path / "log.tsv.gz"
    with gzip.open(path, "wt") as file:
        file.write("\n".join(["n\tecg\tnote", *lines(range(40), ECG, "a" * 40, delimiter="\t")]))
    recording = read_recording(path, "ecg")
    write_recording(path, replace(recording, samples=2 * recording.samples))
    with gzip.open(path, "rt") as file:
        rows = [line.split("\t") for line in file.read().splitlines()]
    assert [row[::2] for row in rows] == [["n", "note"], *([str(n), "a"] for n in range(40))]
    np.testing.assert_array_equal([float(row[1]) for row in rows[1:]], 2 * ECG)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="not a whole gzip file"):
        read_recording(path)


def test_tabs_separate_what_is_written_to_tsv(tmp_path):
    write_recording(tmp_path / "new.tsv", Recording(np.stack([ECG, ECG], axis=1)))
    assert "\t" in (tmp_path / "new.tsv").read_text()


def test_names_and_units_of_other_formats_are_written(tmp_path):
    path = tmp_path / "new.csv"
    known = {"channel_names": ("II", "V1, left"), "units": ("mV", "mmHg")}
    write_recording(path, Recording(np.stack([ECG, -ECG], axis=1), **known))
    assert path.read_text().splitlines()[:2] == ['II,"V1, left"', "[mV],[mmHg]"]
    again = read_recording(path)
    assert {name: getattr(again, name) for name in known} == known
    np.testing.assert_array_equal(again.samples[:, 0], ECG)
    write_recording(path, Recording(ECG, channel_names=("7",)))
    np.testing.assert_array_equal(read_recording(path).samples, ECG)


def table(path, times, rng):
    rows = [f"{time},{rng.normal():.6f}" for time in times]
    path.write_text("\n".join(["time,a", *rows]))
    return path


def test_a_missing_time_is_told(tmp_path):
    times = [f"{0.004 * n:.3f}" for n in range(40)]
    times[7] = ""
    path = table(tmp_path / "x.csv", times, np.random.default_rng(0))
    with pytest.warns(UserWarning, match="1 of 40 times are missing, the first in row 8"):
        assert read_recording(path, "a").sampling_rate is None


@pytest.mark.parametrize("lost", [50, 100, 200])
def test_a_lost_sample_is_a_hole(tmp_path, lost):
    times = np.delete(np.arange(401) / 250, lost)
    path = table(tmp_path / "x.csv", times, np.random.default_rng(0))
    recording = read_recording(path, "a")
    assert recording.sampling_rate == 250
    np.testing.assert_allclose(recording.time, times)
    with pytest.warns(UserWarning, match="x.wav will not tell when they were taken"):
        write_recording(tmp_path / "x.wav", recording)


def test_scattered_times_are_no_signal(tmp_path):
    rng = np.random.default_rng(0)
    path = table(tmp_path / "x.csv", rng.exponential(size=100).cumsum(), rng)
    with pytest.warns(UserWarning, match="'time' is called as times are, and never falls"):
        assert read_recording(path).channel_names == ("a",)


def test_what_is_flat_keeps_its_digits(tmp_path):
    samples = np.stack([np.full(20, 1234567891.25), np.arange(20.0)], axis=1)
    write_recording(tmp_path / "x.csv", Recording(samples))
    assert (tmp_path / "x.csv").read_text().startswith("1234567891.25,0\n")
    write_recording(tmp_path / "x.csv", Recording(np.full(9, -1540216256, np.int32)))
    assert (tmp_path / "x.csv").read_text().startswith("-1540216256\n")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_new_files_tell_each_bit(tmp_path, dtype):
    samples = np.random.default_rng(0).normal(size=(50, 2)).astype(dtype) + 1e6
    write_recording(tmp_path / "x.csv", Recording(samples))
    np.testing.assert_array_equal(read_recording(tmp_path / "x.csv").samples.astype(dtype), samples)
