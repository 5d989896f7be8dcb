"""Run the long experiments of chapter 02 and write their results for the page to read.

    python scripts/translation_results.py            # all that is missing in the file or was made of another corpus
    python scripts/translation_results.py --afresh   # all of it again

Every run is written as soon as it is done, with all its settings and its seed, so an interrupted script goes on where it
stopped. A run uses one thread, so that it gives the same result beside others.
"""

import argparse
from pathlib import Path

import torch

from attn_course.experiments.bottleneck import RUNS, measure
from attn_course.experiments.results import fill
from attn_course.experiments.translation import corpus, fingerprint

RESULTS = Path(__file__).parents[1] / "book" / "results" / "02_additive.json"


def main() -> None:
    """Run what is asked for and missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--afresh", action="store_true", help="run everything again")
    parser.add_argument("--workers", type=int, default=2, help="runs at a time (default 2)")
    arguments = parser.parse_args()

    print("writing the sentences", flush=True)
    made_of = {
        "command": "python scripts/translation_results.py",
        "torch": torch.__version__,
        "corpus": fingerprint(corpus()),
    }
    fill(RESULTS, made_of, RUNS, measure, arguments.workers, arguments.afresh)


if __name__ == "__main__":
    main()
