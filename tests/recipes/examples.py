"""Recipes that tests use."""

from __future__ import annotations

COMPRESSORS = r"""apiVersion: autobench/v1
kind: Benchmark
metadata: {name: compressors}
spec:
  parameters:
    size: {type: integer, default: 4000000, unit: byte}

  steps:
    - {id: data, run: 'head -c ${parameters.size} /dev/urandom > data.bin'}

    - id: pack
      needs: [data]
      matrix: {tool: [gzip, xz], level: [1, 6]}
      run: '${matrix.tool} -${matrix.level} -kc data.bin | wc -c'
      repeat: 5
      warmup: 1
      timeout: 60s
      retries: {max: 2, backoff: 1s}
      extract: {packed: {regex: '(\d+)', unit: byte, better: lower}}
      expect: {packed: {max: 4100000}}
      edges: {failure: report}
    - {id: report, needs: [pack], call: 'analysis:report'}
"""


def recipe_of(*lines: str, parameters: str = "") -> str:
    """A recipe with one step, ``s``, whose further lines stand from line 8 on; parameters stand on line 5."""
    step = "".join(f"      {line}\n" for line in lines)
    return (
        "apiVersion: autobench/v1\nkind: Benchmark\nmetadata: {name: one}\nspec:\n"
        f"  parameters: {{{parameters}}}\n  steps:\n    - id: s\n{step}"
    )
