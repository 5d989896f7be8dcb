"""Run the long experiments of chapter 01 and write their results for the page to read.

    python scripts/recurrence_results.py            # all that is missing in the file
    python scripts/recurrence_results.py --afresh   # all of it again

Every run is written as soon as it is done, with all its settings and its seed, so an interrupted script
goes on where it stopped.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

import torch

from attn_course.experiments.recall import Recall, recall_accuracy, train_recall
from attn_course.experiments.reversal import Run, accuracy_by_length, new_model, train_reversal

RESULTS = Path(__file__).parents[1] / "book" / "results" / "01_recurrence.json"
SEEDS = (0, 1, 2)

REVERSAL = [
    *(Run(64, seed) for seed in SEEDS),
    *(Run(64, seed, neck=neck) for neck in (4, 8, 16, 32, 64) for seed in SEEDS),
    *(Run(64, seed, num_symbols=symbols) for symbols in (2, 4, 16, 32) for seed in SEEDS),
    *(Run(64, seed, task="copy") for seed in SEEDS),
    *(Run(128, seed) for seed in SEEDS),
    *(Run(64, seed, steps=4000) for seed in SEEDS),
    *(Run(64, seed, max_len=24, steps=4000) for seed in SEEDS),
]
RECALL = [
    {"cell": cell, "forget_bias": bias, "delay": delay, "steps": 1000, "learning_rate": 3e-3, "seed": seed}
    for delay in (5, 10, 20, 40, 80, 160)
    for cell, bias in (("RNN", 0.0), ("LSTM", 0.0), ("LSTM", 1.0), ("LSTM", 3.0))
    for seed in SEEDS
]


def reversal(settings: dict) -> dict:
    """Train and measure one model on reversing or copying."""
    torch.set_num_threads(1)
    run = Run(**settings)
    model = new_model(run)
    loss = train_reversal(run, model)
    exact, tokens = accuracy_by_length(run, model)
    return {"loss": round(loss, 4), "exact": rounded(exact), "tokens": rounded(tokens)}


def recall(settings: dict) -> dict:
    """Train and measure one model on remembering a symbol."""
    torch.set_num_threads(1)
    model = Recall(settings["cell"], settings["seed"], settings["forget_bias"])
    optimizer = torch.optim.Adam(model.parameters(), lr=settings["learning_rate"])
    train_recall(model, settings["delay"], settings["seed"], settings["steps"], 1.0, optimizer)
    return {"accuracy": round(recall_accuracy(model, settings["delay"], settings["seed"]), 4)}


def rounded(values: torch.Tensor) -> list[float]:
    """Four digits are more than the samples can tell apart."""
    return [round(value, 4) for value in values.tolist()]


def main() -> None:
    """Run what is asked for and missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--afresh", action="store_true", help="run everything again")
    parser.add_argument("--workers", type=int, default=2, help="runs at a time (default 2)")
    arguments = parser.parse_args()

    results: dict = {"command": "python scripts/recurrence_results.py", "torch": torch.__version__}
    if RESULTS.exists() and not arguments.afresh:
        results = json.loads(RESULTS.read_text())
    jobs = [(recall, "recall", settings) for settings in RECALL]
    jobs += [(reversal, "reversal", asdict(run)) for run in REVERSAL]
    with ProcessPoolExecutor(arguments.workers) as pool:
        futures = {}
        for function, name, settings in jobs:
            done = [row["settings"] for row in results.setdefault(name, [])]
            if settings not in done:
                futures[pool.submit(function, settings)] = (name, settings)
        for count, future in enumerate(as_completed(futures), start=1):
            name, settings = futures[future]
            results[name].append({"settings": settings, **future.result()})
            results[name].sort(key=lambda row: json.dumps(row["settings"]))
            write(results)
            print(f"{count} / {len(futures)} {name} {settings}", flush=True)


def write(results: dict) -> None:
    """One run a line, so that a difference between two versions can be read."""
    parts = []
    for name, value in results.items():
        if isinstance(value, list):
            rows = ",\n".join("    " + json.dumps(row) for row in value)
            parts.append(f'  "{name}": [\n{rows}\n  ]')
        else:
            parts.append(f'  "{name}": {json.dumps(value)}')
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main()
