"""The universal model on Dask arrays: lazy, in blocks at fixed places."""

import dask.array as da
import numpy as np
import pytest
from conftest import assert_same_bits

from conv_denoiser import (
    denoise,
)

pytestmark = pytest.mark.usefixtures("in_this_thread")


@pytest.fixture(scope="module")
def signal():
    """Signal of three blocks of the universal model."""
    t = np.arange(40_000)
    return np.sin(t / 40) + 0.3 * np.random.default_rng(0).normal(size=t.size)


class TestDenoise:
    """The universal model, in blocks at fixed places."""

    def test_any_chunks(self, signal):
        denoised = denoise(signal, return_std=True)
        for chunks in (9000, (1, 30_000, 9999)):
            lazy = denoise(da.from_array(signal, chunks=(chunks,)), return_std=True)
            for one, other in zip(lazy, denoised, strict=True):
                assert_same_bits(one, other)

    def test_warns_of_shapes(self, signal):
        for array, message in (
            (signal[:20], "too short to show"),
            (signal[:400].reshape(80, 5), "pass x.T"),
        ):
            for either in (array, da.from_array(array)):
                with pytest.warns(UserWarning, match=message):
                    denoise(either)

    def test_chunks_of_no_samples(self, signal):
        lazy = da.from_array(signal[:99], chunks=((0, 40, 0, 59),))
        assert_same_bits(denoise(lazy), denoise(signal[:99]))

    def test_gaps(self, signal):
        gappy = signal.copy()
        gappy[np.random.default_rng(1).random(signal.size) < 0.1] = np.nan
        for begin, end in ((0, 300), (8990, 9020), (14_000, 17_000), (39_500, 40_000)):
            gappy[begin:end] = np.nan
        for options in ({}, {"max_gap": 100}):
            denoised = denoise(da.from_array(gappy, chunks=9000), **options)
            assert_same_bits(denoised, denoise(gappy, **options))

    def test_a_gap_that_is_too_long(self):
        gappy = np.ones((3, 100_000, 2))
        gappy[2, 30_000:90_000, 1] = np.nan
        lazy = denoise(da.from_array(gappy, chunks=(2, 29_500, 1)))
        assert np.isfinite(lazy[:2].compute()).all()
        with pytest.raises(
            ValueError, match=r"x\[2, :, 1\] misses all samples from 30000 to 61439.*denoise_store"
        ):
            lazy[2, :29_500].compute()

    def test_signals_without_any_sample(self, signal):
        gappy = np.stack([signal[:40], np.full(40, np.nan)])
        with pytest.warns(UserWarning, match="1 of 2 signals have no sample at all"):
            expected = denoise(gappy)
        with pytest.warns(UserWarning, match="1 of 2 signals have no sample at all"):
            assert_same_bits(denoise(da.from_array(gappy, chunks=20)), expected)
        nothing = da.full(100_000, np.nan, chunks=20_000)
        assert np.isnan(denoise(nothing, gaps="keep").compute()).all()
        assert np.isnan(denoise(nothing, max_gap=10_000).compute()).all()

    def test_many_signals(self, signal):
        rows = signal[:2000].reshape(4, 500).astype(np.float32)
        assert_same_bits(denoise(da.from_array(rows, chunks=(3, 200))), denoise(rows))
        channels = rows.reshape(2, 500, 2)
        assert_same_bits(denoise(da.from_array(channels, chunks=(1, 200, 1))), denoise(channels))

    def test_has_few_tasks(self):
        lazy = da.zeros((2, 50_000, 12), chunks=(1, 10_000, 6))
        # Each chunk is made, and its axes are exchanged and changed back.
        assert len(denoise(lazy).__dask_graph__()) <= (5 + 2) * lazy.npartitions

    def test_infinity(self):
        for shape, chunks, place, name in (
            ((99,), 40, (70,), "x"),
            ((5, 99), (2, 40), (4, 70), r"x\[4\]"),
            ((3, 99, 4), (2, 40, 1), (2, 70, 3), r"x\[2, :, 3\]"),
        ):
            array = np.zeros(shape)
            array[place] = np.inf
            lazy = denoise(da.from_array(array, chunks=chunks))
            with pytest.raises(ValueError, match=f"{name} holds infinity at timestep 70 "):
                lazy.compute()

    def test_errors(self):
        for shape in ((), (0, 9), (9, 1), (2, 2, 2, 2)):
            with pytest.raises(ValueError, match="Got "):
                denoise(da.zeros(shape))
        for dtype, kind in ((complex, "Complex"), ("U3", "text"), ("M8[s]", "dates")):
            with pytest.raises(ValueError, match=kind):
                denoise(da.zeros(99).astype(dtype))
        with pytest.raises(ValueError, match="looks at whole signals"):
            denoise(da.zeros(99), bad="auto")
        with pytest.raises(ValueError, match="noise_std"):
            denoise(da.zeros(99), noise_std=-1)
