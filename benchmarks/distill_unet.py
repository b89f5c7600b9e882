"""Train the network of `ConvDenoiser("unet-small")` by that of "unet", on random signals.

    python benchmarks/distill_unet.py --output FOLDER --minutes 45

It begins as what is left of the large network without its weakest channels, and learns from the
clean signals and from what the large one makes of the noisy ones, in equal parts. Signals, noise
and what FOLDER gets are those of `pretrain_unet.py`. No signal of the benchmarks takes part in
training or choosing.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pretraining
from pretrain_unet import FLOOR, begin, make_batch

from conv_denoiser.pretrained.unet import FILTERS, ready_unet, unet_weights

SMALL = "unet-small"
# Of a convolution: the groups of channels that it takes and gives, and whether it is transposed.
Layer = tuple[str, str, bool]


def make_batch_with_teacher(
    rng: np.random.Generator, bank: np.ndarray, n: int
) -> tuple[np.ndarray, ...]:
    """Draw noisy signals; and clean ones beside what the large network makes of the noisy ones."""
    noisy, clean = make_batch(rng, bank, n)
    return noisy, np.concatenate([clean, ready_unet("pretrained")(noisy)], axis=2)


def layers(n_levels: int) -> Iterator[Layer]:
    """Yield the convolutions of a U-Net; all that is added up in a level is one group."""

    def block(level: int, inner: str) -> Iterator[Layer]:
        yield str(level), f"{inner}{level}", False
        yield f"{inner}{level}", str(level), False

    for level in range(n_levels):
        yield str(level - 1) if level else "x", str(level), False
        yield from block(level, "down")
    yield from block(n_levels - 1, "lowest")
    for level in range(n_levels - 2, -1, -1):
        yield str(level + 1), str(level), True
        yield from block(level, "up")
    yield "0", "y", False


def pruned(weights: Sequence[np.ndarray], filters: Sequence[int]) -> list[np.ndarray]:
    """Keep of each group the channels whose weights have the most power."""
    convolutions = list(zip(layers(len(filters)), weights[::2], weights[1::2], strict=True))
    power: dict[str, np.ndarray | float] = {}
    for (taken, given, transposed), kernel, _ in convolutions:
        share = np.square(kernel).sum(axis=0) / np.square(kernel).sum()
        share = share.T if transposed else share
        power[taken] = power.get(taken, 0.0) + share.sum(axis=1)
        power[given] = power.get(given, 0.0) + share.sum(axis=0)
    kept = {}
    for group, values in power.items():
        n_kept = 1 if group in "xy" else filters[int(group[-1])]
        kept[group] = np.sort(np.argsort(-values)[:n_kept])
    left = []
    for (taken, given, transposed), kernel, bias in convolutions:
        places = (kept[given], kept[taken]) if transposed else (kept[taken], kept[given])
        left += [kernel[:, places[0]][:, :, places[1]], bias[kept[given]]]
    return left


def log_errors(y_true: Any, y_pred: Any) -> Any:
    """Return the mean logarithm of the errors beside the clean signal and beside the teacher."""
    from keras import ops

    errors = ops.mean(ops.square(y_pred - y_true), axis=1)
    return ops.mean(ops.log(FLOOR + errors), axis=1)


def main() -> None:
    """Train as the command line says."""
    options, feed, (x, y), model = begin(__doc__, SMALL, make_batch_with_teacher)
    model.set_weights(pruned(unet_weights(), FILTERS[SMALL]))
    pretraining.start_from(model, options.start)

    def judge() -> dict[str, float]:
        error = np.square(model.predict(x, batch_size=256, verbose=0) - y).mean(axis=(1, 2))
        return {"val_loss": float(np.mean(np.log(FLOOR + error)))}

    pretraining.train(model, {feed: 1.0}, log_errors, judge, options)
    weights = {f"weight_{k:03}": array for k, array in enumerate(model.get_weights())}
    pretraining.export(options.output / "unet_small.safetensors", weights, {"name": SMALL})
    curves = {"loss": "training, half of it beside the large network", "val_loss": "validation"}
    pretraining.learning_curve(options.output, curves, "Mean logarithm of the error")


if __name__ == "__main__":
    main()
