"""Run experiments that are too long for a page, and keep their results in a file that the page reads."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any


def fill(
    path: Path,
    made_of: Mapping[str, Any],
    runs: Sequence[Any],
    measure: Callable[[Any], dict[str, Any]],
    workers: int = 2,
    afresh: bool = False,
) -> None:
    """Run what is missing in a file of results, and write each result as soon as it is there.

    Results of other runs are dropped, and all of them are where the file was made of something else. So an interrupted call
    goes on where it stopped, and a file always says what it was made of.

    Args:
        path: the file, JSON: `made_of`, and "runs", a list of {"settings": ..., and what `measure` returned}.
        made_of: what all results depend on, such as versions and data.
        runs: each with a property `settings` that JSON can hold.
        measure: takes one of them; defined in a module, so that other processes find it.
        workers: runs at a time.
        afresh: run everything again.
    """
    results: dict[str, Any] = {**made_of, "runs": []}
    if path.exists() and not afresh:
        before = json.loads(path.read_text(encoding="utf-8"))
        if all(before.get(name) == value for name, value in made_of.items()):
            results = before
    wanted = [run.settings for run in runs]
    results["runs"] = [row for row in results["runs"] if row["settings"] in wanted]
    done = [row["settings"] for row in results["runs"]]
    missing = [run for run in runs if run.settings not in done]
    with ProcessPoolExecutor(workers) as pool:
        futures = {pool.submit(measure, run): run for run in missing}
        for count, future in enumerate(as_completed(futures), start=1):
            run = futures[future]
            results["runs"].append({"settings": run.settings, **future.result()})
            results["runs"].sort(key=lambda row: wanted.index(row["settings"]))
            write(path, results)
            print(f"{count} / {len(futures)} {run}", flush=True)


def write(path: Path, results: Mapping[str, Any]) -> None:
    """One run a line, so that a difference between two versions can be read."""
    lines = [f'  "{name}": {json.dumps(value)}' for name, value in results.items() if name != "runs"]
    rows = ",\n".join("    " + json.dumps(row, ensure_ascii=False) for row in results["runs"])
    path.parent.mkdir(exist_ok=True)
    path.write_text("{\n" + ",\n".join([*lines, f'  "runs": [\n{rows}\n  ]']) + "\n}\n", encoding="utf-8")
