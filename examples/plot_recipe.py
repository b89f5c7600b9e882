"""
The recipe: a parabola without its noise
========================================

The tutorial that this library grew from trains a small convolutional autoencoder on 100,000 noisy
parabolas. Here it is, end to end, as a scikit-learn Pipeline. Run it as a script, with
``--n-signals 100000`` for the whole of it.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

from conv_denoiser import ConvDenoiser, MinMaxPerSample, SignalGenerator, load_dataset
from conv_denoiser.metrics import snr_db
from conv_denoiser.plotting import DenoisingDisplay, TrainingDisplay


def main(argv: Sequence[str] | None = None) -> None:
    """Make the data, train, test and draw."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--n-signals", type=int, default=20_000, help="the article has 100,000")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "output")
    options = parser.parse_args(argv)
    options.output.mkdir(parents=True, exist_ok=True)

    # %%
    # Clean and noisy signals are made once, saved and mapped from disk.
    generator = SignalGenerator("x_squared", noise=0.05, random_state=0)
    folder = generator.save(options.output / "recipe_data", options.n_signals)
    dataset = load_dataset(folder)
    noisy, clean = dataset.noisy, dataset.clean
    print(f"{options.n_signals} noisy and clean signals in {folder}")
    figure = dataset.plot().figure_
    figure.savefig(options.output / "recipe_signals.png", dpi=120)

    # %%
    # The first 70 % train; of these, `ConvDenoiser` validates on the last 20 %. A Pipeline does
    # not scale y, so that is done by hand.
    n_train = int(0.7 * options.n_signals)
    scaler = MinMaxPerSample()
    X_train, X_test = noisy[:n_train], noisy[n_train:]
    y_train, y_test = scaler.fit_transform(clean[:n_train]), scaler.fit_transform(clean[n_train:])

    pipeline = make_pipeline(
        MinMaxPerSample(),
        ConvDenoiser(scaler=None, epochs=options.epochs, random_state=0, verbose=2),
    )
    pipeline.fit(X_train, y_train)

    denoiser = pipeline[-1]
    loss, floor = denoiser.history_["val_loss"][-1], denoiser.loss_floor_
    print(f"validation loss {loss:.4f}, of which {loss - floor:.4f} above its floor")
    figure = TrainingDisplay.from_estimator(denoiser).figure_
    figure.savefig(options.output / "recipe_training.png", dpi=120)

    # %%
    # On the test signals, in scaled units as in the article.
    X_scaled = scaler.fit_transform(X_test)
    before = snr_db(y_test, X_scaled)
    after = snr_db(y_test, pipeline.transform(X_test))
    print(
        f"signal-to-noise ratio of the test signals: {before:.2f} dB before, {after:.2f} dB after"
    )
    display = DenoisingDisplay.from_estimator(denoiser, X_scaled, y_test, n_signals=4)
    display.figure_.savefig(options.output / "recipe_denoised.png", dpi=120)
    print(f"figures in {options.output}")
    plt.close("all")


if __name__ == "__main__":
    main()
