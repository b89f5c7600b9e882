"""Fits go on where a killed process left them, and end as if nothing had happened."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import keras
import numpy as np
import pytest
from conftest import small_denoiser

from conv_denoiser import ConvDenoiser, SignalGenerator, load
from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser.model_files.container import read_model_file
from conv_denoiser.training.checkpoint import Checkpoint, Saved

OPTIONS = {"epochs": 4, "validation_split": 0.25, "optimizer": "adam"}


class StopBetween(keras.callbacks.Callback):
    """Raise within an epoch, after so many whole ones."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == self.after and batch == 1:
            raise OSError("no more power")


class CountEpochs(keras.callbacks.Callback):
    """Remember which epochs were begun."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_begin(self, epoch, logs=None):
        self.seen.append(epoch)


def assert_same(first, second, X):
    assert first.history_ == second.history_
    assert (first.n_epochs_, first.best_epoch_) == (second.n_epochs_, second.best_epoch_)
    np.testing.assert_array_equal(first.transform(X), second.transform(X))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "after"),
    [
        ({}, 0),
        ({}, 2),
        ({"random_state": None}, 2),
        ({"early_stopping": True, "patience": 2}, 2),
        ({"supervision": "blind_spot", "loss": "mean_squared_error"}, 2),
        ({"optimizer": "sgd"}, 2),
    ],
    ids=str,
)
def test_goes_on_after_an_error(parabolas, tmp_path, more, after):
    X, y = parabolas
    path = tmp_path / "fit.safetensors"
    options = {**OPTIONS, **more, "checkpoint": path}
    broken = small_denoiser(**options, callbacks=[StopBetween(after)])
    with pytest.raises(OSError, match="no more power"):
        broken.fit(X, y)
    assert path.exists() == (after > 0)
    epochs = CountEpochs()
    resumed = small_denoiser(**options, callbacks=[lambda: epochs]).fit(X, y)
    assert not path.exists()
    assert epochs.seen[0] == after
    assert len(resumed.history_["loss"]) == resumed.n_epochs_ <= 4
    if more.get("random_state", 0) is not None:
        whole = small_denoiser(**{**options, "checkpoint": None}).fit(X, y)
        assert_same(resumed, whole, X)
    else:
        np.testing.assert_array_equal(
            resumed.history_["loss"][:after], broken.history_["loss"][:after]
        )


@pytest.mark.slow
def test_nothing_is_left_to_do(parabolas, tmp_path, monkeypatch):
    """The process died after the last epoch, but before the file was removed."""
    from conv_denoiser.training.checkpoint import Checkpoint

    X, y = parabolas
    path = tmp_path / "fit.safetensors"
    for more in ({}, {"early_stopping": True, "patience": 1, "learning_rate": 0.5}):
        options = {**OPTIONS, **more}
        with monkeypatch.context() as patch:
            patch.setattr(Checkpoint, "remove", lambda self: None)
            whole = small_denoiser(**options, checkpoint=path).fit(X, y)
        assert path.exists()
        epochs = CountEpochs()
        again = small_denoiser(**options, checkpoint=path, callbacks=[lambda e=epochs: e])
        assert_same(again.fit(X, y), whole, X)
        assert epochs.seen == []
        assert not path.exists()


@pytest.mark.slow
def test_another_fit_is_not_taken_up(parabolas, tmp_path):
    X, y = parabolas
    path = tmp_path / "fit.safetensors"
    with pytest.raises(OSError, match="no more power"):
        small_denoiser(**OPTIONS, checkpoint=path, callbacks=[StopBetween(1)]).fit(X, y)
    before = path.read_bytes()
    adam = keras.optimizers.Adam(0.1)
    for denoiser, signals in (
        (small_denoiser(**OPTIONS, checkpoint=path), X + 1),
        (small_denoiser(**{**OPTIONS, "epochs": 7}, checkpoint=path), X),
        (small_denoiser(**{**OPTIONS, "filters": (5,)}, checkpoint=path), X),
        (small_denoiser(**{**OPTIONS, "optimizer": adam}, checkpoint=path), X),
    ):
        with pytest.raises(ValueError, match=r"is the file of another fit, .*Delete it"):
            denoiser.fit(signals, y)
    assert path.read_bytes() == before
    # What changes nothing of what is learned may change.
    small_denoiser(**OPTIONS, checkpoint=path, verbose=2).fit(X, y)


@pytest.mark.slow
def test_warm_start(parabolas, tmp_path):
    X, y = parabolas
    path = tmp_path / "fit.safetensors"
    options = {**OPTIONS, "epochs": 2, "warm_start": True}
    whole = small_denoiser(**options).fit(X, y).fit(X, y)
    broken, other = (small_denoiser(**options, checkpoint=path).fit(X, y) for _ in range(2))
    broken.set_params(callbacks=[StopBetween(3)])
    with pytest.raises(OSError, match="no more power"):
        broken.fit(X, y)
    epochs = CountEpochs()
    other.set_params(callbacks=[lambda: epochs])
    assert_same(other.fit(X, y), whole, X)
    assert epochs.seen == [3]


def test_damaged_file(parabolas, tmp_path):
    (tmp_path / "fit").write_bytes(b"\x08\0\0\0\0\0\0\0nonsense")
    with pytest.raises(ModelFileError):
        small_denoiser(checkpoint=tmp_path / "fit").fit(*parabolas)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        small_denoiser(checkpoint=tmp_path / "no" / "fit").fit(*parabolas)
    with pytest.raises(ValueError, match="'checkpoint' parameter"):
        small_denoiser(checkpoint=3).fit(*parabolas)


KILLED = {"filters": (4,), "epochs": 15, "batch_size": 16, "random_state": 0}
KILLED["validation_split"] = 0
PROGRAM = f"""
import sys, time, keras
KILLED = {KILLED}
from conv_denoiser import ConvDenoiser, SignalGenerator, save
X, y = SignalGenerator(random_state=0).sample(160, return_X_y=True)
class Show(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        print(epoch, flush=True)
        time.sleep(0.05)  # so that no machine ends before it is killed
denoiser = ConvDenoiser(**KILLED, callbacks=[Show], checkpoint=sys.argv[1]).fit(X, y)
save(denoiser.set_params(callbacks=None), sys.argv[2])
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
def test_killed_process(tmp_path):
    checkpoint, result = tmp_path / "fit.safetensors", tmp_path / "model.safetensors"
    command = [sys.executable, "-c", PROGRAM, str(checkpoint), str(result)]
    rng = np.random.default_rng()
    begun = []
    for n_epochs in (3, None):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        with subprocess.Popen(command, **options) as process:
            lines = [process.stdout.readline() for _ in range(n_epochs or 0)]
            if n_epochs:
                time.sleep(rng.uniform(0, 0.15))
                os.kill(process.pid, signal.SIGKILL)
            begun.append([int(line) for line in (*lines, *process.stdout)])
        if n_epochs:
            assert 0 < len(read_model_file(checkpoint)[1]["epochs_0000"]) < 15
    # Each went on where the one before was killed: within the epoch that it had begun last, or
    # just after it.
    for before, after in pairwise(begun):
        assert after[0] in (before[-1], before[-1] + 1)
    assert begun[-1][-1] == 14
    assert list(tmp_path.glob(".*")) == []
    killed = load(result)
    assert killed.n_epochs_ == len(killed.history_["loss"]) == 15
    assert not checkpoint.exists()
    X, y = SignalGenerator(random_state=0).sample(160, return_X_y=True)
    assert_same(killed, ConvDenoiser(**KILLED).fit(X, y), X)


def test_long_fits(tmp_path):
    epochs = [{"loss": 1 / (1 + n), "val_loss": np.nan} for n in range(50_000)]
    epochs[-1]["learning_rate"] = 0.1
    nothing = {"weights": [], "optimizer": [], "best": []}
    checkpoint = Checkpoint(tmp_path / "fit", "")
    checkpoint.write(Saved(seed=0, epochs=epochs, stopped=False, stopper=None, **nothing))
    restored = checkpoint.read().epochs
    assert [logs["loss"] for logs in restored] == [logs["loss"] for logs in epochs]
    assert restored[-1]["learning_rate"] == 0.1
    assert np.isnan(restored[0]["val_loss"])
