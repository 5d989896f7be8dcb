"""Write requirements.txt: the versions that pyproject.toml fixes, and those of everything that they pull in.

    python scripts/export_requirements.py           # writes the file
    python scripts/export_requirements.py --check   # exit code 1 if it is stale

The versions of what is pulled in are those installed here. What is needed only on another platform is left to pip
there; so are the packages for graphics cards that torch brings on Linux.
"""

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "requirements.txt"
HEADER = "# The pinned environment of the course. Written by scripts/export_requirements.py from pyproject.toml.\n"
# The file is the same wherever it is written: what is pulled in is what this platform pulls in.
PLATFORM = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.0",
    "python_version": "3.11",
    "sys_platform": "linux",
}
GRAPHICS = ("cuda-", "nvidia-", "triton")


class Unpinned(ValueError):
    """A dependency in pyproject.toml without `==`."""


def direct_pins(pyproject: str) -> dict[str, str]:
    """Name → version of every dependency and extra of pyproject.toml.

    Raises:
        Unpinned: One of them is not fixed with `==`.
    """
    project = tomllib.loads(pyproject)["project"]
    pins = {}
    for text in [
        *project["dependencies"],
        *(text for extra in project["optional-dependencies"].values() for text in extra),
    ]:
        requirement = Requirement(text)
        versions = list(requirement.specifier)
        if len(versions) != 1 or versions[0].operator != "==":
            raise Unpinned(f"{text!r} in pyproject.toml must be fixed with ==")
        pins[canonicalize_name(requirement.name)] = versions[0].version
    return pins


def pulled_in(direct: dict[str, str], before: dict[str, str]) -> dict[str, str]:
    """Name → version of what the direct dependencies need, and what that needs, and so on.

    Args:
        direct: As `direct_pins` gives them.
        before: The pins of the present file, for packages that the platform of the file needs and this one does not.
    """
    pins: dict[str, str] = {}
    waiting = [(name, frozenset()) for name in direct]
    seen = set(waiting)
    while waiting:
        name, extras = waiting.pop()
        try:
            found = distribution(name)
        except PackageNotFoundError:
            if name not in before:
                raise
            pins[name] = before[name]
            continue
        pins[name] = found.version.partition("+")[0]
        for requirement in map(Requirement, found.requires or []):
            marker = requirement.marker
            if marker and not any(marker.evaluate(PLATFORM | {"extra": extra}) for extra in extras | {""}):
                continue
            known = (canonicalize_name(requirement.name), frozenset(requirement.extras))
            if known not in seen and not known[0].startswith(GRAPHICS):
                seen.add(known)
                waiting.append(known)
    return {name: version for name, version in pins.items() if name not in direct}


def read_pins(text: str) -> dict[str, str]:
    """Name → version of the lines of a requirements file."""
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return dict(line.split("==") for line in lines if line)


def export(pyproject: str, before: str) -> str:
    """The text of requirements.txt."""
    direct = direct_pins(pyproject)
    indirect = pulled_in(direct, read_pins(before))
    parts = [HEADER, "\n# Chosen, see pyproject.toml\n", *_lines(direct), "\n# Pulled in by those\n", *_lines(indirect)]
    return "".join(parts)


def _lines(pins: dict[str, str]) -> list[str]:
    return [f"{name}=={version}\n" for name, version in sorted(pins.items())]


def main() -> int:
    before = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    text = export((ROOT / "pyproject.toml").read_text(encoding="utf-8"), before)
    if text == before:
        print("requirements.txt: up to date")
        return 0
    if "--check" in sys.argv[1:]:
        print("requirements.txt: stale. Run: python scripts/export_requirements.py")
        return 1
    TARGET.write_text(text, encoding="utf-8")
    print("requirements.txt: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
