"""Draw the figure of the page "Getting started" with its own code. It is run in its own folder."""

import os
import re
import tempfile
from pathlib import Path

page = Path("../getting_started.md").read_text()
blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
last = next(i for i, block in enumerate(blocks) if '"denoised.png"' in block)
before = Path.cwd()
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    try:
        exec("\n".join(blocks[: last + 1]))
    finally:
        os.chdir(before)
