import numpy as np
import pytest
from conftest import small_denoiser
from sklearn.exceptions import NotFittedError

from conv_denoiser import MinMaxPerSample, SignalGenerator
from conv_denoiser.noise import ColoredNoise
from conv_denoiser.plotting import (
    DenoisingDisplay,
    IntervalDisplay,
    ResidualDisplay,
    SpectrumDisplay,
    TrainingDisplay,
)


@pytest.fixture(scope="module")
def fitted(parabolas):
    return small_denoiser(epochs=2, validation_split=0.2).fit(*parabolas)


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
    with pytest.raises(ValueError, match="n_signals=3, but there are only 2 signals"):
        SignalGenerator().sample(2).plot(3)
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


@pytest.mark.slow
def test_interval_display(two_channels):
    X, y = two_channels
    denoiser = small_denoiser(loss="gaussian_nll").fit(X, y).conformalize(X, y)
    display = IntervalDisplay.from_estimator(denoiser, X, y, coverage=0.8, kind="band", n_signals=3)
    assert display.axes_.shape == (3, 1)
    lower, upper = denoiser.predict_interval(X[:3], 0.8, "band")
    for row, axes in enumerate(display.axes_[:, 0]):
        for channel, area in enumerate(axes.collections):
            drawn = area.get_paths()[0].vertices[:, 1]
            assert drawn.min() == pytest.approx(lower[row, :, channel].min())
            assert drawn.max() == pytest.approx(upper[row, :, channel].max())
        assert len(axes.lines) == 6  # noisy, denoised and clean, two channels each
    labels = [text.get_text() for text in display.axes_[0, 0].get_legend().get_texts()]
    assert labels == ["holds 80% of whole signals", "noisy", "denoised", "clean"]


def test_denoising_display_of_channels_on_given_axes(two_channels):
    import matplotlib.pyplot as plt

    X, y = two_channels
    _, axes = plt.subplots(1, 3)
    denoiser = small_denoiser(loss="mean_squared_error").fit(X, y)
    display = DenoisingDisplay.from_estimator(denoiser, X, y, n_signals=1, ax=axes)
    assert [line.get_label() for line in axes[0].lines] == ["noisy, channel 1", "noisy, channel 2"]
    assert [line.get_linestyle() for line in axes[0].lines] == ["-", "--"]
    assert display.figure_ is axes[0].figure


def test_axes_of_other_kinds(parabolas):
    import matplotlib.pyplot as plt

    figure = plt.figure()
    axis = figure.subfigures(1, 2)[0].subplots()
    display = DenoisingDisplay.from_arrays(parabolas[0], n_signals=1, overlay=True, ax=axis)
    assert display.figure_ is figure
    assert TrainingDisplay.from_arrays([1, 2], ax=axis).figure_ is figure
    with pytest.raises(TypeError, match="ax must be one Axes"):
        SpectrumDisplay.from_arrays(parabolas[0], ax=figure.subplots(1, 2))


def test_as_many_signals_as_there_are(fitted, parabolas):
    X, y = (array[:2] for array in parabolas)
    assert DenoisingDisplay.from_estimator(fitted, X, y).axes_.shape == (2, 3)
    for draw in (
        lambda: DenoisingDisplay.from_estimator(fitted, X, y, n_signals=9),
        lambda: DenoisingDisplay.from_arrays(X, clean=y, n_signals=9),
    ):
        with pytest.raises(ValueError, match="n_signals=9, but there are only 2 signals"):
            draw()


def test_lines_over_each_other_and_what_was_removed(parabolas):
    X, y = parabolas
    display = DenoisingDisplay.from_arrays(
        X, y, y, 2, sampling_rate=100, unit="mV", overlay=True, residual=True, zoom=(0.2, 0.5)
    )
    assert display.axes_.shape == (2, 2)
    panel, removed = display.axes_[1]
    assert [line.get_label() for line in panel.lines] == ["noisy", "denoised", "clean"]
    np.testing.assert_allclose(removed.lines[0].get_ydata(), (X - y)[1, 20:51])
    np.testing.assert_allclose(removed.lines[0].get_xdata()[[0, -1]], (0.2, 0.5))
    assert panel.get_ylabel() == "amplitude (mV)"
    assert "denoised (SNR 300.0 dB)" in panel.get_title()


def test_one_signal_on_one_axes(parabolas):
    import matplotlib.pyplot as plt

    _, axis = plt.subplots()
    display = DenoisingDisplay.from_arrays(parabolas[0], n_signals=1, overlay=True, ax=axis)
    assert display.axes_[0, 0] is axis
    assert len(axis.lines) == 1


@pytest.mark.parametrize("zoom", [(5, 9), (0.3, 0.2), (0.2, 0.205)])
def test_zoom_without_samples(parabolas, zoom):
    with pytest.raises(ValueError, match="holds fewer than two timesteps"):
        DenoisingDisplay.from_arrays(parabolas[0], sampling_rate=100, zoom=zoom)


def test_residual_of_nothing_denoised(parabolas):
    with pytest.raises(ValueError, match="residual=True needs denoised signals"):
        DenoisingDisplay.from_arrays(parabolas[0], residual=True)


def test_spectra(fitted, parabolas):
    import matplotlib.pyplot as plt

    time = np.arange(512) / 256
    clean = np.tile(np.sin(2 * np.pi * 20 * time), (5, 1))
    noisy = clean + np.random.default_rng(0).normal(size=clean.shape)
    _, axis = plt.subplots()
    display = SpectrumDisplay.from_arrays(
        noisy, clean, clean, sampling_rate=256, unit="mV", ax=axis
    )
    assert list(display.lines_) == ["noisy", "denoised", "clean", "removed"]
    assert display.ax_ is axis
    assert axis.get_xlabel() == "frequency (Hz)"
    assert axis.get_ylabel() == "power density (dB re 1 mV²/Hz)"
    # White noise of variance 1 has the density 1 / 128 Hz, a sine its peak at its frequency.
    density = 10 ** (display.lines_["removed"].get_ydata() / 10)
    assert np.mean(density) == pytest.approx(1 / 128, rel=0.1)
    peak = display.lines_["clean"].get_xdata()[np.nanargmax(display.lines_["clean"].get_ydata())]
    assert peak == 20
    without_rate = SpectrumDisplay.from_estimator(fitted, *parabolas)
    assert without_rate.lines_["clean"].get_xdata()[-1] == pytest.approx(0.5, rel=0.02)
    assert without_rate.ax_.get_xlabel() == "frequency (cycles a sample)"


def test_spectra_of_channels_and_silence(two_channels):
    X, _ = two_channels
    for level in (0, 0.1, 5.3):
        display = SpectrumDisplay.from_arrays(X.astype(float), clean=np.full(X.shape, level))
        assert set(display.lines_) == {"noisy", "clean"}
        assert np.isnan(display.lines_["clean"].get_ydata()).all()


def test_white_noise_removed_looks_like_noise(parabolas):
    import matplotlib.pyplot as plt

    clean = SignalGenerator("ecg", n_timesteps=256, random_state=0).sample(50).clean
    white = 0.1 * np.random.default_rng(0).normal(size=clean.shape)
    _, axes = plt.subplots(1, 3)
    display = ResidualDisplay.from_arrays(clean + white, clean, unit="mV", ax=axes)
    assert display.figure_ is axes[0].figure
    lags = display.autocorrelation_[1:]
    assert len(lags) == 40
    assert np.mean(np.abs(lags) < display.confidence_[1:]) > 0.85
    assert abs(display.correlation_) < 0.02
    assert [axis.get_xlabel() for axis in axes] == [
        "removed (mV)",
        "lag (samples)",
        "denoised (mV)",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["of unlike strength", "the same in all channels"])
def test_band_of_white_noise(kind):
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(0)
    inside = []
    for _ in range(12):
        white = rng.normal(size=(30, 200, 1))
        if kind == "of unlike strength":
            white *= np.geomspace(0.1, 10, 30)[:, np.newaxis, np.newaxis]
        else:
            white = white.repeat(4, axis=2)
        display = ResidualDisplay.from_arrays(white, 0 * white)
        plt.close(display.figure_)
        inside.append(np.abs(display.autocorrelation_) < display.confidence_)
    assert 0.92 < np.mean(inside, axis=0)[1:].mean() < 0.98


def test_levels_that_are_removed_show(parabolas):
    levels = np.repeat(np.arange(1.0, 11.0)[:, np.newaxis], 50, axis=1)
    noisy = levels + 0.05 * np.random.default_rng(0).normal(size=levels.shape)
    assert ResidualDisplay.from_arrays(noisy, 0.9 * levels).correlation_ > 0.9
    display = ResidualDisplay.from_arrays(parabolas[0] + 5, parabolas[1])
    assert display.axes_[0].get_title().startswith("mean 5, ")


def test_coloured_noise_and_flattened_peaks_do_not(parabolas):
    clean = SignalGenerator("ecg", n_timesteps=256, random_state=0).sample(50).clean
    pink = ColoredNoise(1, scale=0.1)(clean, rng=0)
    display = ResidualDisplay.from_arrays(pink, clean, max_lag=5)
    assert (display.autocorrelation_[1:] > 10 * display.confidence_[1:]).all()
    assert ResidualDisplay.from_arrays(clean, 0.8 * clean).correlation_ == pytest.approx(1)


def test_residual_of_an_estimator(fitted, parabolas, two_channels):
    display = ResidualDisplay.from_estimator(fitted, parabolas[0], max_lag=500)
    assert len(display.autocorrelation_) == 150 // 4 + 1
    X, y = two_channels
    assert ResidualDisplay.from_arrays(X, y).axes_.shape == (3,)
    assert ResidualDisplay.from_arrays(X, np.zeros_like(y)).correlation_ == 0


def test_training_display_of_arrays():
    import matplotlib.pyplot as plt

    _, axis = plt.subplots()
    display = TrainingDisplay.from_arrays(
        [3, 2, 1], [3.0, 1.0, 2.0], loss_floor=0.5, best_epoch=2, ax=axis
    )
    assert set(display.lines_) == {"loss", "val_loss", "floor", "best_epoch"}
    assert display.ax_ is axis
    assert list(display.lines_["loss"].get_xdata()) == [1, 2, 3]


def test_training_display_draws_losses_and_floor(fitted):
    display = TrainingDisplay.from_estimator(fitted)
    assert set(display.lines_) == {"loss", "val_loss", "floor", "best_epoch"}
    np.testing.assert_array_equal(
        display.lines_["val_loss"].get_ydata(), fitted.history_["val_loss"]
    )
    assert display.lines_["floor"].get_ydata()[0] == fitted.loss_floor_
    assert display.ax_.get_xlabel() == "epoch"


def test_training_display_without_cross_entropy(parabolas):
    denoiser = small_denoiser(loss="mean_squared_error", validation_split=0).fit(*parabolas)
    assert set(TrainingDisplay.from_estimator(denoiser).lines_) == {"loss"}


@pytest.mark.slow
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
    for display in (DenoisingDisplay, ResidualDisplay, SpectrumDisplay):
        with pytest.raises(NotFittedError):
            display.from_estimator(small_denoiser(), np.zeros((2, 5)))


def test_what_is_no_denoiser(parabolas):
    with pytest.raises(TypeError, match="needs a denoiser with the method transform"):
        SpectrumDisplay.from_estimator(object(), parabolas[0])
    with pytest.raises(TypeError, match=r"pipeline\[-1\]"):
        TrainingDisplay.from_estimator(MinMaxPerSample().fit(parabolas[0]))


def test_arrays_that_do_not_match(fitted, parabolas):
    X, y = parabolas
    with pytest.raises(ValueError, match="different shapes"):
        DenoisingDisplay.from_estimator(fitted, X, y[:, 1:])
    with pytest.raises(ValueError, match="time has shape"):
        DenoisingDisplay(X, clean=y, time=np.arange(3)).plot()
    with pytest.raises(ValueError, match=r"has the panels \(60, 2\)"):
        DenoisingDisplay(X, clean=y).plot(ax=np.empty((2, 2), dtype=object))
    with pytest.raises(ValueError, match=r"has the panels \(1, 3\)"):
        ResidualDisplay.from_arrays(X, y, ax=np.empty(2, dtype=object))
    for display in (ResidualDisplay, SpectrumDisplay):
        with pytest.raises(ValueError, match="different shapes"):
            display.from_arrays(X, y[:-1])
    with pytest.raises(ValueError, match="different shapes"):
        SpectrumDisplay.from_estimator(fitted, X, y[:, :-1])
    with pytest.raises(ValueError, match="equally many"):
        TrainingDisplay.from_arrays([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="one value an epoch"):
        TrainingDisplay.from_arrays([[1, 2, 3]])


def test_signals_that_cannot_be_judged(parabolas):
    X, _ = parabolas
    for denoised in (X, X - 0.5, X.astype(float) + 0.3):
        with pytest.raises(ValueError, match="Nothing was removed"):
            ResidualDisplay.from_arrays(X, denoised)
    with pytest.raises(ValueError, match="4 timesteps"):
        ResidualDisplay.from_arrays(X[:, :3], 0 * X[:, :3])
    with pytest.raises(ValueError, match="4 timesteps"):
        SpectrumDisplay.from_arrays(X[:, :3])
    with pytest.raises(ValueError, match="max_lag must be a positive integer"):
        ResidualDisplay.from_arrays(X, 0 * X, max_lag=0)
    with pytest.raises(ValueError, match="nothing to draw: noisy misses every"):
        SpectrumDisplay.from_arrays(np.full((2, 9), np.nan))
    with pytest.raises(ValueError, match="Expected 2D or 3D noisy, got a 1D array"):
        DenoisingDisplay.from_arrays(X[0])
    for display in (DenoisingDisplay, SpectrumDisplay):
        for rate in (0, "360", True):
            with pytest.raises(ValueError, match="sampling_rate must be a positive number"):
                display.from_arrays(X, sampling_rate=rate)


@pytest.mark.parametrize("n_signals", [0, -1, 1.5, True])
def test_number_of_signals_to_draw(parabolas, n_signals):
    with pytest.raises(ValueError, match="n_signals must be a positive integer"):
        DenoisingDisplay.from_estimator(MinMaxPerSample(), *parabolas, n_signals=n_signals)
