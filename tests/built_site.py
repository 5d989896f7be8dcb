"""The built site, for the tests that look at it: built once, and again only when something that goes into it changed."""

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
EXTENSIONS = ROOT / "book" / "extensions"
if str(EXTENSIONS) not in sys.path:
    sys.path.append(str(EXTENSIONS))

from course_site import freshness  # noqa: E402


def documents() -> list[str]:
    """The pages that the table of contents names, without suffix."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    return [contents["root"], *(entry["file"] for entry in contents["chapters"])]


PAGES = [f"{name}.html" for name in [*documents(), "search"]]


def sources_digest() -> str:
    total = hashlib.sha256(freshness.digest(ROOT / "attn_course").encode())
    for path in sorted([ROOT / "_config.yml", ROOT / "_toc.yml", *(ROOT / "book").rglob("*")]):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def build() -> None:
    """Build as `make site` does; a warning is an error. One test process builds, the others wait for it."""
    stamp = ROOT / "_build" / "site.digest"
    stamp.parent.mkdir(exist_ok=True)
    with (ROOT / "_build" / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        digest = sources_digest()
        if stamp.exists() and stamp.read_text() == digest and (SITE / PAGES[0]).exists():
            return
        command = [str(Path(sys.executable).with_name("jupyter-book")), "build", ".", "-W", "-n", "--keep-going"]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if result.returncode:
            lines = (result.stdout + result.stderr).splitlines()
            told = [line for line in lines if "WARNING" in line or "ERROR" in line] or lines[-40:]
            pytest.fail("the book does not build without warnings:\n" + "\n".join(told), pytrace=False)
        stamp.write_text(digest)


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built site."""
    build()
    return SITE
