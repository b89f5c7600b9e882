"""Estimators that begin with what is part of the package, and how much they train by default."""

import pickle

import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

from conv_denoiser import ConvDenoiser, SignalGenerator, StandardizePerSample, load, save
from conv_denoiser.denoiser import plan
from conv_denoiser.denoiser.automatic import FROM_SCRATCH, amount_of_training
from conv_denoiser.export import OnnxDenoiser, to_onnx
from conv_denoiser.metrics import snr_improvement_db
from conv_denoiser.pretrained.unet import FILTERS, unet_weights

ONE_STEP = {"epochs": 1, "batch_size": 60, "validation_split": 0, "random_state": 0}
ONE_STEP["optimizer"] = "sgd"


@pytest.fixture(scope="module")
def ecgs():
    generator = SignalGenerator(
        "ecg", noise=0.15, n_timesteps=256, sampling_rate=180, random_state=0
    )
    return generator.sample(40, return_X_y=True)


@pytest.fixture(scope="module")
def universal():
    return ConvDenoiser.from_pretrained()


class TestFromPretrained:
    def test_removes_noise_without_a_fit(self, universal, ecgs):
        check_is_fitted(universal)
        assert universal.score(*ecgs) > 5

    @pytest.mark.parametrize("n_timesteps", [2, 33, 256, 1000])
    def test_any_length(self, universal, n_timesteps):
        X = np.random.default_rng(0).normal(size=(3, n_timesteps)).cumsum(axis=1)
        denoised = universal.transform(X)
        assert denoised.shape == X.shape
        assert np.isfinite(denoised).all()

    @pytest.mark.slow
    @pytest.mark.parametrize("n_timesteps", [100, 150, 256])
    def test_short_signals_are_denoised_as_well(self, universal, n_timesteps, tmp_path):
        generator = SignalGenerator(
            "sine", noise=0.2, n_timesteps=n_timesteps, sampling_rate=100, random_state=0
        )
        X, y = generator.sample(30, return_X_y=True)
        assert universal.score(X, y) > 6
        save(universal, tmp_path / "model.safetensors")
        restored = load(tmp_path / "model.safetensors")
        np.testing.assert_array_equal(restored.transform(X), universal.transform(X))

    @pytest.mark.slow
    def test_file_pickle_and_clone(self, universal, ecgs, tmp_path):
        X = ecgs[0][:3, :100]
        expected = universal.transform(X)
        save(universal, tmp_path / "model.safetensors")
        for restored in (
            load(tmp_path / "model.safetensors"),
            pickle.loads(pickle.dumps(universal)),
        ):
            np.testing.assert_array_equal(restored.transform(X), expected)
        with pytest.raises(NotFittedError):
            clone(universal).transform(X)

    @pytest.mark.slow
    def test_onnx_file(self, universal, ecgs, tmp_path):
        to_onnx(universal, tmp_path / "model.onnx")
        X = ecgs[0][:3, :100]
        deployed = OnnxDenoiser(tmp_path / "model.onnx").transform(X)
        np.testing.assert_allclose(deployed, universal.transform(X), atol=1e-4)

    @pytest.mark.slow
    def test_goes_on_learning(self, ecgs):
        X, y = ecgs
        denoiser = ConvDenoiser.from_pretrained(random_state=0, batch_size=20)
        before = denoiser.score(X, y)
        denoiser.partial_fit(X, y)
        assert denoiser.score(X, y) > before - 1
        assert denoiser.n_epochs_ == 1
        with pytest.raises(ValueError, match="expecting 256"):
            denoiser.transform(X[:, :100])

    def test_other_names(self):
        with pytest.raises(ValueError, match="no pretrained model 'eeg'. Expected one of 'univ"):
            ConvDenoiser.from_pretrained("eeg")


class TestInit:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        "params",
        [
            {"architecture": "unet", "supervision": "blind_spot"},
            {"architecture": "unet", "noise": 0.1, "filters": list(FILTERS["unet"])},
            {"architecture": "unet-small", "noise": 0.1},
        ],
    )
    def test_training_begins_with_the_weights_of_the_package(self, ecgs, params):
        denoiser = ConvDenoiser(learning_rate=1e-9, **ONE_STEP, **params)
        denoiser.fit(ecgs[1] if "noise" in params else ecgs[0])
        shipped = unet_weights(architecture=params["architecture"])
        for learned, weights in zip(denoiser.model_.get_weights(), shipped, strict=True):
            np.testing.assert_allclose(learned, weights, atol=1e-6)

    @pytest.mark.slow
    def test_noisy_signals_alone_make_it_better(self):
        generator = SignalGenerator(
            "ecg", noise=0.3, n_timesteps=256, sampling_rate=180, random_state=1
        )
        X, y = generator.sample(100, return_X_y=True)
        denoiser = ConvDenoiser("unet", epochs=8, learning_rate=3e-4, random_state=0).fit(X[:60])
        assert denoiser.supervision_ == "recorrupted"
        start = ConvDenoiser.from_pretrained().score(X[60:], y[60:])
        assert denoiser.score(X[60:], y[60:]) > start + 0.2

    @pytest.mark.slow
    def test_noise_that_is_not_white_stays_hidden(self):
        X = np.random.default_rng(0).standard_normal((60, 258))
        X = X[:, 2:] + X[:, 1:-1] + X[:, :-2]
        with pytest.warns(UserWarning, match="independent from point to point"):
            denoiser = ConvDenoiser("unet", **ONE_STEP).fit(X)
        assert denoiser.supervision_ == "blind_spot"
        white = np.random.default_rng(1).standard_normal((60, 256))
        assert denoiser.partial_fit(white).supervision_ == "blind_spot"  # one way for all chunks

    @pytest.mark.parametrize(
        ("params", "words"),
        [
            ({"filters": (4, 8)}, r"filters to be \(12, 24, 48, 48\). Got \(4, 8\)"),
            ({"kernel_size": 7}, "kernel_size to be 5. Got 7"),
            ({"architecture": "autoencoder"}, "architecture to be 'unet'. Got 'autoencoder'"),
            ({"loss": "binary_crossentropy"}, "the loss to be 'another than cross-entropy'"),
        ],
    )
    def test_networks_that_do_not_fit(self, ecgs, params, words):
        params = {"architecture": "unet", "init": "pretrained", **params}
        with pytest.raises(ValueError, match=f"needs {words}"):
            ConvDenoiser(**params).fit(*ecgs)

    @pytest.mark.slow
    def test_channels_begin_at_random(self, ecgs):
        X = np.stack([ecgs[0], ecgs[0]], axis=-1)
        with pytest.raises(ValueError, match="the number of channels to be 1. Got 2"):
            ConvDenoiser("unet", init="pretrained").fit(X)
        other = ConvDenoiser("unet", filters=(2, 2), init="auto", **ONE_STEP).fit(X)
        assert other.n_channels_in_ == 2

    @pytest.mark.slow
    def test_in_a_pipeline(self, ecgs):
        X, y = ecgs
        denoiser = ConvDenoiser("unet", scaler=None, **ONE_STEP)
        pipeline = make_pipeline(StandardizePerSample(), denoiser)
        clean = StandardizePerSample().transform(y, reference=X)
        assert (
            snr_improvement_db(
                clean, pipeline.fit(X, clean).transform(X), pipeline[:1].transform(X)
            )
            > 5
        )


class TestAmount:
    @pytest.mark.parametrize(
        ("params", "n_signals", "epochs", "batch_size", "patience"),
        [
            ({}, 56_000, 5, 150, None),
            ({}, 3200, 8, 32, 8),
            ({}, 320, 80, 32, 80),
            ({}, 10, 200, 32, 200),
            ({"epochs": 3}, 320, 3, 32, None),
            ({"batch_size": 320}, 320, 200, 320, 200),
            ({"early_stopping": False}, 320, 80, 32, None),
            ({"early_stopping": True, "patience": 4}, 320, 80, 32, 4),
        ],
    )
    def test_of_signals(self, params, n_signals, epochs, batch_size, patience):
        amount = amount_of_training(ConvDenoiser(**params), n_signals, validated=True)
        assert (amount.epochs, amount.batch_size, amount.patience) == (epochs, batch_size, patience)

    def test_rate_falls_where_epochs_are_chosen(self):
        def rate(n_signals=320, **params):
            denoiser = ConvDenoiser(**params)
            return amount_of_training(denoiser, n_signals).learning_rate

        assert rate(n_signals=56_000) == 1e-3
        assert rate(epochs=7) == 1e-3
        assert rate(learning_rate=0.5) == 0.5
        falling = rate()
        assert float(falling(799)) < 1e-5 < 1e-3 < float(falling(40))

    @pytest.mark.slow
    def test_few_signals_are_enough_to_beat_a_moving_average(self):
        generator = SignalGenerator("sine", noise=0.4, n_timesteps=40, random_state=0)
        X, y = generator.sample(124, return_X_y=True)
        window = np.ones(5) / 5
        averaged = np.stack([np.convolve(x, window, mode="same") for x in X[64:]])
        denoiser = ConvDenoiser(random_state=0).fit(X[:64], y[:64])
        gained = denoiser.score(X[64:], y[64:])
        assert gained > snr_improvement_db(y[64:], averaged, X[64:])


@pytest.mark.slow
def test_automatic_amount_goes_through_a_checkpoint_and_a_warm_start(ecgs, tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "FROM_SCRATCH", FROM_SCRATCH._replace(n_steps=6))
    X, y = ecgs
    options = {"epochs": "auto", "batch_size": "auto", "warm_start": True}
    options["validation_split"] = 0.2
    denoiser = small_denoiser(filters=(2,), checkpoint=tmp_path / "fit", **options).fit(X, y)
    assert denoiser.n_epochs_ == 6
    assert denoiser.fit(X, y).n_epochs_ == 2 * 6
