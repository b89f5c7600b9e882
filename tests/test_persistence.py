"""Files give back the denoiser to the bit, and nothing else than a denoiser."""

import copy
import os
import pickle
import struct
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import forge, own_network, quick_one_first, small_denoiser, small_unet
from safetensors.numpy import load_file
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline

from conv_denoiser import (
    BlindSpot,
    MinMaxPerSample,
    StandardizePerSample,
    __version__,
    load,
    save,
)
from conv_denoiser._checks.errors import ModelFileError
from conv_denoiser.model_files.card import read_card
from conv_denoiser.networks.spec import NetworkSpec
from conv_denoiser.noise import BaselineWander, GaussianNoise, RecordedNoise
from conv_denoiser.preprocessing import PerSampleScaler

DATA = Path(__file__).parent / "data"
LINEAR = {"loss": "mean_squared_error"}
BANK = np.random.default_rng(0).normal(size=(3, 70))


class OwnScaler(PerSampleScaler):
    origin = 0.0

    def offset_and_scale(self, X):
        return X[:, :1], np.abs(X).max(axis=1, keepdims=True)


DENOISERS = {
    "small": small_denoiser,
    "unet": small_unet,
    "three levels": lambda: small_unet(filters=(4, 8, 8), kernel_size=3),
    "linear": lambda: small_denoiser(**LINEAR, scaler=StandardizePerSample(), epochs=2),
    "other range": lambda: small_denoiser(**LINEAR, scaler=MinMaxPerSample((-1, 3))),
    "unscaled": lambda: small_denoiser(**LINEAR, scaler=None, max_norm=None, filters=[4, 2]),
    "blind spot": lambda: small_unet(supervision=BlindSpot(0.2, 3), early_stopping=True),
    "synthetic": lambda: small_denoiser(
        **LINEAR,
        scaler=StandardizePerSample(),
        supervision="synthetic",
        noise=GaussianNoise(0.1)
        + BaselineWander(100, snr_db=(0, 6))
        + RecordedNoise(BANK, snr_db=3)
        + RecordedNoise(BANK[:1].astype("float32")),
    ),
}


@pytest.fixture(scope="module")
def signals(wandering):
    return wandering


@pytest.fixture(scope="module")
def path(model_file):
    return model_file


@pytest.fixture(scope="module", params=quick_one_first(DENOISERS))
def denoiser(request, signals):
    return DENOISERS[request.param]().fit(signals, 0.9 * signals)


def public_state(denoiser):
    hidden = ("model_", "scaler_", "scaler")
    return {
        name: value
        for name, value in vars(denoiser).items()
        if not name.startswith("_") and name not in hidden
    }


def assert_same(first, second, X):
    np.testing.assert_array_equal(first.transform(X), second.transform(X))
    assert repr(first) == repr(second)
    assert repr(first.scaler_) == repr(second.scaler_)
    np.testing.assert_equal(public_state(first), public_state(second))


class TestRoundTrip:
    def test_file(self, denoiser, signals, tmp_path):
        save(denoiser, tmp_path / "model.safetensors")
        restored = load(tmp_path / "model.safetensors")
        assert_same(restored, denoiser, signals)
        assert restored.score(signals, signals) == denoiser.score(signals, signals)
        assert restored.score(signals) == denoiser.score(signals)
        assert list(tmp_path.iterdir()) == [tmp_path / "model.safetensors"]

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))])
    def test_copies(self, denoiser, signals, copied):
        assert_same(copied(denoiser), denoiser, signals)

    @pytest.mark.slow
    def test_optimizer_goes_on_after_a_warm_pickle(self, signals):
        cold = small_denoiser().fit(signals, signals)
        warm = small_denoiser(warm_start=True, optimizer="adam").fit(signals, signals)
        restored = pickle.loads(pickle.dumps(warm))
        assert_same(restored.fit(signals, signals), warm.fit(signals, signals), signals)
        assert restored.n_epochs_ == 2
        assert len(pickle.dumps(warm)) > 1.5 * len(pickle.dumps(cold))

    def test_numbers_of_numpy(self, signals, tmp_path):
        numbers = {"learning_rate": np.float64(0.01), "epochs": np.int64(1)}
        options = {**numbers, "validation_split": np.float32(0.5), "filters": (np.int64(4),)}
        save(small_denoiser(**options).fit(signals, signals), tmp_path / "model.safetensors")
        restored = load(tmp_path / "model.safetensors")
        assert {name: restored.get_params()[name] for name in options} == options

    @pytest.mark.slow
    def test_fits_again_and_goes_on(self, path, signals):
        restored = load(path)
        assert_same(restored.fit(signals, signals), load(path), signals)
        restored.set_params(warm_start=True).fit(signals, signals)
        assert restored.n_epochs_ == 2

    @pytest.mark.slow
    def test_channels_and_names(self, two_channels, signals, tmp_path):
        X, y = two_channels
        several = small_denoiser().fit(X, y)
        save(several, tmp_path / "model.safetensors")
        assert_same(load(tmp_path / "model.safetensors"), several, X)
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame(signals, columns=[f"t{i}" for i in range(51)])
        named = small_denoiser().fit(frame, frame)
        save(named, tmp_path / "model.safetensors")
        restored = load(tmp_path / "model.safetensors")
        np.testing.assert_array_equal(restored.feature_names_in_, named.feature_names_in_)
        np.testing.assert_array_equal(restored.transform(frame), named.transform(frame))

    @pytest.mark.slow
    def test_signals_shorter_than_the_kernels(self, tmp_path):
        X = np.random.default_rng(0).normal(size=(20, 3))
        short = small_denoiser(filters=(4, 4)).fit(X, X)
        save(short, tmp_path / "model.safetensors")
        assert_same(load(tmp_path / "model.safetensors"), short, X)

    @pytest.mark.slow
    def test_size(self, signals, tmp_path):
        recipe = small_denoiser(filters=(128, 32), epochs=2).fit(signals, signals)
        save(recipe, tmp_path / "recipe.safetensors")
        assert (tmp_path / "recipe.safetensors").stat().st_size < 130_000
        assert len(pickle.dumps(recipe)) < 130_000

    @pytest.mark.slow
    def test_search_and_pipeline(self, signals):
        search = GridSearchCV(small_denoiser(), {"kernel_size": [3, 5]}, cv=2)
        pipeline = make_pipeline(MinMaxPerSample(), search)
        pipeline.fit(signals, MinMaxPerSample().fit_transform(signals))
        restored = pickle.loads(pickle.dumps(pipeline))
        np.testing.assert_array_equal(restored.transform(signals), pipeline.transform(signals))


class TestFormat:
    @pytest.mark.parametrize("version", [1])
    def test_files_of_old_can_be_read(self, version):
        """Made by tests/data/make.py of the version that wrote them first."""
        restored = load(DATA / f"format_{version}.safetensors")
        expected = np.load(DATA / f"format_{version}.npz")
        np.testing.assert_allclose(
            restored.transform(expected["noisy"]), expected["denoised"], atol=1e-6
        )

    def test_card(self, path, signals):
        card = read_card(path)
        assert card["library_version"] == __version__
        assert (card["n_timesteps"], card["n_channels"]) == (51, 1)
        assert (card["sampling_rate"], card["units"]) == (360.0, "mV")
        assert card["supervision"] == "paired"

    def test_anybody_can_read_the_arrays(self, path, signals):
        arrays = load_file(path)
        for name, weight in zip(sorted(arrays), load(path).model_.get_weights(), strict=True):
            np.testing.assert_array_equal(arrays[name], weight)

    @pytest.mark.parametrize("n_channels", [1, 3])
    @pytest.mark.parametrize("filters", [(5,), (4, 6), (2, 3, 4, 5)])
    @pytest.mark.parametrize("kernel_size", [1, 3, 8])
    @pytest.mark.parametrize("architecture", ["autoencoder", "unet"])
    def test_shapes_are_those_of_the_networks(self, architecture, n_channels, filters, kernel_size):
        spec = NetworkSpec(
            architecture, n_channels, filters, kernel_size, None, "linear", predicts_noise=False
        )
        assert [weight.shape for weight in spec.build().get_weights()] == spec.weight_shapes()


class TestWhatAFileCannotHold:
    def test_architecture(self, signals, tmp_path):
        target = tmp_path / "own.safetensors"
        own = small_denoiser(architecture=own_network).fit(signals, signals)
        save(own, target)
        assert read_card(target)["architecture"] == "conftest.own_network"
        with pytest.raises(ModelFileError, match=r"own_network\. Pass it: load"):
            load(target)
        restored = load(target, architecture=own_network)
        np.testing.assert_array_equal(restored.transform(signals), own.transform(signals))
        wrong = small_denoiser(architecture=own_network, kernel_size=5).fit(signals, signals)

        def other(n_channels, filters, kernel_size):
            return wrong.model_

        with pytest.raises(ModelFileError, match="makes no sense"):
            load(target, architecture=other)

    def test_path_of_a_checkpoint(self, signals, tmp_path):
        target = tmp_path / "model.safetensors"
        save(small_denoiser(checkpoint=tmp_path / "fit").fit(signals, signals), target)
        assert load(target).checkpoint is None
        forge(target, lambda content: content["parameters"].update(checkpoint="somewhere"))
        with pytest.raises(ModelFileError, match="unknown parameter 'checkpoint'"):
            load(target)

    @pytest.mark.parametrize("dtype", [">f8", "float16", "uint64", "longdouble", ">i2", "uint8"])
    def test_banks_of_any_type(self, signals, tmp_path, dtype):
        target = tmp_path / "model.safetensors"
        denoiser = small_denoiser(noise=0.1).fit(signals)
        denoiser.set_params(noise=RecordedNoise((10 * BANK).astype(dtype)))
        save(denoiser, target)
        np.testing.assert_array_equal(load(target).noise.bank, denoiser.noise.bank)

    def test_weights_of_other_types(self, signals, tmp_path):
        def normalized(n_channels, filters, kernel_size):
            inputs = keras.Input((None, n_channels))
            x = keras.layers.Normalization(axis=None)(inputs)
            return keras.Model(inputs, keras.layers.Conv1D(1, 3, padding="same")(x))

        fitted = small_denoiser(architecture=normalized, loss="mean_squared_error")
        fitted.fit(signals, signals)
        with pytest.raises(ValueError, match="holds weights of float32"):
            save(fitted, tmp_path / "model.safetensors")
        assert list(tmp_path.iterdir()) == []

    def test_scaler(self, signals, tmp_path):
        target = tmp_path / "own.safetensors"
        own = small_denoiser(**LINEAR, scaler=OwnScaler()).fit(signals, signals)
        save(own, target)
        with pytest.raises(ModelFileError, match=r"Pass it: load\(path, scaler="):
            load(target)
        restored = load(target, scaler=OwnScaler())
        np.testing.assert_array_equal(restored.transform(signals), own.transform(signals))

    @pytest.mark.slow
    def test_objects_for_training(self, signals, tmp_path):
        target = tmp_path / "own.safetensors"
        split = ShuffleSplit(1, test_size=0.5, random_state=0)
        options = {"optimizer": keras.optimizers.SGD(0.01), "validation_split": split}
        own = small_denoiser(**options).fit(signals, signals)
        save(own, target)
        with pytest.warns(UserWarning, match="A file cannot hold") as caught:
            restored = load(target)
        assert len(caught) == 2
        assert caught[0].filename == __file__
        assert restored.optimizer == "adam"
        np.testing.assert_array_equal(restored.transform(signals), own.transform(signals))
        assert load(target, **options).validation_split is split

    def test_nothing_else_is_taken(self, path):
        for name in ("epochs", "architecture", "colour"):
            with pytest.raises(ModelFileError, match=f"holds {name} itself"):
                load(path, **{name: 3})


class TestErrors:
    @pytest.mark.slow
    def test_save(self, signals, tmp_path):
        target = tmp_path / "model.safetensors"
        with pytest.raises(TypeError, match="takes a ConvDenoiser, alone. Got Pipeline"):
            save(make_pipeline(small_denoiser()), target)
        with pytest.raises(ValueError, match="not fitted"):
            save(small_denoiser(), target)
        fitted = small_denoiser().fit(signals, signals)
        with pytest.raises(ValueError, match="sampling_rate must be a positive number"):
            save(fitted, target, sampling_rate=0)
        with pytest.raises(TypeError, match="units must be a name"):
            save(fitted, target, units=3)
        with pytest.raises(FileNotFoundError, match="no such folder"):
            save(fitted, tmp_path / "no" / "model.safetensors")
        deep = small_denoiser(filters=(2,) * 17, kernel_size=1, optimizer="sgd").fit(
            signals, signals
        )
        with pytest.raises(ValueError, match="17 levels is not to be expected"):
            save(deep, target)
        fitted.history_ = {"loss": [0.1] * 2_000_000}
        with pytest.raises(ValueError, match="history take"):
            save(fitted, target)
        assert list(tmp_path.iterdir()) == []

    def test_crash_leaves_the_old_file(self, path, signals, tmp_path, monkeypatch):
        target = tmp_path / "model.safetensors"
        save(load(path), target)
        before = target.read_bytes()

        def fail(*_):
            raise OSError("power failure")

        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="power failure"):
            save(load(path), target)
        assert target.read_bytes() == before
        assert list(tmp_path.iterdir()) == [target]

    def test_what_is_no_file(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            load(tmp_path / "missing.safetensors")
        with pytest.raises(IsADirectoryError, match="it is a folder"):
            load(tmp_path)
        if hasattr(os, "mkfifo"):
            os.mkfifo(tmp_path / "pipe")
            with pytest.raises(ModelFileError, match="not a regular file"):
                load(tmp_path / "pipe")

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"1234567",
            b"\x80\x04K\x03.",
            struct.pack("<Q", 2**62),
            struct.pack("<Q", 0),
            struct.pack("<Q", 2) + b"{}",
            struct.pack("<Q", 4) + b"nope",
        ],
    )
    def test_foreign_files(self, content, tmp_path):
        (tmp_path / "m").write_bytes(content)
        with pytest.raises(ModelFileError):
            load(tmp_path / "m")
        with pytest.raises(ModelFileError):
            read_card(tmp_path / "m")

    def test_pickle_is_not_opened(self, tmp_path):
        class Evil:
            def __reduce__(self):
                return (os.mkdir, (str(tmp_path / "owned"),))

        (tmp_path / "m").write_bytes(pickle.dumps(Evil()))
        with pytest.raises(ModelFileError):
            load(tmp_path / "m")
        assert not (tmp_path / "owned").exists()
