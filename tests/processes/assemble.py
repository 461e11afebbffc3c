"""Makes ``machine_code.py`` from the starters' assembly: ``python -m tests.processes.assemble``.

Needs GNU binutils for both machines (Debian: ``binutils``, ``binutils-aarch64-linux-gnu``).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from autobench_nb.processes import launcher

FOLDER = Path(launcher.__file__).parent
OUTPUT = FOLDER / "machine_code.py"
PREFIXES = {"x86_64": ("", "x86_64-linux-gnu-"), "aarch64": ("aarch64-linux-gnu-", "")}
"""What the assembler's name may begin with, the likely one first."""


def assemble(machine: str) -> bytes | None:
    """The machine code of ``starters/MACHINE.S``; None where no assembler for that machine is installed."""
    source = FOLDER / "starters" / f"{machine}.S"
    with tempfile.TemporaryDirectory() as name:
        built, code = Path(name, "starter.o"), Path(name, "starter.bin")
        for prefix in PREFIXES[machine]:
            if shutil.which(f"{prefix}as") is None or shutil.which(f"{prefix}objcopy") is None:
                continue
            done = subprocess.run(
                [f"{prefix}as", "-o", built, source], capture_output=True, check=False
            )
            if done.returncode == 0:
                subprocess.run(
                    [f"{prefix}objcopy", "-O", "binary", "-j", ".text", built, code], check=True
                )
                return code.read_bytes()
    return None


def main() -> None:
    """Write the file."""
    text = [
        '"""The starters as machine code: made by tests/processes/assemble.py, never edited."""\n'
    ]
    text.append("from typing import Final\n")
    for machine in PREFIXES:
        code = assemble(machine)
        if code is None:
            raise SystemExit(f"no assembler for {machine} is installed")
        rows = [code[at : at + 32].hex() for at in range(0, len(code), 32)]
        lines = "\n".join(f'    "{row}"' for row in rows)
        text.append(f"{machine.upper()}: Final = bytes.fromhex(\n{lines}\n)")
    OUTPUT.write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    main()
