"""Run as a script: serves with few descriptors; each line on stdin is answered by how often accepting has failed.

The line ``jobs`` is answered by how two commands at once came out, and by how many lines of theirs can be read.
"""

from __future__ import annotations

import resource
import sys

import autobench_nb as ab

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    bench = ab.Orchestrator()
    server = bench.serve(thread=True)
    print(server.port, flush=True)
    for asked in sys.stdin:
        if asked == "jobs\n":
            run = bench.run(["echo here"] * 2, parallel=2)
            run.wait()
            heard = sum(job.output.split() == ["here"] for job in run.jobs)
            print({job.reason or "succeeded" for job in run.jobs}, heard, flush=True)
            continue
        told = [entry.message for entry in bench.logs if "no descriptors are left" in entry.message]
        print(len(told), server._http._untold + len(told), flush=True)
    bench.close()
