"""Dask arrays: lazy, and the bits that NumPy gives, however they are cut."""

from multiprocessing.pool import ThreadPool

import dask.array as da
import numpy as np
import pytest
from conftest import assert_same_bits, small_denoiser
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import (
    denoise_recording,
    windows,
)
from conv_denoiser.distributed.models import Shipped
from conv_denoiser.export import OnnxDenoiser

SMOOTHER = FunctionTransformer(lambda X: (X + np.roll(X, 1, axis=1)) / 2)


class Uncertain:
    """Denoiser that says how uncertain it is."""

    def predict(self, X, return_std=False):
        return X - X.mean(axis=1, keepdims=True), np.abs(X)


pytestmark = pytest.mark.usefixtures("in_this_thread")


class TestBits:
    @pytest.mark.parametrize("overlap", [0, 0.3, 0.5, 0.9])
    @pytest.mark.parametrize("window", [1, 64, 303])
    @pytest.mark.parametrize("chunks", [303, 7, 100, (1, 2, 300), (200, 0, 103)])
    def test_of_any_chunks(self, recording, chunks, window, overlap):
        recording = recording[:303]
        options = {"window": window, "overlap": overlap, "batch_size": 4}
        lazy = da.from_array(recording, chunks=(chunks,))
        denoised = denoise_recording(SMOOTHER, lazy, **options)
        assert denoised.chunks == lazy.chunks
        assert_same_bits(denoised, denoise_recording(SMOOTHER, recording, **options))

    @pytest.mark.parametrize("n_samples", [1, 149, 150, 151, 380])
    def test_of_any_length(self, learned, recording, n_samples):
        short = recording[:n_samples].astype(np.float32)
        denoised = denoise_recording(learned, da.from_array(short, chunks=60), batch_size=3)
        assert_same_bits(denoised, denoise_recording(learned, short, batch_size=3))

    @pytest.mark.parametrize("channelwise", [False, True])
    def test_of_chunks_of_channels(self, two_channels, learned, onnx_file, recording, channelwise):
        channels = np.stack([recording, recording[::-1], recording**2], axis=1)
        lazy = da.from_array(channels, chunks=(200, (1, 2)))
        for denoiser in (learned, OnnxDenoiser(onnx_file)) if channelwise else (SMOOTHER,):
            options = {"window": 64 if denoiser is SMOOTHER else None, "channelwise": channelwise}
            denoised = denoise_recording(denoiser, lazy, batch_size=2, **options)
            assert denoised.chunks == lazy.chunks
            assert_same_bits(
                denoised, denoise_recording(denoiser, channels, batch_size=2, **options)
            )

    def test_of_standard_deviations(self, recording):
        channels = np.stack([recording, recording[::-1]], axis=1)
        options = {"window": 50, "return_std": True}
        lazy = denoise_recording(Uncertain(), da.from_array(channels, chunks=(90, 1)), **options)
        arrays = denoise_recording(Uncertain(), channels, **options)
        for one, other in zip(lazy, arrays, strict=True):
            assert_same_bits(one, other)
        assert_same_bits(lazy[1] + 1, arrays[1] + 1)

    def test_of_gaps_and_integers(self, learned, recording):
        gappy = np.where(np.arange(1003) % 70 < 9, np.nan, recording)
        whole = np.arange(1003) % 50
        for samples in (gappy, whole, gappy.astype(">f4")):
            lazy = da.from_array(samples, chunks=110)
            denoised = denoise_recording(learned, lazy, batch_size=2)
            assert_same_bits(denoised, denoise_recording(learned, samples, batch_size=2))

    def test_of_masked_samples(self, recording):
        masked = np.ma.masked_greater(recording, recording.max() - 1)
        lazy = da.from_array(masked, chunks=200)
        assert_same_bits(
            denoise_recording(SMOOTHER, lazy, window=50),
            denoise_recording(SMOOTHER, masked, window=50),
        )


class TestGraph:
    def test_computes_nothing(self):
        def fail(block):
            raise AssertionError("was computed")

        lazy = da.zeros(1000, chunks=100).map_blocks(fail, meta=np.zeros(0))
        denoised = denoise_recording(SMOOTHER, lazy, window=50)
        with pytest.raises(AssertionError, match="was computed"):
            denoised.compute()

    @pytest.mark.parametrize("window", [3, 50, 5000])
    @pytest.mark.parametrize("n_columns", [1, 4])
    def test_has_few_tasks(self, window, n_columns):
        lazy = da.zeros((10_000, 4), chunks=(100, 4 // n_columns))
        graph = denoise_recording(SMOOTHER, lazy, window=window).__dask_graph__()
        # The denoiser itself is one more.
        assert len(graph) <= 5 * lazy.npartitions + 1

    def test_reads_what_a_part_needs(self, recording):
        read = []

        def note(block, block_info=None):
            read.append(block_info[0]["chunk-location"][0])
            return block

        lazy = da.from_array(recording, chunks=100).map_blocks(note, meta=np.zeros(0))
        denoise_recording(SMOOTHER, lazy, window=50)[520:530].compute()
        assert sorted(read) == [4, 5, 6]

    def test_has_one_name_for_one_thing(self, learned, recording):
        lazy = da.from_array(recording, chunks=100)
        once, again = (denoise_recording(learned, lazy) for _ in range(2))
        other = denoise_recording(learned, lazy, overlap=0)
        assert once.name == again.name != other.name


class TestErrors:
    def test_infinity(self, recording):
        recording[700] = np.inf
        lazy = denoise_recording(SMOOTHER, da.from_array(recording, chunks=100), window=50)
        with pytest.raises(ValueError, match="recording holds inf at sample 700 "):
            lazy.compute()
        channels = da.from_array(np.stack([np.zeros(1003)] * 2 + [recording], 1), chunks=(100, 1))
        lazy = denoise_recording(SMOOTHER, channels, window=50, channelwise=True)
        with pytest.raises(ValueError, match="inf at sample 700 of channel 2 "):
            lazy.compute()

    def test_of_arguments_come_at_once(self, learned, recording):
        lazy = da.from_array(recording, chunks=100)
        for options, message in (
            ({"out": recording}, r"out is for NumPy arrays.*to_zarr"),
            ({"progress": True}, "progress=True is for NumPy arrays"),
            ({"window": 2000}, "window=2000, but the recording has 1003"),
            ({"overlap": 1}, "overlap"),
        ):
            with pytest.raises(ValueError, match=message):
                denoise_recording(learned, lazy, **options)
        with pytest.raises(ValueError, match="fitted on 1 channel"):
            denoise_recording(learned, lazy[:, np.newaxis].repeat(2, axis=1))
        with pytest.raises(ValueError, match="transposed"):
            denoise_recording(learned, lazy[np.newaxis])
        with pytest.raises(ValueError, match="compute_chunk_sizes"):
            denoise_recording(learned, lazy[lazy > 0])


class TestWindows:
    @pytest.mark.parametrize("chunks", [40, 303, 2000])
    @pytest.mark.parametrize("step", [None, 7, 100])
    def test_are_those_of_arrays(self, recording, chunks, step):
        channels = np.stack([recording, recording**2], axis=1)
        for samples in (recording, channels):
            lazy = windows(da.from_array(samples, chunks=(chunks, -1)[: samples.ndim]), 64, step)
            assert_same_bits(lazy, windows(samples, 64, step))

    def test_errors(self, recording):
        with pytest.raises(ValueError, match=r"length=2000, but the recording has 1003"):
            windows(da.from_array(recording), 2000)

    def test_are_in_chunks_of_one_size(self, recording):
        lazy = da.from_array(recording[:303], chunks=((0, 3, 200, 100),))
        assert windows(lazy, 50).chunks[0] == (8, 3)

    def test_have_few_tasks(self):
        lazy = da.zeros(100_000, chunks=100)
        graph = windows(lazy, 40).__dask_graph__()
        assert len(graph.layers) == 2
        assert len(graph) <= 5 * lazy.npartitions

    def test_of_few_samples_of_many_channels(self, recording):
        channels = recording[:300].reshape(50, 6)
        assert_same_bits(windows(da.from_array(channels, chunks=4), 5), windows(channels, 5))

    def test_of_masked_samples(self, recording):
        masked = np.ma.masked_greater(recording[:303], 1)
        cut = windows(masked, 50)
        assert np.isnan(cut).any()
        assert_same_bits(windows(da.from_array(masked, chunks=100, asarray=False), 50), cut)


class TestModels:
    def test_are_opened_once(self, learned):
        shipped = Shipped.of(learned)
        assert shipped.open() is Shipped.of(learned).open()
        assert shipped.open() is not learned
        with ThreadPool(4) as pool:
            opened = pool.map(Shipped.open, [Shipped.of([4])] * 4)
        assert all(model is opened[0] for model in opened)

    def test_stay_as_they_were(self, parabolas, recording):
        denoiser = small_denoiser().fit(*parabolas)
        before = denoise_recording(denoiser, recording)
        lazy = denoise_recording(denoiser, da.from_array(recording, chunks=300))
        denoiser.partial_fit(*parabolas)
        assert_same_bits(lazy, before)
