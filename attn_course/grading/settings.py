"""The course's nbgrader configuration, in one place: for the repository, a class and a release alike."""

import os
import sys
import warnings
from pathlib import Path

from nbgrader import preprocessors as stock
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from attn_course.grading.cells import KERNEL_ARGUMENTS, STUB
from attn_course.grading.normalise import Normalise
from attn_course.grading.restore import RestoreReleased
from attn_course.grading.scores import PlainScores

# Files beside a submitted notebook that Python would import in place of a library.
IMPORTABLE = ["*.py", "*.so", "*.pyd"]
CELL_TIMEOUT = 60  # seconds


def configure(config: Config, root: Path, seed: int) -> None:
    """Write the course's settings into nbgrader's configuration object.

    Args:
        config: What `get_config()` returns in an `nbgrader_config.py`.
        root: The course directory.
        seed: Seeds the inputs of every check while a class is graded, so that grading again gives the same grades.
    """
    os.environ["ATTN_COURSE_SEED"] = str(seed)  # inherited by the kernels that nbgrader starts
    # nbgrader calls `alembic` by name for a new gradebook: find the one of this environment.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

    config.CourseDirectory.course_id = "attn_course"
    config.CourseDirectory.root = str(root.resolve())
    config.CourseDirectory.ignore = [".ipynb_checkpoints", "__pycache__", "feedback", "*.pyc", *IMPORTABLE]
    config.ClearSolutions.code_stub = {"python": STUB}
    config.GenerateAssignment.preprocessors = [
        stock.LockCells,
        stock.ClearSolutions,
        stock.ClearOutput,
        stock.CheckCellMetadata,
        stock.ComputeChecksums,
        stock.SaveCells,
        Normalise,
    ]
    config.Autograde.sanitize_preprocessors = [RestoreReleased, stock.ClearOutput, stock.CheckCellMetadata]
    config.Autograde.autograde_preprocessors = [
        stock.Execute,
        PlainScores,
        stock.LimitOutput,
        stock.SaveAutoGrades,
        stock.AssignLatePenalties,
        stock.CheckCellMetadata,
    ]
    config.Execute.timeout = CELL_TIMEOUT
    config.Execute.extra_arguments = KERNEL_ARGUMENTS
    # nbgrader 0.9.6 adds rows in an order that SQLAlchemy 2.1 remarks upon; they are all saved.
    warnings.filterwarnings("ignore", message="Object of type <Submitted", category=SAWarning)
