"""Draw how fast networks are against what they remove, from benchmarks/RESULTS.md."""

import matplotlib.pyplot as plt
from tables import table

PANELS = {
    "ECG (dB)": "ECGs, fitted; 6 dB before",
    "demo (dB)": "Demo signals, no fit; 10 dB before",
}
TICKS = [0.1, 0.2, 0.5, 1, 2]  # ms

rows = table("## Speed and quality")
figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharex=True, layout="constrained")
for ax, (column, title) in zip(axes, PANELS.items(), strict=True):
    for row in rows:
        if row[column]:
            x, y = float(row["in a batch (ms)"]), float(row[column])
            ax.plot(x, y, "o", color="#0072B2", markersize=9)
            name = row["network"].replace("`", "").replace(", filters", ",\nfilters")
            ax.annotate(name, (x, y), (0, 8), textcoords="offset points", ha="center")
    ax.set(xscale="log", xlim=(0.07, 3.5), xlabel="ms for a window of 512 samples, one thread")
    ax.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    ax.minorticks_off()
    ax.margins(y=0.25)
    ax.set_title(title, loc="left")
axes[0].set_ylabel("SNR after (dB), higher is better")
