"""What the machine is and how noisy it was, and whether what was measured may be compared."""

from __future__ import annotations

from autobench_nb.machine.comparison import Comparability, Conditions, Difference, comparable
from autobench_nb.machine.fingerprint import Fingerprint, read_fingerprint
from autobench_nb.machine.noise import Noise, NoiseMeter
from autobench_nb.machine.system import System

__all__ = [
    "Comparability",
    "Conditions",
    "Difference",
    "Fingerprint",
    "Noise",
    "NoiseMeter",
    "System",
    "comparable",
    "read_fingerprint",
]
