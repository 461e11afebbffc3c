"""Run as a script: serves with few descriptors; each line on stdin is answered by how often accepting has failed."""

from __future__ import annotations

import resource
import sys

import autobench_nb as ab

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    bench = ab.Orchestrator()
    server = bench.serve(thread=True)
    print(server.port, flush=True)
    for _ in sys.stdin:
        told = [entry.message for entry in bench.logs if "no descriptors are left" in entry.message]
        print(len(told), server._http._untold + len(told), flush=True)
    bench.close()
