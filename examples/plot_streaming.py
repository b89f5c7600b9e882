"""
Live: a sensor, a loop and a bounded delay
==========================================

A sensor delivers samples in packets of any size, and each sample should come back soon, without its
noise. A short loop does that, with a delay that is known beforehand. Run it as a script with
``--real-time`` to wait for every packet, as a sensor makes one wait.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from conv_denoiser import ConvDenoiser, SignalGenerator, StreamingDenoiser, denoise_recording
from conv_denoiser.export import OnnxDenoiser, to_onnx
from conv_denoiser.metrics import snr_db
from conv_denoiser.noise import GaussianNoise
from conv_denoiser.training import cosine_decay

RATE = 360  # Hz
WINDOW = 128  # samples

parser = argparse.ArgumentParser(description="Denoise the packets of a sensor as they come.")
parser.add_argument("--seconds", type=float, default=60.0, help="length of the measurement")
parser.add_argument("--real-time", action="store_true", help="wait for packets of several samples")
parser.add_argument("--n-signals", type=int, default=4000, help="training windows")
parser.add_argument("--epochs", type=int, default=5)
options = parser.parse_args()

# %%
# A network of short windows
# --------------------------
#
# A window is denoised once its last sample is there, so short windows mean short delays: 128
# samples are about a third of a second. Many such windows lie between two beats, where a ratio of
# signal to noise says little; so the noise has a strength in millivolts.
windows = SignalGenerator("ecg", n_timesteps=WINDOW, sampling_rate=RATE, random_state=0)
n_steps = options.epochs * math.ceil(options.n_signals / 32)
denoiser = ConvDenoiser(
    "unet",
    filters=(16, 32, 64),
    noise=GaussianNoise(scale=(0.05, 0.2)),
    learning_rate=cosine_decay(0.003, n_steps),
    batch_size=32,
    epochs=options.epochs,
    validation_split=0,
    random_state=0,
).fit(windows.sample(options.n_signals).clean)

# %%
# A loop calls the network often, each time with little to do. ONNX Runtime answers such calls
# sooner than TensorFlow does, and one thread is enough.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "streaming.onnx")
    to_onnx(denoiser, path, sampling_rate=RATE)
    small = OnnxDenoiser(path, n_threads=1)

# %%
# The sensor and the loop
# -----------------------
#
# The sensor measures a heart that the network does not know, and noise. The loop should give the
# same as denoising all of it at once.
n_samples = round(options.seconds * RATE)
ecg = SignalGenerator("ecg", n_timesteps=n_samples, sampling_rate=RATE, random_state=1)
clean = ecg.sample(1).clean
clean -= clean.mean()
noisy = GaussianNoise(scale=0.15)(clean, rng=1)
whole = denoise_recording(small, noisy[0])
print(f"noisy:    {snr_db(clean, noisy):5.2f} dB")
print(f"denoised: {snr_db(clean, [whole]):5.2f} dB")


# %%
# The sensor is a generator of packets.
def sensor(samples: np.ndarray, largest: int, real_time: bool) -> Iterator[np.ndarray]:
    """Yield packets of random size; in real time, once their last sample has been measured."""
    rng = np.random.default_rng(0)
    start = time.perf_counter()
    begin = 0
    while begin < samples.size:
        packet = samples[begin : begin + rng.integers(1, largest, endpoint=True)]
        begin += packet.size
        if real_time:
            time.sleep(max(0, start + begin / RATE - time.perf_counter()))
        yield packet


# %%
# The loop pushes packets and gathers what comes back. When the sensor is off, ``flush`` returns at
# once what was held back.
def denoise_live(
    stream: StreamingDenoiser, packets: Iterable[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the denoised samples, and how many were measured until each came back."""
    stream.reset()
    pieces = []
    delays = []
    n_measured = n_returned = 0
    for packet in packets:
        denoised = stream.push(packet)
        n_measured += packet.size
        delays.append(n_measured - 1 - np.arange(n_returned, n_returned + denoised.size))
        n_returned += denoised.size
        pieces.append(denoised)
    pieces.append(stream.flush())
    delays.append(n_measured - 1 - np.arange(n_returned, n_measured))
    return np.concatenate(pieces), np.concatenate(delays)


# %%
# The sensor sends one sample at a time, and then packets of up to 30. Either way, the result has
# the bits that :func:`~conv_denoiser.denoise_recording` gives for the whole.
stream = StreamingDenoiser(small)
delays = {}
for largest in (1, 30):
    packets = sensor(noisy[0], largest, options.real_time and largest > 1)
    begin = time.process_time()
    denoised, delay = denoise_live(stream, packets)
    effort = (time.process_time() - begin) / options.seconds
    delays[largest] = delay
    print(
        f"up to {largest:2} samples a packet: same bits {np.array_equal(denoised, whole)}, "
        f"delay {delay.mean():.0f} samples on average and {delay.max()} at most "
        f"({1000 * delay.max() / RATE:.0f} ms), {100 * effort:.1f} % of one core"
    )
print(f"stream.latency: {stream.latency} samples ({1000 * stream.latency / RATE:.0f} ms)")

# %%
# The delay
# ---------
#
# All samples of a hop are returned together, so the delay is greatest for the first of them.
# ``stream.latency``, a window less one sample, bounds it. A packet is late for all its samples but
# the last, and adds its own length at most.
figure, (above, below) = plt.subplots(
    2, sharex=True, figsize=(9, 6.5), height_ratios=(3, 2), layout="constrained"
)
shown = slice(0, min(4 * RATE, n_samples))
seconds = np.arange(n_samples)[shown] / RATE
above.plot(seconds, noisy[0, shown], color="#999999", linewidth=0.8, label="noisy")
above.plot(seconds, clean[0, shown], color="black", linewidth=1, label="clean")
above.plot(seconds, denoised[shown], color="#0072B2", linewidth=1.4, label="denoised, live")
above.set_title("what comes in, and what the loop returns", loc="left")
above.set_ylabel("amplitude (mV)")
for largest, color in ((30, "#999999"), (1, "#0072B2")):
    label = "one sample at a time" if largest == 1 else f"up to {largest} samples a packet"
    below.plot(seconds, 1000 * delays[largest][shown] / RATE, color=color, label=label)
limit = 1000 * stream.latency / RATE
below.axhline(limit, color="#D55E00", linestyle="--", label="stream.latency")
below.set_title("delay of each sample, from its measurement to its return", loc="left")
below.set(xlabel="time (s)", ylabel="delay (ms)", ylim=(0, 1.4 * limit))
above.margins(x=0, y=0.15)
above.legend(loc="upper right", ncols=3)
below.legend(loc="lower right", ncols=3)
plt.show()
