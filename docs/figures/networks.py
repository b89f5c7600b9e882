"""Draw how fast networks are against what they remove, from benchmarks/RESULTS.md."""

import matplotlib.pyplot as plt
from tables import table

rows = table("Speed and quality")
figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharex=True, layout="constrained")
for ax, (column, title) in zip(
    axes,
    {"ECG (dB)": "ECG of patients, 6 dB before", "demo (dB)": "demo signals, 10 dB before"}.items(),
    strict=True,
):
    known = [row for row in rows if row[column]]
    for row in known:
        x, y = float(row["one window (ms)"]), float(row[column])
        ax.plot(x, y, "o", color="#0072B2", markersize=9)
        ax.annotate(row["network"].replace("`", ""), (x, y), (0, 9), textcoords="offset points",
                    ha="center")  # fmt: skip
    ax.set(xscale="log", xlabel="ms for a window of 512 samples, one thread", title=title)
    ax.margins(0.35, 0.3)
axes[0].set_ylabel("SNR after (dB), higher is better")
