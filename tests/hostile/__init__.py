"""Hostile, damaged and odd submissions, each with what a sound grader reports about it.

All of them are bounded in time, memory, processes and disk, speak to this machine alone, and hold back what could do harm
where no sandbox is around them.
"""

from tests.hostile import (
    blinding,
    damage,
    exhaustion,
    exits,
    feedback,
    forging,
    forging_cells,
    forging_values,
    honest,
    host,
    host_files,
    inner,
    resources,
    stealing,
)

ENTRIES = [
    entry
    for module in (
        honest,
        forging,
        forging_values,
        forging_cells,
        stealing,
        blinding,
        exits,
        resources,
        exhaustion,
        host,
        host_files,
        inner,
        feedback,
        damage,
    )
    for entry in module.ENTRIES
]
