"""
Tune with Optuna, and stop bad trials early
===========================================

A grid trains every candidate to the end. Optuna chooses the next one by what it has seen so far,
and gives up those that fall behind. It can do so because ``partial_fit`` trains one epoch at a
time.
"""

import argparse
from collections.abc import Iterator

import matplotlib.pyplot as plt

from conv_denoiser import ConvDenoiser, SignalGenerator, StandardizePerSample

try:
    import optuna
except ImportError as error:
    raise SystemExit('This example needs Optuna: pip install "conv-denoiser[optuna]"') from error

parser = argparse.ArgumentParser(description="Tune a denoiser, and compare it with the default.")
parser.add_argument("--n-signals", type=int, default=600)
parser.add_argument("--epochs", type=int, default=8)
parser.add_argument("--n-trials", type=int, default=10)
options = parser.parse_args()

# %%
# A third of the signals is for training, a third ranks the trials, and a third tests the winner.
generator = SignalGenerator("sine", n_timesteps=128, noise=0.5, random_state=0)
X, y = generator.sample(options.n_signals, return_X_y=True)
train, valid, test = (slice(part, None, 3) for part in range(3))


def gains(denoiser: ConvDenoiser) -> Iterator[float]:
    """Train, and say after every epoch how many dB are gained."""
    for _ in range(options.epochs):
        yield denoiser.partial_fit(X[train], y[train]).score(X[valid], y[valid])


# %%
# A trial may suggest these; everything else is as in the default network.
default = ConvDenoiser(
    loss="mean_squared_error", scaler=StandardizePerSample(), batch_size=10, random_state=0
)


def suggest(trial: optuna.trial.BaseTrial) -> ConvDenoiser:
    """Turn what a trial suggests into a denoiser."""
    filters = trial.suggest_int("filters", 8, 32)
    return ConvDenoiser(**default.get_params()).set_params(
        filters=(filters,) * trial.suggest_int("layers", 1, 3),
        kernel_size=trial.suggest_int("kernel_size", 3, 21, step=2),
        learning_rate=trial.suggest_float("learning_rate", 1e-3, 0.02, log=True),
    )


# %%
# A trial reports each epoch, and hears whether to go on: not if it does worse than the median of
# earlier trials at that epoch.
def objective(trial: optuna.Trial) -> float:
    """Train until the end, or until pruned."""
    for epoch, gain in enumerate(gains(suggest(trial)), start=1):
        trial.report(gain, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return gain


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(
    direction="maximize",
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
)
study.optimize(objective, n_trials=options.n_trials)
n_epochs = sum(len(trial.intermediate_values) for trial in study.trials)
print(f"{n_epochs} epochs instead of {options.n_trials * options.epochs}: {study.best_params}")

# %%
# The winner and the default network are trained for the same number of epochs. The winner starts
# more slowly, so it would be rash to prune after the first epoch; hence ``n_warmup_steps``.
best = suggest(optuna.trial.FixedTrial(study.best_params))
curves = {"default": list(gains(default)), "best trial": list(gains(best))}
figure, axis = plt.subplots(figsize=(8, 5), layout="constrained")
epochs = range(1, options.epochs + 1)
for trial in study.trials:
    pruned = trial.state == optuna.trial.TrialState.PRUNED
    axis.plot(
        *zip(*trial.intermediate_values.items(), strict=True),
        color="#999999" if pruned else "#56B4E9",
        linestyle="--" if pruned else "-",
        linewidth=1,
        marker="x" if pruned else None,
        markevery=[-1],
        label="pruned trial" if pruned else "finished trial",
    )
styles = [("default", default, "black", "-."), ("best trial", best, "#D55E00", "-")]
for name, denoiser, color, line in styles:
    gain = denoiser.score(X[test], y[test])
    print(f"{name}: {gain:.2f} dB gained on test signals")
    label = f"{name}: {gain:.1f} dB on test signals"
    axis.plot(epochs, curves[name], color=color, linestyle=line, linewidth=3, label=label)
unique = dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
axis.legend(unique.values(), unique.keys())
axis.set(xlabel="epochs", ylabel="gain on validation signals (dB)")
plt.show()
