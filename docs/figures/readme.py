"""Run the code at the head of the README, which writes its picture: make picture."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)[0]
os.chdir(ROOT / "docs" / "images")
exec(code)
