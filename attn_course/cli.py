"""The one command line, `attn-course`. Heavy imports happen inside the commands, so that `--help` is instant."""

import argparse
import importlib.metadata
import sys
from pathlib import Path

FULL_MARKS, NOT_YET, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


class UserError(Exception):
    """Something that the person at the terminal can put right; its message says how."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except UserError as error:
        print(f"attn-course: {error}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        sys.stderr.close()
        return NOT_YET
    except ModuleNotFoundError as error:
        if (error.name or "attn_course").partition(".")[0] == "attn_course":
            raise  # a fault of ours
        print(f"attn-course: this command needs {error.name}, which is not installed here.", file=sys.stderr)
        print(
            "In a clone of the course: make environment. Elsewhere: pip install 'attn-course[notebooks,grading]'",
            file=sys.stderr,
        )
        return BAD_INPUT
    except OSError as error:
        if not error.filename:
            raise
        print(f"attn-course: {error.filename}: {error.strerror}.", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("attn-course: stopped.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attn-course", description="Check exercises, release them, set up a class.")
    version = importlib.metadata.version("attn-course")
    parser.add_argument("--version", action="version", version=f"attn-course {version}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    check = commands.add_parser(
        "check",
        help="run an exercise notebook and report on every exercise",
        description="Run an exercise notebook in a fresh kernel and report on every exercise. The file is not changed.",
        epilog="Exit code: 0 full marks, 1 not yet, 2 the file cannot be checked, 130 stopped with Ctrl-C.",
    )
    check.add_argument("notebook", type=Path, metavar="NOTEBOOK")
    check.add_argument(
        "--timeout", type=_seconds, default=60, metavar="S", help="seconds a cell may take (default: 60)"
    )
    check.set_defaults(run=_check)

    release = commands.add_parser(
        "release",
        help="make exercises/ from solutions/",
        description="Make the notebooks in exercises/ from solutions/ with nbgrader, the same bytes every time.",
    )
    release.add_argument("names", nargs="*", metavar="NN_slug", help="chapters, all where none is named")
    release.add_argument("--check", action="store_true", help="write nothing; exit code 1 if one is stale")
    release.set_defaults(run=_release)

    grade = commands.add_parser(
        "grade",
        help="grade a class: everything that is new or changed",
        description="Grade the submissions of a course folder that are new or changed, in a sandbox, several at a time. "
        "Interrupted at any point and called again, it goes on where it was.",
        epilog="Exit code: 0 everything is graded, 1 something could not be, 2 bad input, 130 stopped with Ctrl-C.",
    )
    grade.add_argument("folder", type=Path, metavar="DIR")
    grade.add_argument("--assignment", metavar="NN_slug", help="default: every one that was released")
    grade.add_argument("--student", action="append", metavar="ID", help="this learner alone; may be given again")
    grade.add_argument("--regrade", action="store_true", help="grade again what has not changed")
    grade.add_argument("--workers", type=_count, metavar="N", help="processes (default: one for each processor core)")
    grade.add_argument("--dask", metavar="ADDRESS", help="grade on the Dask cluster with this scheduler")
    grade.add_argument(
        "--i-trust-the-learners",
        action="store_true",
        dest="trust",
        help="run their code without a sandbox, as you, with your files and network; the ledger says so",
    )
    grade.set_defaults(run=_grade)

    doctor = commands.add_parser(
        "doctor",
        help="what this machine has for the course, and how to get what is missing",
        description="Look at what the course needs on this machine. Exit code: 0 grading is possible, 1 it is not.",
    )
    doctor.set_defaults(run=_doctor)

    classes = commands.add_parser("class", help="set up a class for nbgrader").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    new = classes.add_parser("new", help="make a course folder in which nbgrader's own commands work")
    demo = classes.add_parser("demo", help="the same, with generated learners whose true grades are known")
    truth = classes.add_parser("truth", help="compare the gradebook of a demonstration class with the true grades")
    signals = classes.add_parser(
        "signals",
        help="what in a graded class a person may want to look at",
        description="Show, beside the grades and without changing one: ready-made answers, attempts to leave the sandbox, "
        "and answers that are nearly the same. Also written to ledger/NN_slug/signals.csv.",
    )
    signals.add_argument("--assignment", metavar="NN_slug", help="default: every one that was graded")
    for command, run in (
        (new, _class_new),
        (demo, _class_demo),
        (truth, _class_truth),
        (signals, _class_signals),
    ):
        command.add_argument("folder", type=Path, metavar="DIR")
        command.set_defaults(run=run)
    for command in (new, demo):
        command.add_argument(
            "--seed", type=_natural, metavar="S", help="of the checks' inputs (default: drawn, recorded)"
        )
    demo.add_argument("--learners", type=_natural, default=14, metavar="N", help="how many, at least 12 (default: 14)")
    return parser


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 0")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def _check(options: argparse.Namespace) -> int:
    from attn_course.grading.notebook import NotebookError
    from attn_course.grading.terminal import check_notebook

    try:
        return FULL_MARKS if check_notebook(options.notebook, options.timeout) else NOT_YET
    except NotebookError as error:
        raise UserError(str(error)) from error


def _grade(options: argparse.Namespace) -> int:
    from attn_course.grading.engines import local

    if options.dask is None:
        local.prepare()
    from attn_course.grading.progress import GradingError, grade_course

    try:
        return FULL_MARKS if grade_course(options) else NOT_YET
    except KeyboardInterrupt:
        print("What is graded is kept; called again, it goes on from there.", file=sys.stderr)
        raise
    except GradingError as error:
        raise UserError(str(error)) from error


def _doctor(options: argparse.Namespace) -> int:
    from attn_course.grading.doctor import look

    report, able = look()
    print(report)
    return FULL_MARKS if able else NOT_YET


def _project() -> Path:
    """The folder that holds `solutions/`: here or above, or where the package was installed from."""
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[1]):
        if (folder / "solutions").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    raise UserError("there is no solutions/ here or above: run this inside a clone of the course.")


def _assignments(project: Path, names: list[str]) -> list[tuple[Path, dict[str, float]]]:
    """The solution of each chapter, with the points of its exercises."""
    from attn_course.checks.registry import chapters
    from attn_course.grading.release import solution_path

    known = {chapter.name: chapter for chapter in chapters().values()}
    if unknown := [name for name in names if name not in known]:
        raise UserError(f"there is no chapter {unknown[0]!r}; there are {', '.join(known)}.")
    found = []
    for name in names or known:
        solution = solution_path(project, name)
        if not solution.is_file():
            raise UserError(f"there is no solution {solution.relative_to(project)}.")
        found.append((solution, {exercise.id: exercise.points for exercise in known[name].exercises}))
    return found


def _release(options: argparse.Namespace) -> int:
    from attn_course.grading.release import exercise_path, release
    from attn_course.grading.source import SolutionError

    project = _project()
    stale = []
    for solution, points in _assignments(project, options.names):
        try:
            made = release(solution, points)
        except SolutionError as error:
            raise UserError(str(error)) from error
        target = exercise_path(project, solution.stem)
        shown = target.relative_to(project)
        if target.is_file() and target.read_bytes() == made:
            print(f"{shown}: up to date")
        elif options.check:
            stale.append(shown)
            print(f"{shown}: stale. Run: attn-course release {solution.stem}")
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(made)
            print(f"{shown}: written")
    return NOT_YET if stale else FULL_MARKS


def _new_class(options: argparse.Namespace) -> int:
    from attn_course.grading.classroom import ClassError, create_class
    from attn_course.grading.source import SolutionError

    try:
        return create_class(options.folder, _assignments(_project(), []), options.seed)
    except (ClassError, SolutionError) as error:
        raise UserError(str(error)) from error


def _class_new(options: argparse.Namespace) -> int:
    _new_class(options)
    print(f"""Made {options.folder}: nbgrader's settings, the sources, and what learners get in release/.
Submissions go to {options.folder}/submitted/LEARNER/NN_slug/NN_slug.ipynb. Then:
  attn-course grade {options.folder}
  attn-course class signals {options.folder}
  cd {options.folder} && nbgrader generate_feedback NN_slug && nbgrader export""")
    return 0


def _class_demo(options: argparse.Namespace) -> int:
    from attn_course.checks.registry import chapters
    from attn_course.grading.demo import FEWEST, fill_class

    if options.learners < FEWEST:
        raise UserError(f"a demonstration class has at least {FEWEST} learners, {options.learners} were asked for.")
    seed = _new_class(options)
    fill_class(options.folder, list(chapters().values()), options.learners, seed)
    print(f"Made {options.folder} with {options.learners} learners; their true grades are in truth.json.")
    return 0


def _class_truth(options: argparse.Namespace) -> int:
    from attn_course.grading.classroom import ClassError
    from attn_course.grading.truth import compare

    try:
        table, equal = compare(options.folder)
    except ClassError as error:
        raise UserError(str(error)) from error
    print(table)
    return 0 if equal else 1


def _class_signals(options: argparse.Namespace) -> int:
    from attn_course.grading.class_signals import look
    from attn_course.grading.coordinator import CourseError

    try:
        print(look(options.folder, options.assignment))
    except CourseError as error:
        raise UserError(str(error)) from error
    return 0


if __name__ == "__main__":
    sys.exit(main())
