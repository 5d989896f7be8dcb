"""A chapter of two exercises, small enough to read: for tests of the pipeline, which knows no chapter."""

from pathlib import Path

from nbformat import NotebookNode

from attn_course.grading.source import read_solution

NAME = "90_toy"
POINTS = {"double": 1, "Shift": 3}

TITLE = """# %% [markdown]
# # Chapter 90: Toy
"""

DOUBLE = '''
# %% [markdown]
# ## double

# %% nbgrader={"grade": false, "grade_id": "double-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def double(x):
    """Return 2 x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %%
# double(torch.ones(2))

# %% nbgrader={"grade": true, "grade_id": "double", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("double", double)
'''

SHIFT = '''
# %% nbgrader={"grade": false, "grade_id": "Shift-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Shift(nn.Module):
    def __init__(self, n):
        super().__init__()
        ### BEGIN SOLUTION
        self.bias = nn.Parameter(torch.zeros(n))
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        return x + self.bias
        ### END SOLUTION

# %%
# double(torch.ones(2))

# %% nbgrader={"grade": true, "grade_id": "Shift", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("Shift", Shift)
'''

SOLUTION = TITLE + DOUBLE + SHIFT


def write(folder: Path, text: str = SOLUTION) -> Path:
    """Write the solution where a project keeps it."""
    path = folder / "solutions" / NAME / f"{NAME}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def source(folder: Path, text: str = SOLUTION) -> NotebookNode:
    """The source notebook of the toy chapter."""
    return read_solution(write(folder, text), POINTS)


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    """The cell of that id."""
    return next(cell for cell in notebook.cells if cell.id == name)
