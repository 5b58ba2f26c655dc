"""Make the driving story's data in any size: `generate.py --rows 100000000 --seed 7 --out DIR`."""

import argparse
from pathlib import Path

from sekisho.cli.story_driving_data import make_data


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="how many trips there are")
    parser.add_argument("--seed", type=int, default=7, help="which one of many worlds")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--threads", type=int, default=2, help="how many work")
    options = parser.parse_args()
    try:
        make_data(options.out, rows=options.rows, seed=options.seed, threads=options.threads)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
