"""Files that are part of the package, as they were when we made it."""

import hashlib
from pathlib import Path

from conv_denoiser._checks.errors import ModelFileError

__all__ = ["read_shipped"]


def read_shipped(path: Path, sha256: str) -> bytes:
    """Return the content of a file if it is the one we shipped."""
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise ModelFileError(
            f"{str(path)!r} is damaged: its SHA-256 is {digest[:12]}..., not {sha256[:12]}.... "
            "Install conv-denoiser again."
        )
    return content
