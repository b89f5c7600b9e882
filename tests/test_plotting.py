import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.exceptions import NotFittedError

from conv_denoiser import MinMaxPerSample, SignalGenerator
from conv_denoiser.plotting import DenoisingDisplay, TrainingDisplay


@pytest.fixture(scope="module")
def fitted(parabolas):
    return small_denoiser(epochs=2).fit(*parabolas)


def test_dataset_plot(tmp_path):
    display = SignalGenerator("chirp", sampling_rate=50).sample(5).plot(n_signals=3)
    assert display.axes_.shape == (3, 2)
    titles = [axis.get_title() for axis in display.axes_[0]]
    assert titles[0].startswith("noisy (SNR ")
    assert titles[1] == "clean"
    assert display.axes_[-1, 0].get_xlabel() == "time (s)"
    assert SignalGenerator().sample(1).plot().axes_[0, 0].get_xlabel() == "x"
    with pytest.raises(ValueError, match="n_signals must be a positive integer"):
        SignalGenerator().sample(2).plot(-1)
    display.figure_.savefig(tmp_path / "signals.png")
    assert (tmp_path / "signals.png").stat().st_size > 10_000


def test_denoising_display_draws_the_signals(fitted, parabolas):
    X, y = parabolas
    display = DenoisingDisplay.from_estimator(fitted, X, y, n_signals=3)
    assert display.axes_.shape == (3, 3)
    for row in range(3):
        drawn = [axis.lines[0].get_ydata() for axis in display.axes_[row]]
        for got, want in zip(drawn, (X[row], y[row], fitted.transform(X)[row]), strict=True):
            np.testing.assert_allclose(got, want, atol=1e-6)
    assert display.axes_[-1, 0].get_xlabel() == "sample"
    assert "dB" in display.axes_[0, 2].get_title()


def test_denoising_display_without_clean_signals_in_seconds(fitted, parabolas):
    display = DenoisingDisplay.from_estimator(fitted, parabolas[0], sampling_rate=50)
    assert display.axes_.shape == (4, 2)
    assert display.axes_[-1, 0].get_xlabel() == "time (s)"
    assert display.axes_[0, 0].lines[0].get_xdata()[-1] == 149 / 50


def test_denoising_display_of_channels_on_given_axes(two_channels):
    import matplotlib.pyplot as plt

    X, y = two_channels
    _, axes = plt.subplots(1, 3)
    denoiser = small_denoiser(loss="mean_squared_error").fit(X, y)
    display = DenoisingDisplay.from_estimator(denoiser, X, y, n_signals=1, axes=axes)
    assert len(axes[0].lines) == 2
    assert display.figure_ is axes[0].figure


def test_more_signals_than_there_are(fitted, parabolas):
    X, y = (array[:2] for array in parabolas)
    assert DenoisingDisplay.from_estimator(fitted, X, y, n_signals=9).axes_.shape == (2, 3)


def test_training_display_draws_losses_and_floor(fitted):
    display = TrainingDisplay.from_estimator(fitted)
    assert set(display.lines_) == {"loss", "val_loss", "floor"}
    np.testing.assert_array_equal(
        display.lines_["val_loss"].get_ydata(), fitted.history_["val_loss"]
    )
    assert display.lines_["floor"].get_ydata()[0] == fitted.loss_floor_
    assert display.ax_.get_xlabel() == "epoch"


def test_training_display_without_cross_entropy(parabolas):
    denoiser = small_denoiser(loss="mean_squared_error", validation_split=0).fit(*parabolas)
    assert set(TrainingDisplay.from_estimator(denoiser).lines_) == {"loss"}


def test_any_object_with_transform_and_data_frames(fitted, parabolas):
    import pandas as pd

    class Identity:
        def transform(self, X):
            return X

    DenoisingDisplay.from_estimator(Identity(), parabolas[0])
    frame = pd.DataFrame(parabolas[0], columns=[f"t{i}" for i in range(150)])
    DenoisingDisplay.from_estimator(small_denoiser().fit(frame), frame, frame)


def test_unfitted():
    with pytest.raises(NotFittedError):
        TrainingDisplay.from_estimator(small_denoiser())
    with pytest.raises(NotFittedError):
        DenoisingDisplay.from_estimator(small_denoiser(), np.zeros((2, 5)))


def test_arrays_that_do_not_match(fitted, parabolas):
    X, y = parabolas
    with pytest.raises(ValueError, match="different shapes"):
        DenoisingDisplay.from_estimator(fitted, X, y[:, 1:])
    with pytest.raises(ValueError, match="time has shape"):
        DenoisingDisplay(X, clean=y, time=np.arange(3)).plot()
    with pytest.raises(ValueError, match=r"expected \(60, 2\)"):
        DenoisingDisplay(X, clean=y).plot(axes=np.empty((2, 2), dtype=object))


@pytest.mark.parametrize("n_signals", [0, -1, 1.5, True])
def test_number_of_signals_to_draw(parabolas, n_signals):
    with pytest.raises(ValueError, match="n_signals must be a positive integer"):
        DenoisingDisplay.from_estimator(MinMaxPerSample(), *parabolas, n_signals=n_signals)
