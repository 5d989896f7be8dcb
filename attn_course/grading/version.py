"""The version of the course, by its content: grades depend on every line of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def course_digest() -> str:
    """Changes with every line of the course's code, as it is on disk now."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(str(path.relative_to(PACKAGE)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


AT_START = course_digest()
"""As it was when this process loaded it."""
