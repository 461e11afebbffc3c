"""``python -m tests.soak --seconds 300``: prints one line a round with ``--verbose``, and one at the end."""

from __future__ import annotations

import argparse
import sys

from tests.soak.rounds import SoakFailed, soak


def main() -> int:
    """0: nothing was lost unannounced, and nothing is left."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="at least one of each fault")
    parser.add_argument("--fault-seconds", type=float, default=3.0, help="of each fault")
    parser.add_argument("--verbose", action="store_true", help="a line for each fault")
    given = parser.parse_args()
    try:
        print(
            soak(given.seconds, given.fault_seconds, print if given.verbose else lambda _line: None)
        )
    except SoakFailed as error:
        print(f"soak FAILED: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
