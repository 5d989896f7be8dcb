"""How much one notebook may use. Generous for an exercise, small for a machine that grades a class."""

from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits of one notebook.

    Args:
        cell_seconds: Before a cell is interrupted.
        check_seconds: Before a check is interrupted; a right answer takes a tenth of a second.
        seconds: For the whole notebook; then its processes are ended.
        memory: Bytes, of all its processes together.
        processes: How many at a time, threads included.
        disk: Bytes that its files may take in each of its folders, and each file.
        output: Bytes that it may write to the grader, results and printed text together.
    """

    cell_seconds: float = 30.0
    check_seconds: float = 10.0
    seconds: int = 150
    memory: int = 2048 * MIB
    processes: int = 64
    disk: int = 128 * MIB
    output: int = 192 * MIB
