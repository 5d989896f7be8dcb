"""Print pairs with their links drawn: python -m attn_course.data.english_korean --count 10 --seed 3."""

import argparse
import sys

from attn_course.data.english_korean.corpus import LONGEST, SHORTEST, pairs
from attn_course.data.english_korean.drawing import draw_all


def main(arguments: list[str] | None = None) -> int:
    """Print pairs and return the exit code: 0, or 2 where an argument is out of its range."""
    parser = argparse.ArgumentParser(
        prog="python -m attn_course.data.english_korean",
        description="Print English and Korean sentences with their links.",
    )
    parser.add_argument("--count", type=int, default=10, metavar="N", help="how many pairs (default: 10)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed gives other pairs (default: 0)")
    parser.add_argument(
        "--shortest", type=int, default=SHORTEST, metavar="N", help=f"English tokens (default: {SHORTEST})"
    )
    parser.add_argument(
        "--longest", type=int, default=LONGEST, metavar="N", help=f"English tokens (default: {LONGEST})"
    )
    options = parser.parse_args(arguments)
    try:
        found = pairs(options.count, options.seed, options.shortest, options.longest)
    except ValueError as error:
        print(f"english_korean: {error}", file=sys.stderr)
        return 2
    print(draw_all(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
