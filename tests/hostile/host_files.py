"""Hand in something else than plain files, or files that stand in for others."""

import os

from tests.hostile.entry import Device, Entry, Fifo, Folder, Link, Material, Sparse, but, everything, nothing
from tests.hostile.writing import ALL, LAST, dump, learner, submission

REFUSED = "link|pipe|fifo|device|special|regular|plain|folder|director|file"
SHADOW = b"""raise SystemExit("FORGED: not the library")\n"""
FAKE_COURSE = b"""check = evaluate = lambda *_, **__: 5.0\n__path__ = []\n"""
HELPER = b'''"""Of my own."""
import math


def scores(query, key):
    return query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
'''
USES_HELPER = """
from helper import scores


def scaled_dot_scores(query, key):
    return scores(query, key)
"""


def files(name, scores, made, reason="", **about):
    """The solved notebook, or whatever `made` puts in its place, among other files."""

    wrong = about.pop("wrong", ())

    def build(material: Material):
        return {material.filename: dump(submission(material, wrong)), **made(material)}

    return Entry(name, build, scores, reason, **about)


def _notebook_is(content):
    return lambda material: {material.filename: content(material)}


def _other(material: Material) -> str:
    """The file of a learner whose answers are right."""
    return str(material.folder / "submitted" / "honest-1" / material.name / material.filename)


ENTRIES = [
    files("host-notebook-is-a-link-to-another", None, _notebook_is(lambda m: Link(_other(m))), REFUSED, valid=False),
    files(
        "host-notebook-is-a-relative-link",
        None,
        _notebook_is(lambda m: Link(f"../../honest-1/{m.name}/{m.filename}")),
        REFUSED,
        valid=False,
    ),
    files(
        "host-notebook-is-a-link-to-secrets", None, _notebook_is(lambda m: Link("/etc/passwd")), REFUSED, valid=False
    ),
    files("host-notebook-is-a-link-to-itself", None, _notebook_is(lambda m: Link(m.filename)), REFUSED, valid=False),
    files("host-notebook-is-a-pipe", None, _notebook_is(lambda m: Fifo()), REFUSED, valid=False),
    files("host-notebook-is-a-device", None, _notebook_is(lambda m: Device()), REFUSED, valid=False),
    files("host-notebook-is-a-folder", None, _notebook_is(lambda m: Folder()), REFUSED, valid=False),
    files("host-notebook-is-sparse", None, _notebook_is(lambda m: Sparse(2**36)), "large|size|MB|MiB|GB", valid=False),
    files(
        "host-links-beside-the-notebook",
        everything,
        lambda m: {
            "secret.txt": Link(str(m.canary)),
            "passwd": Link("/etc/passwd"),
            "class": Link(str(m.folder)),
            "helper.py": Link(str(m.folder / "nbgrader_config.py")),
            "loop": Link("loop"),
        },
        REFUSED,
    ),
    files("host-a-pipe-beside-the-notebook", everything, lambda m: {"data.csv": Fifo(), "zero": Device()}, REFUSED),
    files(
        "host-a-huge-file-beside-the-notebook",
        everything,
        lambda m: {"data.bin": Sparse(2**36)},
        "large|size|MB|MiB|GB",
    ),
    files(
        "host-libraries-shadowed",
        everything,
        lambda m: {
            **{
                f"{name}.py": SHADOW
                for name in ("torch", "numpy", "sitecustomize", "usercustomize", "ipykernel_launcher")
            },
            **{
                f"{name}.py": SHADOW for name in ("json", "math", "random", "zmq", "tornado", "nbformat", "helper_tool")
            },
            "IPython/__init__.py": SHADOW,
            "ipykernel/__init__.py": SHADOW,
            "torch/__init__.py": SHADOW,
            "jaxtyping.pyi": b"",
            ".ipython/profile_default/startup/00.py": SHADOW,
            "ipython_config.py": SHADOW,
            "pyvenv.cfg": b"home = /nowhere\n",
            "__main__.py": SHADOW,
        },
    ),
    files(
        "host-the-course-shadowed",
        nothing,
        lambda m: {
            "attn_course.py": FAKE_COURSE,
            "attn_course/__init__.py": FAKE_COURSE,
            "attn_course/checks/__init__.py": FAKE_COURSE,
            "attn_course-9.9.9-py3-none-any.whl": b"PK\x05\x06" + bytes(18),
        },
        wrong=[ALL],
    ),
    learner(
        "host-an-honest-helper",
        everything,
        answers={"scaled_dot_scores": USES_HELPER},
        files=lambda m: {"helper.py": HELPER, "notes.txt": "Überlegungen".encode(), "data/numbers.csv": b"1,2\n"},
        honest=True,
    ),
    learner(
        "host-a-helper-that-is-hostile",
        but("scaled_dot_scores", LAST),
        wrong=[LAST],
        answers={"scaled_dot_scores": USES_HELPER},
        files=lambda m: {
            "helper.py": b"import builtins\nbuiltins.check = lambda *_: 5.0\n\ndef scores(*_):\n    return None\n",
            "conftest.py": SHADOW,
        },
    ),
    learner(
        "host-paths-of-ones-own-machine",
        everything,
        first="""
        import os
        import sys

        if os.path.isdir("/content/drive/MyDrive"):
            os.chdir("/content/drive/MyDrive")
        sys.path.append("C:\\\\Users\\\\me\\\\course")
        os.makedirs("results", exist_ok=True)
        with open("results/log.txt", "w") as file:
            file.write("started")
        """,
        honest=True,
    ),
    learner(
        "host-in-another-folder",
        everything,
        first="""
        import os

        os.chdir("/")
        """,
        last="import os\nos.environ.clear()",
        honest=True,
    ),
    files(
        "host-names-that-are-hard-to-read",
        everything,
        lambda m: {
            "a b\n c.txt": b"x",
            "-rf": b"x",
            "$(touch changed)": b"x",
            "name\x1b[31m.txt": b"x",
            os.fsdecode(b"latin-\xe9.txt"): b"x",
            "x" * 200: b"x",
            "/".join(["deep"] * 40) + "/file": b"x",
        },
    ),
]
