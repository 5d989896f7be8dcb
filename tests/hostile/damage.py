"""Files that are damaged, or that other tools have written. What can be read of them counts."""

import io
import json
import zipfile
from pathlib import Path

import nbformat

from attn_course.grading.release import exercise_path
from tests.hostile.entry import RECURRENCE, Entry, Folder, Material, but, everything, nothing
from tests.hostile.writing import LAST, cell, code_cell, dump, learner, submission

PROJECT = Path(__file__).parents[2]
UNREADABLE = "damaged|not JSON|no JSON|not a (valid )?notebook|no notebook|read|empty|format"


def raw(name, made, scores=everything, reason="", **about):
    """The solved notebook's file, changed as bytes: `made` gets them and the material."""

    def build(material: Material):
        found = made(dump(submission(material)), material)
        return found if isinstance(found, dict) else {material.filename: found}

    about.setdefault("valid", False)
    return Entry(name, build, scores, reason, **about)


def tree(name, change, scores=everything, reason="", **about):
    """The solved notebook's file, changed as JSON."""

    def made(content, material):
        notebook = json.loads(content)
        return json.dumps(change(notebook) or notebook).encode()

    return raw(name, made, scores, reason, **about)


def _renamed(name):
    return lambda content, material: {name.format(material.name): content}


def _answer(notebook, exercise):
    return next(one for one in notebook["cells"] if one["id"] == f"{exercise}-answer")


def _old_format(notebook):
    """Format 3: worksheets, `input` for `source`, `prompt_number`, headings."""
    cells = []
    for one in notebook["cells"]:
        source = one["source"]
        if one["cell_type"] == "code":
            cells.append(
                {"cell_type": "code", "input": source, "language": "python", "outputs": [], "metadata": one["metadata"]}
            )
        else:
            cells.append({"cell_type": "markdown", "source": source, "metadata": one["metadata"]})
    cells.insert(0, {"cell_type": "heading", "level": 1, "source": "My homework", "metadata": {}})
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}


def _without_metadata(notebook):
    notebook.pop("metadata")
    for one in notebook["cells"]:
        one.pop("metadata")


def _without_ids(notebook):
    notebook["nbformat_minor"] = 4
    for one in notebook["cells"]:
        one.pop("id")


def _same_ids(notebook):
    for one in notebook["cells"]:
        one["id"] = "same"


def _other_sources(notebook):
    """Sources as numbers and null, in cells of one's own and in one answer."""
    for number, source in enumerate([None, 7, {"a": 1}, [1, None], True]):
        notebook["cells"].append(
            {"cell_type": "code", "id": f"x{number}", "source": source, "metadata": {}, "outputs": []}
        )
    _answer(notebook, LAST)["source"] = None


def _other_cells(notebook):
    notebook["cells"][3:3] = [None, "text", 7, [], {}, {"cell_type": "mystery"}, {"cell_type": None, "source": "1"}]


def _lines(notebook):
    for one in notebook["cells"]:
        one["source"] = "".join(one["source"]).splitlines(keepends=True)


def _colab(notebook):
    notebook["metadata"] = {
        "colab": {"provenance": [], "collapsed_sections": ["x"], "gpuType": "T4"},
        "accelerator": "GPU",
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
    }
    for number, one in enumerate(notebook["cells"]):
        one["metadata"] = {"id": f"Xy{number}", "colab": {"base_uri": "https://example.org/"}, "cellView": "form"}
    notebook["nbformat_minor"] = 0
    for one in notebook["cells"]:
        one.pop("id")


def _vscode(notebook):
    for one in notebook["cells"]:
        one["metadata"]["vscode"] = {"languageId": "python"}
        if one["cell_type"] == "code":
            one["execution_count"] = "5"
            one["outputs"] = [{"name": "stdout", "output_type": "stream", "text": "x"}, {"output_type": "unknown"}]
    notebook["metadata"]["language_info"] = {"name": "polyglot-notebook", "version": 3}


def _carriage_returns(notebook):
    for one in notebook["cells"]:
        one["source"] = "".join(one["source"]).replace("\n", "\r\n")


def _surrogates(notebook):
    answer = _answer(notebook, "causal_mask")
    answer["source"] = "# a smile cut in two: \ud83d\n" + "".join(answer["source"])
    notebook["cells"].append({"cell_type": "markdown", "id": "note", "source": "\udc00", "metadata": {}})
    notebook["cells"].append(
        {"cell_type": "code", "id": "try", "source": "x = '\ud800'", "metadata": {}, "outputs": []}
    )


def _null_characters(notebook):
    notebook["cells"].append({"cell_type": "code", "id": "nul", "source": "x = 1\x00", "metadata": {}, "outputs": []})


def _numbers(notebook):
    notebook["metadata"]["x"] = [float("nan"), float("inf"), -0.0, 10**400]
    notebook["cells"][1]["execution_count"] = 2**70


def _in_one_cell(notebook, material):
    """All answers in one added cell; the answer cells are as they were released."""
    answers = [cell(notebook, f"{name}-answer").source for name in material.points]
    for name in material.points:
        cell(notebook, f"{name}-answer").source = cell(material.released, f"{name}-answer").source
    notebook.cells.append(code_cell("\n\n\n".join(answers)))


def _in_one_cell_above(notebook, material):
    """All answers in one cell above the first exercise; the answer cells are gone."""
    answers = [cell(notebook, f"{name}-answer") for name in material.points]
    notebook.cells = [one for one in notebook.cells if one not in answers]
    notebook.cells.insert(2, code_cell("\n\n\n".join(one.source for one in answers)))


def _answers_as_text(notebook, material):
    for name in material.points:
        one = cell(notebook, f"{name}-answer")
        one.cell_type = "markdown"
        one.pop("outputs"), one.pop("execution_count")


def _with_outputs(megabytes):
    def change(notebook, material):
        for one in notebook.cells:
            if one.cell_type == "code":
                text = "old output\n" * (megabytes * 10**6 // 11 // 22)
                one.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]

    return change


def _merged(notebook, material):
    """Each answer joined with its check into one cell, as by an editor's "merge cells"; the check cells are gone."""
    for name in material.points:
        check = cell(notebook, name)
        cell(notebook, f"{name}-answer").source += "\n\n" + check.source
        notebook.cells.remove(check)


def _split(notebook, material):
    """An import moved from the top of an answer into a cell before it."""
    for name in material.points:
        answer = cell(notebook, f"{name}-answer")
        answer.source = "ROOT = math.sqrt\n\n\n" + answer.source.replace("math.sqrt", "ROOT")


def _zip(content, material):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(material.filename, content)
    return file.getvalue()


LATIN = '"# déjà vu\\ndef causal_mask'.encode("latin-1")
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to download.</body></html>"

ENTRIES = [
    raw("damage-byte-order-mark", lambda content, material: b"\xef\xbb\xbf" + content),
    raw("damage-windows-line-ends", lambda content, material: content.replace(b"\n", b"\r\n"), valid=True),
    raw("damage-utf-16", lambda content, material: content.decode().encode("utf-16"), reason="UTF|encod|" + UNREADABLE),
    raw("damage-latin-1", lambda content, material: content.replace(b'"def causal_mask', LATIN, 1)),
    raw("damage-cut-short", lambda content, material: content[: len(content) // 2], None, UNREADABLE),
    raw("damage-empty", lambda content, material: b"", None, UNREADABLE),
    raw("damage-zeros", lambda content, material: bytes(5000), None, UNREADABLE),
    raw("damage-a-web-page", lambda content, material: PAGE, None, UNREADABLE),
    raw("damage-a-zip", _zip, None, UNREADABLE),
    raw("damage-text-behind-the-end", lambda content, material: content + b"}\n<<<<<<< HEAD", None, UNREADABLE),
    raw("damage-json-of-something-else", lambda content, material: b'["cells", 4]', None, UNREADABLE),
    raw("damage-deeply-nested", lambda content, material: b"[" * 10**6 + b"]" * 10**6, None, "nest|deep|" + UNREADABLE),
    raw(
        "damage-deeply-nested-inside",
        lambda content, material: content.rstrip()[:-1] + b', "x": ' + b"[" * 500 + b"]" * 500 + b"}",
        reason="nest|deep|" + UNREADABLE,
    ),
    raw(
        "damage-a-number-without-end",
        lambda content, material: content.replace(b'"execution_count": null', b'"execution_count": 1' + b"0" * 9000, 1),
        reason=UNREADABLE,
    ),
    tree("damage-no-cells", lambda notebook: notebook.pop("cells") and None, None, UNREADABLE + "|cell"),
    tree("damage-cells-are-no-list", lambda notebook: notebook.update(cells={"0": 1}), None, UNREADABLE + "|cell"),
    tree("damage-no-cell-is-left", lambda notebook: notebook.update(cells=[]), nothing, UNREADABLE + "|cell"),
    tree("damage-format-3", _old_format),
    tree("damage-format-of-the-future", lambda notebook: notebook.update(nbformat=9), reason=UNREADABLE),
    tree("damage-format-minor-0", lambda notebook: (notebook.update(nbformat_minor=0), _without_ids(notebook))[1]),
    tree(
        "damage-format-is-text", lambda notebook: notebook.update(nbformat="4", nbformat_minor=None), reason=UNREADABLE
    ),
    tree("damage-no-metadata", _without_metadata),
    tree("damage-no-ids", _without_ids, valid=True),
    tree("damage-equal-ids", _same_ids),
    tree("damage-sources-of-other-types", _other_sources, but(LAST)),
    tree("damage-cells-of-other-types", _other_cells),
    tree("damage-sources-as-lines", _lines, valid=True),
    tree("damage-saved-by-colab", _colab, honest=True, valid=True),
    tree("damage-saved-by-an-editor", _vscode, honest=True),
    tree("damage-carriage-returns-in-sources", _carriage_returns, honest=True, valid=True),
    tree("damage-surrogates", _surrogates),
    tree("damage-null-characters", _null_characters),
    tree("damage-numbers-that-json-has-not", _numbers),
    raw("damage-renamed", _renamed("{} (1).ipynb"), valid=True),
    raw("damage-upper-case-ending", _renamed("{}.IPYNB"), valid=True),
    raw("damage-two-endings", _renamed("{}.ipynb.txt"), reason="no notebook|ipynb", valid=True),
    raw("damage-one-folder-deeper", _renamed("homework/{}.ipynb"), reason="no notebook|folder", valid=True),
    raw(
        "damage-two-notebooks",
        lambda content, material: {material.filename: content, "draft.ipynb": dump(material.released)},
        valid=True,
    ),
    raw(
        "damage-two-notebooks-of-other-names",
        lambda content, material: {"a.ipynb": content, "b.ipynb": content},
        None,
        "two|several|which|2 notebooks|more than one|none of",
        valid=True,
    ),
    raw("damage-no-notebook", lambda content, material: {"answers.py": b"x = 1\n"}, None, "no notebook|missing|ipynb"),
    raw("damage-an-empty-folder", lambda content, material: {"nothing": Folder()}, None, "no notebook|missing|ipynb"),
    raw(
        "damage-checkpoints-beside",
        lambda content, material: {
            material.filename: content,
            f".ipynb_checkpoints/{material.name}-checkpoint.ipynb": dump(material.released),
            "__MACOSX/._x.ipynb": b"\x00\x05\x16\x07",
            ".DS_Store": b"\x00",
        },
        valid=True,
    ),
    learner("damage-answers-in-one-cell", everything, change=_in_one_cell, honest=True),
    learner("damage-answers-in-one-cell-above", everything, change=_in_one_cell_above, honest=True),
    learner("damage-answers-as-text", everything, change=_answers_as_text),
    learner("damage-cells-merged", everything, change=_merged, honest=True),
    learner("damage-answers-with-names-of-their-own", everything, change=_split, honest=True),
    learner("damage-old-outputs-of-5-megabytes", everything, change=_with_outputs(5), honest=True),
    learner("damage-a-file-of-60-megabytes", everything, "large|MB|MiB|size", change=_with_outputs(60), valid=False),
    learner(
        "damage-another-chapter",
        nothing,
        "other|another|cell|exercise|chapter",
        change=lambda notebook, material: nbformat.read(exercise_path(PROJECT, RECURRENCE), as_version=4),
    ),
]
