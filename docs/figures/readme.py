"""Draw the picture of the README from its first Python code: make picture."""

import re
import runpy
import sys
from pathlib import Path

import matplotlib.pyplot as plt

from conv_denoiser.metrics import snr_db
from conv_denoiser.plotting.parts import STYLES

ROOT = Path(__file__).resolve().parents[2]
SHOWN = slice(200, 800)  # samples
RATE = 360  # Hz


def picture(path: Path) -> list[str]:
    """Draw the noisy signal, the best classical result and that of `denoise`; return the titles."""
    signals: dict = {}
    exec(
        re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[0], signals
    )
    clean, noisy = signals["clean"], signals["noisy"]
    classical = runpy.run_path(str(ROOT / "benchmarks" / "classical.py"))["CLASSICAL"]
    results = {name: denoise(noisy) for name, denoise in classical.items()}
    best = max(results, key=lambda name: snr_db([clean], [results[name]]))
    panels = {
        "a real ECG, with noise": noisy,
        f"best of 13 classical methods, {best}": results[best],
        "denoise, nothing set": signals["denoised"],
    }

    time = range(noisy.size)[SHOWN]
    titles = []
    with plt.rc_context({"font.size": 13}):
        figure, axes = plt.subplots(
            3, figsize=(7, 4.6), sharex=True, sharey=True, layout="constrained"
        )
        for axis, (name, signal) in zip(axes, panels.items(), strict=True):
            style = STYLES["noisy" if signal is noisy else "denoised"]
            axis.plot([i / RATE for i in time], signal[SHOWN], **style)
            if signal is not noisy:
                axis.plot([i / RATE for i in time], clean[SHOWN], **STYLES["clean"])
            titles.append(f"{name}: {snr_db([clean], [signal]):.1f} dB")
            axis.set_title(titles[-1], loc="left", fontsize="medium")
            axis.margins(x=0)
        figure.supxlabel(
            "time (s); dashed: the truth; dB: signal-to-noise ratio", fontsize="medium"
        )
        figure.savefig(path, dpi=110)
    plt.close(figure)
    return titles


if __name__ == "__main__":
    print(*picture(Path(sys.argv[1])), sep="\n")
