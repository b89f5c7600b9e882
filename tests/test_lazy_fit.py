"""Fits to Dask arrays: some chunks at a time, as long and as well as in memory."""

import re

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
from conftest import small_denoiser
from keras.callbacks import EarlyStopping

from conv_denoiser import (
    ConvDenoiser,
    DenoisingWarning,
)

pytestmark = pytest.mark.usefixtures("in_this_thread")


@pytest.mark.slow
class TestTraining:
    @pytest.fixture
    def lazy(self, parabolas):
        return [da.from_array(array, chunks=(13, 100)) for array in parabolas]

    def test_learns_from_all_signals_once_an_epoch(self, lazy, monkeypatch):
        monkeypatch.setattr("conv_denoiser.distributed.training.AT_ONCE", 30 * 150)
        seen = []
        noisy = lazy[0].map_blocks(
            lambda block: seen.append(len(block)) or block, meta=np.empty((0, 0))
        )
        denoiser = small_denoiser(epochs=2).fit(noisy.rechunk((13, 150)), lazy[1])
        assert denoiser.n_epochs_ == len(denoiser.history_["loss"]) == 2
        assert denoiser.supervision_ == "paired"
        assert sum(seen) == 2 * 2 * 60  # of two columns of chunks
        assert denoiser.get_params()["batch_size"] == 16
        again = small_denoiser(epochs=2).fit(*lazy)
        noisy, _ = dask.compute(*lazy)
        np.testing.assert_array_equal(denoiser.transform(noisy), again.transform(noisy))
        again.set_params(random_state=1).fit(*lazy)  # forgets what it learned before
        assert (again.transform(noisy) != denoiser.transform(noisy)).any()

    def test_passes_over_chunks_of_no_signals(self, parabolas, monkeypatch):
        monkeypatch.setattr("conv_denoiser.distributed.training.AT_ONCE", 1)
        lazy = (da.from_array(array, chunks=((0, 30, 0, 30), 150)) for array in parabolas)
        assert small_denoiser().fit(*lazy).n_epochs_ == 1

    def test_forgets_names_of_timesteps(self, parabolas):
        table = pd.DataFrame(parabolas[0]).rename(columns=str)
        denoiser = small_denoiser().fit(table, parabolas[1])
        assert not hasattr(denoiser.fit(*map(da.from_array, parabolas)), "feature_names_in_")

    @pytest.mark.parametrize("value", [np.nan, 1])
    def test_passes_over_chunks_with_nothing_to_learn(self, parabolas, monkeypatch, value):
        monkeypatch.setattr("conv_denoiser.distributed.training.AT_ONCE", 1)
        noisy = parabolas[0].copy()
        noisy[:30] = value
        with pytest.warns(UserWarning, match="30 of 60 signals were left out"):
            denoiser = small_denoiser().fit(da.from_array(noisy, chunks=(30, 150)))
        assert len(denoiser.history_["loss"]) == 1
        noisy[:] = value
        with pytest.raises(ValueError, match=r"No signal has|every signal is flat"):
            denoiser.fit(da.from_array(noisy, chunks=(30, 150)))

    def test_tells_what_came_of_it(self, parabolas, monkeypatch, capfd):
        monkeypatch.setattr("conv_denoiser.distributed.training.AT_ONCE", 30 * 150)
        noisy, clean = (da.from_array(array, chunks=(30, 150)) for array in parabolas)
        denoiser = small_denoiser(epochs=2, verbose=1, validation_split=0.2)
        with pytest.warns(DenoisingWarning, match="made 8 training steps"):
            denoiser.fit(noisy, clean)
        assert denoiser.diagnostics_["snr_improvement_db"] is not None
        said = capfd.readouterr().err
        assert "120/120" in said
        assert "loss=" in said
        stops_early = [EarlyStopping(monitor="loss")]
        denoiser.set_params(epochs=1, verbose=2, validation_split=0.3, callbacks=stops_early)
        with (
            pytest.warns(UserWarning, match=r"validation_split=0\.3 is for arrays in memory"),
            pytest.warns(UserWarning, match="compare epochs, as EarlyStopping does"),
        ):
            denoiser.fit(noisy, clean)
        assert "Epoch 1/1 - loss: " in capfd.readouterr().out

    def test_warns_once(self, lazy, parabolas, monkeypatch):
        monkeypatch.setattr("conv_denoiser.distributed.training.AT_ONCE", 1)
        noisy = parabolas[0].copy()
        noisy[::6] = np.nan
        with pytest.warns(UserWarning, match="left out") as said:
            small_denoiser(epochs=2).fit(da.from_array(noisy, chunks=(13, 150)), lazy[1])
        texts = [str(warning.message) for warning in said if "left out" in str(warning.message)]
        assert len(texts) == 1
        assert re.match(r"Of \d+ signals read together: \d of \d+ signals are left out", texts[0])

    def test_tells_rows(self, parabolas, monkeypatch):
        monkeypatch.setattr("conv_denoiser.distributed.training.AT_ONCE", 1)
        noisy = np.concatenate([np.full((30, 150), np.nan), parabolas[0]])
        noisy[37, 70] += 30
        lazy = da.from_array(noisy, chunks=(30, 150))[:60]
        denoiser = small_denoiser(loss="mean_squared_error")
        with pytest.warns(UserWarning, match="30 of 60 signals were left out"):
            denoiser.fit(lazy)
        assert denoiser.diagnostics_["largest_outlier_signal"] == 37
        for name in "Xy":
            arrays = {"X": parabolas[0].copy(), "y": parabolas[1].copy()}
            arrays[name][47, 3] = np.inf
            lazies = (da.from_array(array, chunks=(30, 150)) for array in arrays.values())
            with pytest.raises(ValueError, match=f"{name} contains infinity.*in row 47"):
                small_denoiser().fit(*lazies)

    @pytest.mark.skipif(
        not hasattr(ConvDenoiser, "set_callbacks"), reason="scikit-learn 1.9 brings callbacks"
    )
    def test_tells_callbacks_of_epochs(self, lazy):
        from sklearn.callback import ScoringMonitor

        name = "neg_mean_squared_error"
        monitor = ScoringMonitor(scoring=name)
        denoiser = small_denoiser(epochs=2).set_callbacks(monitor).fit(*lazy)
        rows = monitor.get_logs().data
        scores = [row[name] for row in rows if row["task_name"] == "epoch"]
        noisy, clean = dask.compute(*lazy)
        assert scores[1] == pytest.approx(
            -np.mean((denoiser.predict(noisy) - clean) ** 2), rel=1e-4
        )
        assert scores[0] != scores[1]

    def test_learns_as_in_memory(self, lazy, parabolas):
        options = {"epochs": 10, "learning_rate": 0.01, "filters": (8,)}
        scores = [
            small_denoiser(**options).fit(*data).score(*parabolas) for data in (lazy, parabolas)
        ]
        assert abs(scores[0] - scores[1]) < 1  # dB, after few epochs

    def test_pace_is_that_of_memory(self, parabolas):
        one_chunk = [da.from_array(array, chunks=-1) for array in parabolas]
        fits = [
            ConvDenoiser("unet-small", batch_size=4, validation_split=0, random_state=0).fit(*data)
            for data in (one_chunk, parabolas)
        ]
        lazy, in_memory = (fit.transform(parabolas[0]) for fit in fits)
        np.testing.assert_array_equal(lazy, in_memory)

    def test_errors(self, lazy):
        with pytest.raises(ValueError, match="early_stopping=True is for arrays in memory"):
            small_denoiser(early_stopping=True).fit(*lazy)
        with pytest.raises(ValueError, match=r"y has shape \(60, 9\)"):
            small_denoiser().fit(lazy[0], lazy[1][:, :9])
        with pytest.raises(ValueError, match="60 signals, but y has 9 labels"):
            small_denoiser().fit(lazy[0], np.arange(9))
        with pytest.raises(ValueError, match=r"0 signal\(s\)"):
            small_denoiser().fit(lazy[0][:0])

    def test_what_reads_all_at_once_says_so(self, parabolas):
        with pytest.warns(UserWarning, match=r"a Dask array of shape \(60, 150\), is loaded as a"):
            small_denoiser().partial_fit(da.from_array(parabolas[0]), parabolas[1])

    def test_interrupted(self, parabolas):
        blocks_left = iter(range(3))

        def read(block):
            if next(blocks_left, None) is None:
                raise KeyboardInterrupt
            return block

        noisy, clean = (da.from_array(array, chunks=(30, 150)) for array in parabolas)
        denoiser = small_denoiser(epochs=9)
        with (
            pytest.warns(UserWarning, match="interrupted after 1 of 9 epochs"),
            pytest.raises(KeyboardInterrupt),
        ):
            denoiser.fit(noisy.map_blocks(read, dtype=noisy.dtype, meta=noisy._meta), clean)
        assert len(denoiser.history_["loss"]) == denoiser.n_epochs_ == 1
        assert denoiser.transform(parabolas[0]).shape == (60, 150)
