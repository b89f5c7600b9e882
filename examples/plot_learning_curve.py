"""
Is more data worth collecting?
==============================

scikit-learn's learning curve trains on ever more signals and scores on others: here
electrocardiograms, in decibels gained. It is drawn twice: for a network that learns from pairs of
a noisy and a clean signal, and for one that learns from the noisy ones alone.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import ShuffleSplit, learning_curve

from conv_denoiser import ConvDenoiser, SignalGenerator, StandardizePerSample


def main(argv: Sequence[str] | None = None) -> None:
    """Compute and draw learning curves of both supervisions."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--n-signals", type=int, default=600, help="a quarter of them test")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "output")
    options = parser.parse_args(argv)
    options.output.mkdir(parents=True, exist_ok=True)

    # %%
    # All sets train for as many epochs: more would make the smallest set worse (it is learned by
    # heart) and the largest better by less than 0.5 dB.
    generator = SignalGenerator(
        "ecg", n_timesteps=128, sampling_rate=128, noise=0.3, random_state=0
    )
    X, y = generator.sample(options.n_signals, return_X_y=True)
    denoiser = ConvDenoiser(
        filters=(16, 16),
        kernel_size=9,
        loss="mean_squared_error",
        scaler=StandardizePerSample(),
        learning_rate=0.005,
        batch_size=20,
        epochs=options.epochs,
        validation_split=0,
        random_state=0,
    )

    # %%
    # The score needs clean signals in both cases; "blind_spot" does not learn from them. What the
    # picture tells: new pairs still pay, as the curve climbs and training signals score higher
    # than new ones. Noisy signals alone leave no such gap: it is less their number that limits than
    # what they can teach. 30 pairs are worth about as much as 450 of them.
    figure, axis = plt.subplots(figsize=(7.5, 5), layout="constrained")
    curves = {
        "paired": ("noisy and clean pairs", "#0072B2", "o"),
        "blind_spot": ("noisy signals alone", "#D55E00", "s"),
    }
    for supervision, (label, color, marker) in curves.items():
        sizes, *scores = learning_curve(
            denoiser.set_params(supervision=supervision),
            X,
            y,
            train_sizes=np.geomspace(1 / 15, 1, 4),
            cv=ShuffleSplit(3, test_size=0.25, random_state=0),
        )
        for part, gains, line in zip(
            ("training signals", "new signals"), scores, (":", "-"), strict=True
        ):
            mean, spread = gains.mean(axis=1), gains.std(axis=1)
            print(f"{label}, {part}:", *(f"{g:.1f}" for g in mean), "dB")
            axis.errorbar(
                sizes,
                mean,
                spread,
                color=color,
                marker=marker,
                linestyle=line,
                capsize=3,
                label=f"{label}: {part}",
            )
    axis.set(xscale="log", xlabel="number of training signals", ylabel="signal-to-noise gain (dB)")
    axis.set_xticks(sizes, labels=sizes, minor=False)
    axis.minorticks_off()
    figure.legend(loc="outside upper center", ncols=2)
    path = options.output / "learning_curve.png"
    figure.savefig(path, dpi=120)
    print(f"figure: {path}")
    plt.close("all")


if __name__ == "__main__":
    main()
