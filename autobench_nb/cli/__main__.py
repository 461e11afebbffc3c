"""``python -m autobench_nb.cli``."""

from __future__ import annotations

import sys

from autobench_nb.cli.main import main

sys.exit(main())
