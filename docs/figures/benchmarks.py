"""Draw the tables of benchmarks/RESULTS.md that compare methods. It is run in its own folder."""

import matplotlib.pyplot as plt
from tables import table

PANELS = {
    "ECG, white noise at 6 dB": ("White noise at 6 dB", "SNR (dB)"),
    "ECG, recorded noise at 0 dB": ("Recorded baseline wander", "SNR (dB)"),
    "EEG, eye movements": ("Eye movements at", "relative RMSE"),
}

figure, axes = plt.subplots(
    len(PANELS), 2, figsize=(11, 13), width_ratios=(3, 2), layout="constrained"
)
for (bars, points), (title, (start, metric)) in zip(axes, PANELS.items(), strict=True):
    rows = [row for row in table(start) if row["method"] != "nothing"]
    numbers = range(1, len(rows) + 1)
    values = [float(row[metric]) for row in rows]
    seconds = [float(row["training (s)"] or 0) for row in rows]
    colors = ["#0072B2" if time else "#999999" for time in seconds]
    better = "lower is better" if metric == "relative RMSE" else "higher is better"

    labels = [f"{row['method']}  {number}" for number, row in zip(numbers, rows, strict=True)]
    drawn = bars.barh(labels, values, color=colors)
    bars.bar_label(drawn, padding=4)
    bars.set(xlabel=f"{metric}, {better}", xlim=(0, 1.2 * max(values)))
    bars.set_title(title, loc="left")
    bars.invert_yaxis()

    points.scatter(seconds, values, s=220, c=colors)
    for number, time, value in zip(numbers, seconds, values, strict=True):
        points.text(time, value, str(number), color="white", ha="center", va="center")
    points.set(xlabel="training (s); filters need none", ylabel=metric)
    points.margins(0.15)
