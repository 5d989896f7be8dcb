"""The course's nbgrader configuration, in one place: for the repository, a class and a release alike."""

import os
import sys
import warnings
from pathlib import Path

from nbgrader import preprocessors as stock
from sqlalchemy.exc import SAWarning
from traitlets import Bool, Float, Int
from traitlets.config import Config, Configurable

from attn_course.grading.cells import STUB
from attn_course.grading.normalise import Normalise
from attn_course.grading.sandbox.limits import MIB, Limits


class Sandbox(Configurable):
    """What a class may set in its nbgrader_config.py about the sandbox, as `c.Sandbox.memory_mib = 4096`."""

    seed = Int(help="secret of the class, from which the seed of each submission's checks is made").tag(config=True)
    cell_seconds = Float(Limits.cell_seconds, help="seconds before a cell is interrupted").tag(config=True)
    check_seconds = Float(Limits.check_seconds, help="seconds before a check is interrupted").tag(config=True)
    notebook_seconds = Int(Limits.seconds, help="seconds that a notebook may take altogether").tag(config=True)
    memory_mib = Int(Limits.memory // MIB, help="memory of all processes of a notebook").tag(config=True)
    processes = Int(Limits.processes, help="processes and threads of a notebook at a time").tag(config=True)
    disk_mib = Int(Limits.disk // MIB, help="what the files of a notebook may take").tag(config=True)
    trust = Bool(False, help="run learners' code without a sandbox, as yourself").tag(config=True)

    def limits(self) -> Limits:
        """The limits of a notebook."""
        return Limits(
            cell_seconds=self.cell_seconds,
            check_seconds=self.check_seconds,
            seconds=self.notebook_seconds,
            memory=self.memory_mib * MIB,
            processes=self.processes,
            disk=self.disk_mib * MIB,
        )


def configure(config: Config, root: Path, seed: int) -> None:
    """Write the course's settings into nbgrader's configuration object.

    Args:
        config: What `get_config()` returns in an `nbgrader_config.py`.
        root: The course directory.
        seed: The class's secret: the seed of each submission's checks is made from it, so that grading again gives the
            same grades and no learner knows the inputs in advance.
    """
    # nbgrader calls `alembic` by name for a new gradebook: find the one of this environment.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

    config.CourseDirectory.course_id = "attn_course"
    config.CourseDirectory.root = str(root.resolve())
    # nbgrader copies what lies beside a notebook, links and all; nothing of it is wanted anywhere.
    config.CourseDirectory.ignore = ["*"]
    config.Sandbox.seed = seed
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
    # By name: what runs notebooks is loaded when a class is graded, not when one is released.
    config.Autograde.exporter_class = "attn_course.grading.autograde.SubmissionExporter"
    config.Autograde.sanitize_preprocessors = []
    config.Autograde.autograde_preprocessors = [
        "attn_course.grading.autograde.InSandbox",
        stock.SaveAutoGrades,
        stock.AssignLatePenalties,
        stock.CheckCellMetadata,
    ]
    # nbgrader 0.9.6 adds rows in an order that SQLAlchemy 2.1 remarks upon; they are all saved.
    warnings.filterwarnings("ignore", message="Object of type <Submitted", category=SAWarning)
