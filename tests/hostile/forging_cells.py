"""Change the cells and their metadata: what is run, what counts, and for how much."""

import copy

import nbformat

from attn_course.grading.cells import answer_id
from tests.hostile.entry import but, everything, nothing
from tests.hostile.writing import ALL, LAST, cell, code_cell, learner

PAIR = ("padding_mask", LAST)


def _checks(notebook, material):
    return [cell(notebook, name) for name in material.points]


def _each_check(change):
    """Do something with each check cell."""

    def changed(notebook, material):
        for one in _checks(notebook, material):
            change(one)

    return changed


def _edited(one):
    one.source = "5.0"


def _never_run(one):
    one.metadata.tags = ["skip-execution", "raises-exception", "remove-cell", "parameters"]


def _other_schema(one):
    one.metadata.nbgrader.schema_version = 99


def _worth_more(one):
    one.metadata.nbgrader.points = 100
    one.metadata.nbgrader.max_score = 100


def _graded_by_hand(one):
    one.metadata.nbgrader.update(solution=True, locked=False, task=True)


def _retyped(one):
    one.cell_type = "markdown"
    one.pop("outputs"), one.pop("execution_count")


def _shown(text):
    return nbformat.v4.new_output("execute_result", {"text/plain": text}, execution_count=7)


def _old_outputs(one):
    report = {"text/plain": "FORGED 5 of 5 points", "text/html": "<b>FORGED 5 of 5 points</b>"}
    one.outputs = [nbformat.v4.new_output("display_data", report), _shown("5.0")]
    one.execution_count = 7


def _deleted(notebook, material):
    notebook.cells = [one for one in notebook.cells if one.id not in material.points]


def _doubled(notebook, material):
    """Every check twice, the second of which is a plain number with the same grade_id."""
    for one in _checks(notebook, material):
        second = copy.deepcopy(one)
        second.update(id=f"{one.id}-again", source="5.0")
        notebook.cells.insert(notebook.cells.index(one) + 1, second)


def _swapped(notebook, material):
    """The checks of two exercises trade places and names, so that one right answer is asked twice."""
    right, wrong = cell(notebook, "scaled_dot_product_attention"), cell(notebook, LAST)
    wrong.source = right.source
    wrong.metadata.nbgrader.grade_id, right.metadata.nbgrader.grade_id = right.id, wrong.id


def _setup_replaced(notebook, material):
    cell(notebook, "setup").source += "\n\ncheck = lambda *_: 5.0"


def _setup_again(notebook, material):
    """Later cells that claim to be the setup cell and a check cell."""
    for name in ("setup", LAST):
        fake = copy.deepcopy(cell(notebook, name))
        fake.update(source="check = lambda *_: 5.0\nfloat(5)", id=f"{name}-more")
        notebook.cells.append(fake)


def _other_kernel(notebook, material):
    notebook.metadata.kernelspec = {"name": "bash", "display_name": "Bash", "language": "bash"}
    notebook.metadata.language_info = {"name": "bash"}


def _marked_as_graded(notebook, material):
    """The metadata that a graded notebook has, and that tools of nbgrader write."""
    notebook.metadata.update(nbgrader={"score": 20, "max_score": 20, "trusted": True}, signature="sha1:0", trusted=True)
    for one in notebook.cells:
        one.metadata.update(trusted=True)
        if "nbgrader" in one.metadata:
            one.metadata.nbgrader.update(score=5, auto_score=5, manual_score=5, extra_credit=5)


def _answer_counts(notebook, material):
    """The worthless answer's own cell is said to be the graded one, with many points."""
    for name in material.points:
        grading = cell(notebook, answer_id(name)).metadata.nbgrader
        grading.update(grade=True, points=50, solution=False, locked=True, grade_id=name)


def _metadata_is_text(notebook, material):
    for one, damage in zip(_checks(notebook, material), ["x", [], 7, True, None, {}, [{}]], strict=False):
        one.metadata.nbgrader = damage


def _two_answers(notebook, material):
    """A worthless answer, and the right one in a second cell of the same name: as when all cells are run."""
    for name in PAIR:
        right = cell(notebook, answer_id(name))
        first = copy.deepcopy(right)
        first.update(source=f"def {name}(*_, **__):\n    return None", id=f"{name}-first")
        notebook.cells.insert(notebook.cells.index(right), first)


def _redefined_at_the_end(notebook, material):
    """Right answers first, so that the checks see them; worthless ones after the checks change nothing."""
    notebook.cells.append(code_cell("\n".join(f"def {name}(*_): return None" for name in material.points)))


def _checks_of_ones_own(notebook, material):
    """Calls the checks in cells of their own, where a score stands for nothing."""
    lines = "\n".join(f'check("{name}", lambda *_: None)' for name in material.points)
    notebook.cells += [code_cell(lines), code_cell("20.0"), code_cell('print("FORGED 20 of 20 points")')]


def _released_ids(notebook, material):
    """Code in cells that bear the ids of the release's text cells."""
    for one in notebook.cells:
        if one.cell_type == "markdown":
            one.update(cell_type="code", source="check = lambda *_: 5.0", outputs=[], execution_count=None)


def _run_first(notebook, material):
    """Check cells moved to the front, before any answer, with the answers worthless but for the first."""
    moved = _checks(notebook, material)
    notebook.cells = moved + [one for one in notebook.cells if one not in moved]


ENTRIES = [
    learner("cells-checks-edited", but(LAST), wrong=[LAST], change=_each_check(_edited)),
    learner("cells-checks-never-run", but(*PAIR), wrong=PAIR, change=_each_check(_never_run)),
    learner("cells-checks-deleted", but(*PAIR), wrong=PAIR, change=_deleted),
    learner("cells-checks-doubled", but(*PAIR), wrong=PAIR, change=_doubled),
    learner("cells-checks-of-another-schema", but(LAST), wrong=[LAST], change=_each_check(_other_schema)),
    learner("cells-checks-worth-more", but(LAST), wrong=[LAST], change=_each_check(_worth_more)),
    learner("cells-checks-graded-by-hand", but(LAST), wrong=[LAST], change=_each_check(_graded_by_hand)),
    learner("cells-checks-turned-into-text", but(LAST), wrong=[LAST], change=_each_check(_retyped)),
    learner("cells-checks-with-old-outputs", nothing, wrong=[ALL], change=_each_check(_old_outputs)),
    learner("cells-checks-swapped", but(LAST), wrong=[LAST], change=_swapped),
    learner("cells-checks-moved-to-the-front", but(LAST), wrong=[LAST], change=_run_first),
    learner("cells-setup-replaced", nothing, wrong=[ALL], change=_setup_replaced),
    learner("cells-setup-claimed-again", but(LAST), wrong=[LAST], change=_setup_again),
    learner("cells-another-kernel-asked-for", but(LAST), wrong=[LAST], change=_other_kernel),
    learner("cells-marked-as-graded", but(LAST), wrong=[LAST], change=_marked_as_graded),
    learner("cells-answers-claim-to-be-graded", nothing, wrong=[ALL], change=_answer_counts),
    learner("cells-metadata-of-other-types", but(LAST), wrong=[LAST], change=_metadata_is_text),
    learner("cells-answered-twice", everything, change=_two_answers, honest=True),
    learner("cells-redefined-at-the-end", everything, change=_redefined_at_the_end),
    learner("cells-checks-of-ones-own", but(LAST), wrong=[LAST], change=_checks_of_ones_own),
    learner("cells-code-under-ids-of-text", but(LAST), wrong=[LAST], change=_released_ids),
]
