"""Draw the pictures of docs/domains from the code of the pages. It is run in its own folder.

`.. plot:: figures/domains.py ecg` calls the function `ecg`.
"""

import re
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt

from conv_denoiser.metrics import snr_db
from conv_denoiser.plotting.parts import STYLES

# Of each page: which part is drawn, and what the axes are called.
PAGES = {
    "ecg": (slice(200, 920), "time (s)", "amplitude"),
    "eeg": (slice(1100, 1600), "time (s)", "µV"),
    "ppg": (slice(500, 900), "time (s)", "light absorbed"),
    "spectra": (slice(1000, 1850), "channel", "counts"),
    "vibration": (slice(2000, 2800), "time (s)", "acceleration"),
    "seismic": (slice(1800, 2600), "time (s)", "velocity"),
    "accelerometer": (slice(700, 1100), "time (s)", "m/s²"),
}


def draw(page: str) -> None:
    """Run a page's code, and draw what it compares: a panel for each result."""
    code = "\n".join(re.findall(r"```python\n(.*?)```", read(page), re.DOTALL))
    names: dict = {}
    exec(code, names)
    part, x_label, y_label = PAGES[page]
    noisy, clean = names["noisy"], names["clean"]
    time = names[{"spectra": "channel"}.get(page, "time")][part]
    results = {name: signal for name, signal in names["results"].items() if name != "noisy"}
    with plt.rc_context({"font.size": 13}):
        figure, axes = plt.subplots(
            len(results), figsize=(7, 4.4), sharex=True, sharey=True, layout="constrained"
        )
        for axis, (name, signal) in zip(axes, results.items(), strict=True):
            lines = {"noisy": noisy, "denoised": signal, "clean": clean}
            for label, line in lines.items():
                axis.plot(time, line[part], **STYLES[label], label=label)
            axis.set_title(f"{name}: {snr_db([clean], [signal]):.1f} dB", loc="left")
            axis.set_ylabel(y_label)
            axis.margins(x=0)
        axes[-1].set_xlabel(x_label)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)


def read(page: str) -> str:
    """Return the text of a page."""
    return Path(f"../domains/{page}.md").read_text(encoding="utf-8")


ecg, eeg, ppg, spectra, vibration, seismic, accelerometer = (partial(draw, page) for page in PAGES)
