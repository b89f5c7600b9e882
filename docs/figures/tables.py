"""Tables of benchmarks/RESULTS.md, for figures, which are run in their own folder."""

from pathlib import Path

RESULTS = Path("../../benchmarks/RESULTS.md")


def table(title: str) -> list[dict[str, str]]:
    """Read the first table after the line that begins with a title."""
    lines = iter(RESULTS.read_text().splitlines())
    next(line for line in lines if line.startswith(title))
    header = next(line for line in lines if line.startswith("|"))
    next(lines)
    names = [name.strip() for name in header.strip("|").split("|")]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            return rows
        cells = (cell.strip() for cell in line.strip("|").split("|"))
        rows.append(dict(zip(names, cells, strict=True)))
    return rows
