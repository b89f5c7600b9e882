"""Samples that were not taken evenly: grids, gaps in time, and results at the times given."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import DenoisingWarning, denoise, denoise_recording, read_recording
from conv_denoiser.__main__ import main
from conv_denoiser._checks.times import even_grid, seconds_since_first

RNG = np.random.default_rng(0)
N = 1500
PLACES = np.arange(2000)[np.sort(RNG.permutation(2000)[:N])]
PLACES -= PLACES[0]
X = np.sin(PLACES / 20) + 0.1 * RNG.normal(size=N)
PLACED = np.full(PLACES[-1] + 1, np.nan)
PLACED[PLACES] = X
SCATTERED = np.sort(RNG.uniform(0, N, N))
NOTHING = FunctionTransformer()
UNEVEN = "time is uneven: samples are denoised on an even grid"


class TestGrid:
    @pytest.mark.parametrize(
        "time",
        [
            np.arange(N) / 360,
            np.round(np.arange(N) / 360, 3),
            np.round(np.arange(N) / 720, 3),
            np.arange(N) + RNG.uniform(-0.3, 0.3, N),
            np.arange(N) / 100 + 1.7e9,
            np.datetime64("2026-03-01") + np.arange(N) * np.timedelta64(4, "ms"),
            np.arange(0, 4 * N, 4, dtype=np.uint32),
        ],
        ids=["even", "ms", "coarse ms", "jitter", "unix", "dates", "unsigned"],
    )
    def test_what_is_nearly_even_is_even(self, time):
        assert even_grid(time, N).is_whole

    @pytest.mark.parametrize("jitter", [0, 0.3])
    @pytest.mark.parametrize("step", [1, 0.004, 86400])
    def test_holes_are_places_without_samples(self, step, jitter):
        time = 5 + step * (PLACES + jitter * RNG.uniform(-1, 1, N))
        grid = even_grid(time, N)
        assert grid.step == pytest.approx(step, rel=1e-3)
        np.testing.assert_array_equal(grid.places, PLACES)
        spread = grid.spread(X)
        np.testing.assert_array_equal(spread, PLACED)
        np.testing.assert_array_equal(grid.gather(spread), X)

    def test_a_pause_need_not_be_whole_steps(self):
        time = np.arange(N) / 250
        time[700:] += 1.2345
        grid = even_grid(time, N)
        assert (grid.is_regular, grid.size) == (True, N + round(1.2345 * 250))

    def test_samples_that_meet_are_averaged(self):
        with pytest.warns(DenoisingWarning, match=UNEVEN):
            grid = even_grid(SCATTERED, N)
        line = 3 * SCATTERED
        spread = grid.spread(np.where(np.arange(N) == 7, np.nan, line))
        ramp = 3 * (SCATTERED[0] + grid.step * np.arange(grid.size))
        assert np.nanmax(np.abs(spread - ramp)) <= 1.5 * grid.step
        np.testing.assert_allclose(grid.gather(ramp), line, atol=1e-9)
        assert np.isfinite(grid.gather(spread)[np.arange(N) != 7]).all()

    @pytest.mark.parametrize(
        ("time", "message"),
        [
            (np.arange(5), "one number or date for each of the 6 timesteps"),
            ([0, 1, 2, np.nan, 4, 5], r"1 value\(s\) that are missing.*timestep 3"),
            ([0, 1, 2, 2, 1, 5], r"must rise.*does not at 2 timestep\(s\), the first of them 3"),
            ([0, 1, 2, 3, 4, 1e5], r"holes: of .* hold a sample.*1e.05, follows timestep 4"),
            ([0, 1e-6, 2e-6, 1, 1 + 1e-6, 1 + 2e-6], "time"),
            (list("abcdef"), "time must hold numbers"),
        ],
    )
    def test_what_is_refused(self, time, message):
        with pytest.raises(ValueError, match=message):
            even_grid(time, 6)


class TestArrays:
    def test_holes_are_gaps(self):
        expected = denoise(PLACED)[PLACES]
        np.testing.assert_array_equal(denoise(X, time=PLACES / 250), expected)
        channels = np.stack([X, -X], axis=1)[np.newaxis].astype(np.float32)
        denoised, std = denoise(channels, time=PLACES, return_std=True)
        assert denoised.dtype == np.float32
        np.testing.assert_allclose(denoised[0, :, 0], expected, atol=1e-5)
        assert std.shape == channels.shape

    def test_missing_samples_stay_missing(self):
        x = X.copy()
        x[10:15] = np.nan
        kept = denoise(x, time=PLACES, gaps="keep")
        np.testing.assert_array_equal(np.isnan(kept), np.isnan(x))
        with pytest.warns(DenoisingWarning, match=UNEVEN):
            kept = denoise(x, time=SCATTERED, gaps="keep")
        assert np.isfinite(kept[~np.isnan(x)]).all()
        assert np.isnan(kept[12])

    def test_scattered_samples_are_denoised_as_well(self):
        truth = np.sin(SCATTERED / 20)
        noisy = truth + 0.3 * RNG.normal(size=N)
        with pytest.warns(DenoisingWarning, match=UNEVEN):
            denoised = denoise(noisy, time=SCATTERED)
        assert np.std(denoised - truth) < 0.08

    def test_ecgs_learn_their_rate_from_times(self):
        expected = denoise(PLACED, model="ecg", sampling_rate=250)[PLACES]
        denoised = denoise(X, model="ecg", time=PLACES / 250)
        np.testing.assert_allclose(denoised, expected, atol=1e-6)

    def test_recordings(self):
        smooth = FunctionTransformer(lambda x: np.cumsum(x, axis=1) / 9)
        table = np.stack([X, -X], axis=1)
        placed = np.stack([PLACED, -PLACED], axis=1)
        expected = denoise_recording(smooth, placed, window=80)[PLACES]
        out = np.empty_like(table)
        denoised = denoise_recording(smooth, table, window=80, time=PLACES, out=out)
        assert denoised is out
        np.testing.assert_array_equal(out, expected)
        even = denoise_recording(smooth, table, window=80, time=np.arange(N) / 7)
        np.testing.assert_array_equal(even, denoise_recording(smooth, table, window=80))


class TestPandas:
    @pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
    def test_the_index_tells_times(self, zone):
        index = pd.Timestamp("2026-03-01", tz=zone) + pd.to_timedelta(4 * PLACES, unit="ms")
        series = pd.Series(X, index=index)
        expected = denoise(X, time=PLACES)
        denoised = denoise(series)
        np.testing.assert_array_equal(denoised, expected)
        assert denoised.index.equals(index)
        table = denoise(pd.DataFrame({"a": X, "b": -X}, index=index))
        np.testing.assert_allclose(table["a"], expected, atol=1e-9)
        recording = denoise_recording(NOTHING, series, window=50)
        np.testing.assert_allclose(recording, X, atol=1e-9)
        assert recording.index.equals(index)

    def test_an_index_that_falls_is_refused(self):
        index = pd.to_datetime("2026-03-01") - pd.to_timedelta(np.arange(N), unit="s")
        with pytest.raises(ValueError, match="time must rise from sample to sample"):
            denoise(pd.Series(X, index=index))


class TestXarray:
    def array(self, time):
        return xr.DataArray(np.stack([X, -X]), dims=("lead", "time"), coords={"time": time})

    def test_a_coordinate_tells_times(self):
        array = self.array(np.datetime64("2026-03-01", "ns") + PLACES * np.timedelta64(4, "ms"))
        denoised = denoise(array)
        np.testing.assert_allclose(denoised[0], denoise(X, time=PLACES), atol=1e-9)
        assert denoised.time.equals(array.time)
        smooth = FunctionTransformer(lambda x: np.cumsum(x, axis=1) / 9)
        expected = denoise_recording(smooth, X, window=80, time=PLACES)
        for time in (PLACES / 250, -PLACES / 250):
            recording = denoise_recording(smooth, self.array(time), window=80, channelwise=True)
            np.testing.assert_allclose(recording[0], expected, atol=1e-9)

    def test_chunks_stay_where_they_are_with_a_warning(self):
        with pytest.warns(DenoisingWarning, match="coordinate 'time' has holes"):
            denoise_recording(
                NOTHING, self.array(PLACES).chunk(time=500), window=50, channelwise=True
            )


@pytest.mark.usefixtures("in_a_folder")
class TestFiles:
    def written(self, time, name="a.csv"):
        with open(name, "w") as file:
            file.writelines(
                ["time,ecg\n", *(f"{t},{x:.9g}\n" for t, x in zip(time, X, strict=True))]
            )
        return name

    def test_a_column_of_times(self):
        recording = read_recording(self.written(PLACES / 250), "ecg")
        assert recording.sampling_rate == 250
        np.testing.assert_allclose(recording.time, PLACES / 250)
        assert read_recording(self.written(np.arange(N) / 250), "ecg").time is None
        counts = read_recording(self.written(2 * PLACES), "ecg")
        assert counts.sampling_rate is None
        assert counts.time[-1] == 2 * PLACES[-1]

    def test_a_parquet_file(self):
        pytest.importorskip("pyarrow")
        index = pd.Timestamp("2026-03-01") + pd.to_timedelta(4 * PLACES, unit="ms")
        pd.DataFrame({"ecg": X}, index=index).to_parquet("a.parquet")
        recording = read_recording("a.parquet")
        assert recording.sampling_rate == 250
        np.testing.assert_allclose(recording.time, PLACES / 250)

    @pytest.mark.parametrize("fall", [2.0, 0.0])
    def test_times_that_tell_nothing(self, fall):
        time = np.arange(N) / 250
        if fall:
            time[700:] -= fall
            with pytest.warns(DenoisingWarning, match="times do not rise"):
                recording = read_recording(self.written(time), "ecg")
        else:
            recording = read_recording(self.written(np.floor(time)), "ecg")
        assert (recording.sampling_rate, recording.time) == (None, None)

    def test_the_command(self):
        self.written(PLACES / 250)
        options = ["--column", "ecg", "--quiet", "--output"]
        assert main(["denoise", "a.csv", *options, "b.csv", "--plot", "b.png"]) == 0
        denoised = np.loadtxt("b.csv", delimiter=",", skiprows=1)[:, 1]
        np.testing.assert_allclose(denoised, denoise(X, time=PLACES), atol=1e-6)
        assert main(["denoise", "a.csv", *options, "c.csv", "--start", "2", "--end", "4"]) == 0
        part = np.loadtxt("c.csv", delimiter=",", skiprows=1)[:, 1]
        changed = PLACES[np.abs(part - X) > 1e-7] / 250
        assert (changed.min() >= 2) & (changed.max() < 4)

    def test_the_command_with_a_unit_that_only_the_rate_tells(self):
        self.written(4 * PLACES)
        options = ["--column", "ecg", "--sampling-rate", "250", "--start", "2", "--quiet"]
        assert main(["denoise", "a.csv", *options, "--output", "b.csv"]) == 0
        part = np.loadtxt("b.csv", delimiter=",", skiprows=1)[:, 1]
        assert (PLACES[np.abs(part - X) > 1e-7] / 250).min() >= 2

    def test_holes_that_are_too_long(self, capsys):
        time = PLACES / 250
        self.written(np.where(np.arange(N) < 700, time, time + 1e5))
        assert main(["denoise", "a.csv", "--column", "ecg", "--output", "b.csv"]) == 2
        assert "time has holes" in capsys.readouterr().err
        part = ["denoise", "a.csv", "--column", "ecg", "--output", "b.csv", "--end", "50"]
        assert main(part) == 0


def test_nanoseconds_since_1970_keep_their_digits():
    time = 1_700_000_000_000_000_000 + 100 * np.arange(64)
    for dtype in (np.int64, np.uint64):
        passed = seconds_since_first(time.astype(dtype))
        np.testing.assert_array_equal(passed, 100.0 * np.arange(64))


def test_masked_times_are_refused():
    time = np.ma.masked_equal(np.arange(64), 7)
    with pytest.raises(ValueError, match="time is masked in places"):
        denoise(np.random.default_rng(0).normal(size=64), time=time)
