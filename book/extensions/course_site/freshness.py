"""Execute pages again when what they import has changed.

Jupyter-cache compares the cells of a page, not the package behind them, and would go on showing last week's numbers.
The cache therefore lies in a folder named after the package's source and the versions of what computes and draws.
"""

import hashlib
import shutil
from importlib.metadata import version
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

_COMPUTES = ("torch", "numpy", "matplotlib", "myst-nb")
NOT_IN_PAGES = ("checks", "cli.py", "grading")  # no page may import these; a test says so
_KEPT = 3


def digest(package: Path) -> str:
    """Twelve hexadecimal digits that change with the package's source and with the libraries that pages use."""
    total = hashlib.sha256(" ".join(f"{name} {version(name)}" for name in _COMPUTES).encode())
    for path in sorted(package.rglob("*.py")):
        relative = path.relative_to(package)
        if relative.parts[0] not in NOT_IN_PAGES:
            total.update(relative.as_posix().encode() + b"\0" + path.read_bytes())
    for path in sorted(package.parent.glob("book/results/*.json")):  # what scripts computed for pages to read
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:12]


def choose_cache(app: Sphinx, config: Config) -> None:
    parent = Path(app.outdir).parent / ".jupyter_cache"
    mine = parent / digest(Path(app.srcdir) / "attn_course")
    mine.mkdir(parents=True, exist_ok=True)
    mine.touch()
    for old in sorted(parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)[_KEPT:]:
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    config.nb_execution_cache_path = str(mine)


def setup(app: Sphinx) -> None:
    app.connect("config-inited", choose_cache)
