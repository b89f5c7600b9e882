"""Where the time of a fit goes, beyond the bare training step of the recipe's network.

    python benchmarks/training_step.py

Times are those of the processor, all threads together, which other work on the machine changes
little; what waits costs nothing in them.
"""

import time
from collections.abc import Callable

import numpy as np
from common import machine

from conv_denoiser import ConvDenoiser, MinMaxPerSample, SignalGenerator
from conv_denoiser.supervision.batches import TrainingBatches

BATCH_SIZE, N_EPOCHS, N_ROUNDS = 150, 3, 3
drawing: list[float] = []


def timed(function: Callable[..., object], seconds: list[float]) -> Callable[..., object]:
    """Return a function that notes the processor time of its thread."""

    def call(*arguments: object) -> object:
        start = time.thread_time()
        result = function(*arguments)
        seconds.append(time.thread_time() - start)
        return result

    return call


def clock() -> object:
    """Return the class of a callback that notes the seconds of steps, validation and the whole."""
    import keras

    class Clock(keras.callbacks.Callback):
        steps: list[float] = []
        validations: list[float] = []

        def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
            self.start = time.process_time()

        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            self.steps.append(time.process_time() - self.start)

        def on_test_begin(self, logs: object = None) -> None:
            self.start = time.process_time()

        def on_test_end(self, logs: object = None) -> None:
            self.validations.append(time.process_time() - self.start)

    return Clock


def bare(model: object, X: np.ndarray, y: np.ndarray, n_signals: int) -> tuple[float, float]:
    """Return the seconds of a training step, and of the network on some signals, in batches."""
    import keras
    import tensorflow as tf

    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step(x: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            output = model(x, training=True)
            loss = tf.reduce_mean(keras.losses.binary_crossentropy(target, output))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    forward = tf.function(lambda x: model(x, training=False))
    x, target = (tf.constant(array[:BATCH_SIZE, :, np.newaxis], tf.float32) for array in (X, y))
    step(x, target), forward(x)
    seconds = []
    for function, count in ((lambda: step(x, target), 60), (lambda: forward(x), n_signals)):
        start = time.process_time()
        for _ in range(count):
            function()
        seconds.append((time.process_time() - start) / count)
    return seconds[0], n_signals * seconds[1]


def one_round(X: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Fit once, and return the shares of what is not the bare step or the network itself."""
    watch = clock()
    drawing.clear()
    start = time.process_time()
    denoiser = ConvDenoiser(
        scaler=None, epochs=N_EPOCHS, batch_size=BATCH_SIZE, random_state=0, callbacks=[watch]
    ).fit(X, y)
    whole = time.process_time() - start
    n_steps = len(watch.steps) // N_EPOCHS
    later = np.median(watch.steps[1:])
    step, forward = bare(denoiser.model_, X, y, len(X) // 5 // BATCH_SIZE)
    return {
        "the fit, of 3 epochs of 64 steps (s)": whole,
        "one step, bare (ms)": 1e3 * step,
        "one step in the fit (ms)": 1e3 * later,
        "drawing batches (% of an epoch's steps)": 100
        * sum(drawing)
        / N_EPOCHS
        / (n_steps * later),
        "validation (% of an epoch's steps)": 100 * watch.validations[-1] / (n_steps * later),
        "of it more than the network itself (%)": 100
        * (watch.validations[-1] - forward)
        / (n_steps * later),
        "tracing the step, once a fit (s)": watch.steps[0] - later,
        "tracing validation, once a fit (s)": watch.validations[0] - watch.validations[-1],
    }


def main() -> None:
    """Print the table in Markdown."""
    noisy, clean = SignalGenerator(random_state=0).sample(12_000, return_X_y=True)
    X, y = (MinMaxPerSample().fit_transform(signals) for signals in (noisy, clean))
    ConvDenoiser(scaler=None, epochs=1, random_state=0).fit(X[:300], y[:300])  # starts TensorFlow
    draw = TrainingBatches.__getitem__
    TrainingBatches.__getitem__ = timed(draw, drawing)
    rounds = [one_round(X, y) for _ in range(N_ROUNDS)]
    print(f"{machine()}\n\n| processor time | median |\n|---|---|")
    for name in rounds[0]:
        print(f"| {name} | {np.median([results[name] for results in rounds]):.3g} |")


if __name__ == "__main__":
    main()
