"""Recordings of any length: covered, without seams, and refused where they make no sense."""

import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import (
    MinMaxPerSample,
    SignalGenerator,
    StandardizePerSample,
    denoise_recording,
    windows,
)
from conv_denoiser.recording.windows import Layout, OverlapAdd

NOTHING = FunctionTransformer()
CENTRE = FunctionTransformer(lambda X: X - X.mean(axis=1, keepdims=True))


@pytest.fixture
def denoiser(learned):
    return learned


class TestCover:
    @pytest.mark.parametrize("overlap", [0, 0.1, 0.3, 0.5, 0.6, 0.75, 0.9, 0.99])
    @pytest.mark.parametrize("window", [1, 2, 3, 10, 16])
    def test_every_sample_is_covered_once(self, window, overlap):
        for n_samples in (16, 17, 31, 32, 33, 50, 99, 100):
            noisy = np.random.default_rng(0).normal(size=n_samples)
            result = denoise_recording(NOTHING, noisy, window=window, overlap=overlap, batch_size=4)
            np.testing.assert_allclose(result, noisy, rtol=0, atol=1e-12)

    @pytest.mark.parametrize("n_samples", [1, 2, 3, 149, 150, 151, 299])
    def test_any_length(self, denoiser, recording, n_samples):
        result = denoise_recording(denoiser, recording[:n_samples])
        assert result.shape == (n_samples,)
        assert np.isfinite(result).all()

    @pytest.mark.parametrize("overlap", [0, 0.2, 0.5, 0.8])
    @pytest.mark.parametrize("n_left", [0, 1, 5, 9])
    def test_weights_add_up_to_one(self, overlap, n_left):
        layout = Layout.from_overlap(10, overlap)
        n_left = min(n_left, layout.hop - 1)
        outputs = np.random.default_rng(0).normal(size=(8, 10, 1))
        n_samples = layout.hop * 6 + 10 + n_left
        rest = n_samples - 7 * layout.hop
        # The plain way: sum up all that covers a sample, and divide by the sum of the weights.
        taper = layout.weights().ravel()[:10, np.newaxis]
        total, weight = np.zeros((2, n_samples, 1))
        for number, output in enumerate(outputs if n_left else outputs[:7]):
            covered = slice(number * layout.hop, number * layout.hop + 10)
            length = len(total[covered])
            total[covered] += (taper * output)[:length]
            weight[covered] += taper[:length]
        fade = OverlapAdd(layout, 1, np.dtype(float))
        series = [fade.add(outputs[:4]), fade.add(outputs[4:7])]
        series.append(fade.finish(outputs[7, :rest] if n_left else None, rest))
        np.testing.assert_allclose(np.concatenate(series), total / weight, rtol=1e-12)
        inside = slice(10, 6 * layout.hop)
        if overlap <= 0.5:
            np.testing.assert_allclose(weight[inside], 1)

    def test_fades_are_smooth(self):
        weights = Layout(100, 50).weights().ravel()
        assert (weights > 0).all()
        assert np.abs(np.diff(weights)).max() < 0.05
        np.testing.assert_allclose(weights, weights[::-1])

    def test_window_of_the_end_ends_with_the_recording(self):
        seen = []
        spy = FunctionTransformer(lambda X: seen.append(X.copy()) or X)
        denoise_recording(spy, np.arange(25.0), window=10, batch_size=1)
        np.testing.assert_array_equal(
            np.concatenate(seen), [np.arange(begin, begin + 10) for begin in (0, 5, 10, 15)]
        )
        seen.clear()
        denoise_recording(spy, np.arange(23.0), window=10, batch_size=1)
        assert seen[-1][0, -1] == 22


class TestSeams:
    def test_no_larger_jumps_at_borders(self):
        """A denoiser that takes each window's mean away makes levels jump as much as can be."""
        noisy = np.random.default_rng(0).normal(size=50_000).cumsum() / 10
        window, hop = 100, 50
        result = denoise_recording(CENTRE, noisy, window=window)
        jumps = np.abs(np.diff(result))
        # Jumps into the first sample of a window, or out of the last one of another.
        at_border = np.arange(1, len(noisy)) % hop == 0
        for quantile in (0.5, 0.9, 0.99, 1):
            elsewhere = np.quantile(jumps[~at_border], quantile)
            assert np.quantile(jumps[at_border], quantile) <= 1.1 * elsewhere
        # The test can tell: without a cross-fade, there are seams.
        bare = np.abs(np.diff(denoise_recording(CENTRE, noisy, window=window, overlap=0)))
        at_border = np.arange(1, len(noisy)) % window == 0
        assert np.median(bare[at_border]) > 3 * np.median(bare[~at_border])

    def test_denoised_windows_have_no_seams(self, denoiser):
        noisy = SignalGenerator("sine", noise=0.2, n_timesteps=20_000, random_state=0).sample(1)
        level = np.repeat(np.random.default_rng(0).normal(size=100), 200)
        jumps = np.abs(np.diff(denoise_recording(denoiser, noisy.noisy[0] + level)))
        border = np.arange(1, 20_000) % 75 == 0
        step = np.arange(1, 20_000) % 200 == 0  # jumps of the recording itself
        for quantile in (0.5, 0.9, 0.99, 1):
            elsewhere = np.quantile(jumps[~border & ~step], quantile)
            assert np.quantile(jumps[border & ~step], quantile) <= elsewhere


class TestContainers:
    def test_units_and_type(self, denoiser, recording):
        result = denoise_recording(denoiser, recording)
        assert result.dtype == np.float64
        shifted = denoise_recording(denoiser, 1000 * recording + 5e4)
        np.testing.assert_allclose(shifted, 1000 * result + 5e4, rtol=1e-4)
        assert denoise_recording(denoiser, recording.astype("float32")).dtype == np.float32
        assert denoise_recording(denoiser, recording.astype(int)).dtype == np.float64
        assert denoise_recording(denoiser, recording.astype(int).tolist()).shape == (1003,)

    def test_input_stays_as_it_was(self, denoiser, recording):
        before = recording.copy()
        recording.flags.writeable = False
        denoise_recording(denoiser, recording)
        np.testing.assert_array_equal(recording, before)

    def test_memory_maps(self, denoiser, recording, tmp_path):
        np.save(tmp_path / "noisy.npy", recording.astype("float32"))
        noisy = np.load(tmp_path / "noisy.npy", mmap_mode="r")
        out = np.lib.format.open_memmap(tmp_path / "out.npy", "w+", np.float32, noisy.shape)
        assert denoise_recording(denoiser, noisy, out=out) is out
        out.flush()
        expected = denoise_recording(denoiser, recording.astype("float32"))
        np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)

    def test_hdf5(self, denoiser, recording, tmp_path):
        h5py = pytest.importorskip("h5py")
        with h5py.File(tmp_path / "noisy.h5", "w") as file:
            noisy = file.create_dataset("noisy", data=recording, chunks=(100,), compression="gzip")
            out = file.create_dataset("out", shape=noisy.shape, dtype="float64")
            denoise_recording(denoiser, noisy, out=out)
            np.testing.assert_array_equal(out[:], denoise_recording(denoiser, recording))

    @pytest.mark.parametrize("dtype", [">f4", ">f8"])
    def test_either_order_of_bytes(self, recording, dtype):
        smoother = FunctionTransformer(lambda X: (X + np.roll(X, 1, axis=1)) / 2)
        native = recording.astype(np.dtype(dtype).newbyteorder("="))
        expected = denoise_recording(smoother, native, window=50)
        out = np.empty(recording.shape, dtype)
        assert denoise_recording(smoother, native.astype(dtype), window=50, out=out) is out
        np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)
        made = denoise_recording(smoother, native.astype(dtype), window=50)
        assert made.dtype == expected.dtype

    def test_reads_in_pieces(self):
        """What is only sliced cannot be in memory as a whole."""

        class Sliced:
            shape, dtype, longest = (20_000,), np.dtype(float), 0

            def __getitem__(self, part):
                self.longest = max(self.longest, part.stop - part.start)
                return np.zeros(min(part.stop, 20_000) - part.start)

        source = Sliced()
        source.dtype = np.dtype(int)  # whole numbers need no look at each before
        denoise_recording(NOTHING, source, window=100, batch_size=8)
        assert source.longest <= 500

    def test_in_place(self, denoiser, recording):
        expected = denoise_recording(denoiser, recording, batch_size=2)
        assert denoise_recording(denoiser, recording, out=recording, batch_size=2) is recording
        np.testing.assert_array_equal(recording, expected)

    @pytest.mark.parametrize("library", ["pandas", "polars"])
    def test_series_and_frames(self, library, denoiser, recording):
        series = pytest.importorskip(library).Series(recording)
        expected = denoise_recording(denoiser, recording)
        np.testing.assert_array_equal(denoise_recording(denoiser, series), expected)
        frame = pytest.importorskip(library).DataFrame({"a": recording, "b": recording})
        result = denoise_recording(denoiser, frame, channelwise=True)
        np.testing.assert_array_equal(result, np.stack([expected, expected], axis=1))

    def test_progress(self, recording, capsys):
        denoise_recording(NOTHING, recording, window=10, progress=True)
        assert "100%" in capsys.readouterr().err

    def test_zarr(self, denoiser, recording):
        zarr = pytest.importorskip("zarr")
        noisy = zarr.array(recording, chunks=(100,))
        out = zarr.zeros(noisy.shape, dtype="float64", chunks=(64,))
        denoise_recording(denoiser, noisy, out=out)
        np.testing.assert_array_equal(out[:], denoise_recording(denoiser, recording))

    @pytest.mark.parametrize("mode", ["r", "c"])
    def test_pages_are_released(self, denoiser, recording, tmp_path, monkeypatch, mode):
        """Reading and writing drops pages of files, but never what is in memory alone."""
        monkeypatch.setattr("conv_denoiser.recording.offline.BLOCK", 100)
        monkeypatch.setattr("conv_denoiser.recording.checks.BLOCK", 100)
        np.save(tmp_path / "noisy.npy", recording)
        noisy = np.load(tmp_path / "noisy.npy", mmap_mode=mode)
        if mode == "c":
            noisy[:] = recording = recording[::-1].copy()
        out = np.lib.format.open_memmap(tmp_path / "out.npy", "w+", float, noisy.shape)
        denoise_recording(denoiser, noisy, out=out, batch_size=1)
        np.testing.assert_array_equal(noisy, recording)
        expected = denoise_recording(denoiser, recording.copy(), batch_size=1)
        np.testing.assert_array_equal(out, expected)
        np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)


class TestChannels:
    @pytest.mark.slow
    def test_of_the_denoiser(self, two_channels):
        X, y = two_channels
        denoiser = small_denoiser().fit(X, y)
        recording = X[:5].reshape(-1, 2)
        result = denoise_recording(denoiser, recording)
        assert result.shape == recording.shape
        np.testing.assert_allclose(result[:32], denoiser.transform(X[:1])[0, :32], atol=1e-6)
        with pytest.raises(ValueError, match="fitted on 2 channel.*recording has 3"):
            denoise_recording(denoiser, np.zeros((100, 3)))
        with pytest.raises(ValueError, match="channelwise=True is for denoisers of one channel"):
            denoise_recording(denoiser, recording, channelwise=True)

    def test_each_by_itself(self, denoiser, recording):
        both = np.stack([recording, recording[::-1]], axis=1)
        with pytest.raises(ValueError, match="fitted on 1 channel.*Pass channelwise=True"):
            denoise_recording(denoiser, both)
        result = denoise_recording(denoiser, both, channelwise=True, batch_size=1)
        for channel, expected in zip(result.T, both.T, strict=True):
            one = denoise_recording(denoiser, expected, batch_size=1)
            np.testing.assert_array_equal(channel, one)
        single = denoise_recording(denoiser, recording[:, np.newaxis])
        assert single.shape == (1003, 1)


class TestDenoisers:
    def test_pipeline(self, parabolas, recording):
        X, _ = parabolas
        pipeline = make_pipeline(MinMaxPerSample(), small_denoiser(scaler=None)).fit(
            X, MinMaxPerSample().fit_transform(X)
        )
        windows = np.stack([recording[75 * k : 75 * k + 150] for k in range(11)])
        np.testing.assert_allclose(
            denoise_recording(pipeline, recording)[:75],
            denoise_recording(FunctionTransformer(pipeline.transform), recording, window=150)[:75],
        )
        assert denoise_recording(pipeline, recording)[0] == pytest.approx(
            pipeline.transform(windows)[0, 0], abs=1e-6
        )

    def test_wavelets(self, recording):
        pywt = pytest.importorskip("pywt")
        from skimage.restoration import denoise_wavelet

        wavelet = FunctionTransformer(lambda X: np.stack([denoise_wavelet(x) for x in X]))
        noisy = np.tile(pywt.data.ecg().astype(float), 3)
        assert denoise_recording(wavelet, noisy, window=256).shape == noisy.shape

    @pytest.mark.slow
    def test_data_frames_as_output(self, denoiser, recording):
        pytest.importorskip("pandas")
        from sklearn.base import clone

        X = SignalGenerator(random_state=0).sample(20).noisy
        plain = clone(denoiser).fit(X, X)
        framed = clone(denoiser).fit(X, X).set_output(transform="pandas")
        result = denoise_recording(framed, recording)
        np.testing.assert_array_equal(result, denoise_recording(plain, recording))


class TestErrors:
    @pytest.mark.parametrize("overlap", [-0.1, 1, 1.5, np.nan, "half", None])
    def test_overlap(self, recording, overlap):
        with pytest.raises(ValueError, match=r"overlap, .* of at least 0 and below 1\. Got"):
            denoise_recording(NOTHING, recording, window=10, overlap=overlap)

    def test_window(self, denoiser, recording):
        with pytest.raises(ValueError, match=r"window=1004, but the recording has 1003"):
            denoise_recording(NOTHING, recording, window=1004)
        for window in (0, -3, 2.5, "10", True):
            with pytest.raises(ValueError, match=r"window, in samples, must be a positive integer"):
                denoise_recording(NOTHING, recording, window=window)
        with pytest.raises(ValueError, match=r"FunctionTransformer does not say .* window="):
            denoise_recording(NOTHING, recording)
        with pytest.raises(ValueError, match=r"200 features.* fitted on 150 .* Leave window out"):
            denoise_recording(denoiser, recording, window=200)
        with pytest.raises(ValueError, match=r"batch_size must be a positive integer"):
            denoise_recording(NOTHING, recording, window=10, batch_size=0)

    def test_out(self, recording):
        for out in (np.empty(1002), np.empty((1003, 1)), np.empty(1003, int), [0.0] * 1003):
            with pytest.raises(ValueError, match=r"out must be a float32 or float64 array"):
                denoise_recording(NOTHING, recording, window=10, out=out)
        buffer = np.empty(1500)
        for out in (buffer[10:1013], buffer[1002::-1]):
            with pytest.raises(ValueError, match="out shares some of its memory"):
                denoise_recording(NOTHING, buffer[:1003], window=10, out=out)
        out = np.empty(1003)
        out.flags.writeable = False
        with pytest.raises(ValueError, match="out is read-only"):
            denoise_recording(NOTHING, recording, window=10, out=out)

    def test_shape(self):
        with pytest.raises(ValueError, match=r"2000 channels of 2 .* transposed; pass recording.T"):
            denoise_recording(NOTHING, np.zeros((2, 2000)), window=2)
        for shape in ((), (0,), (0, 2), (3, 0), (9, 2, 2)):
            with pytest.raises(ValueError, match=r"must have shape \(n_timesteps,\)"):
                denoise_recording(NOTHING, np.zeros(shape), window=1)

    def test_not_finite(self, recording):
        recording[700] = np.inf
        out = np.zeros(1003)
        with pytest.raises(ValueError, match="recording holds inf at sample 700 "):
            denoise_recording(NOTHING, recording, window=10, out=out)
        assert not out.any()
        both = np.stack([np.zeros(1003), recording], axis=1)
        with pytest.raises(ValueError, match="at sample 700 of channel 1"):
            denoise_recording(NOTHING, both, window=10, channelwise=True)

    def test_type(self, recording):
        for wrong in (recording + 0j, recording.astype(str)):
            with pytest.raises(ValueError, match="recording must hold real numbers"):
                denoise_recording(NOTHING, wrong, window=10)
        with pytest.raises(TypeError, match="must have the method transform"):
            denoise_recording(lambda X: X, recording, window=10)

    def test_denoiser_that_changes_the_shape(self, recording):
        halved = FunctionTransformer(lambda X: X[:, ::2])
        with pytest.raises(ValueError, match=r"returned shape \(64, 5\) for .* \(64, 10\)"):
            denoise_recording(halved, recording, window=10)


class TestWindows:
    def test_all_whole_windows_are_cut(self):
        recording = np.arange(22.0).reshape(11, 2)
        np.testing.assert_array_equal(
            windows(recording, 4), [recording[begin : begin + 4] for begin in (0, 2, 4, 6)]
        )
        assert windows(recording[:, 0], 4, step=7).tolist() == [[0, 2, 4, 6], [14, 16, 18, 20]]
        assert windows(recording, 1).shape == (11, 1, 2)

    @pytest.mark.parametrize(
        ("shape", "options", "message"),
        [
            ((9,), {"length": 10}, "length=10, but the recording has 9"),
            ((9,), {"length": 3, "step": 0}, "step, in samples, must be a positive integer"),
            ((3, 9), {"length": 2}, r"pass recording\.T"),
        ],
    )
    def test_errors(self, shape, options, message):
        with pytest.raises(ValueError, match=message):
            windows(np.zeros(shape), **options)


class TestDoubts:
    @pytest.mark.parametrize(
        ("shape", "line"),
        [
            ((7040, 9), r"one recording of 9 channels, learn from windows\(X, 256\)"),
            ((6, 22, 64), r"pass X\.transpose\(0, 2, 1\)"),
        ],
    )
    def test_exchanged_axes_are_warned_of_before_anything_is_learned(self, shape, line):
        with pytest.warns(UserWarning, match=line):
            StandardizePerSample().fit(np.zeros(shape))

    def test_a_long_recording_is_told_how_to_be_cut(self):
        with pytest.raises(ValueError, match=r"conv_denoiser\.windows\(X, 256\)"):
            StandardizePerSample().fit(np.zeros(5000))
