"""Run as a script: all descriptors are taken before the first log entry is read; then they are given back."""

from __future__ import annotations

import os
import resource
import sys

import autobench_nb as ab

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    bench = ab.Orchestrator(environ={})
    server = bench.serve(thread=True)
    taken = []
    try:
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    for number in range(150):
        bench.log("x").info(f"line {number}")
        bench.state.set("/config/number", number)
    assert "numpy" not in sys.modules
    while not bench._rooms.hub.telemetry.errors:  # a flush has failed
        bench.state.set("/config/number", -1)
        server.flush()
    run = bench.run("true")
    assert run.wait(60)
    for descriptor in taken:
        os.close(descriptor)
    print(run.jobs[0].reason)
    print(sum(entry.channel == "x" for entry in bench.logs))
    print(sum("Too many open files" in e.message and e.channel != "job" for e in bench.logs))
    with ab.connect(server.url) as client:
        print(sum(entry.channel == "x" for entry in client.logs))
    print(bench.run("true").wait(60))
    bench.close()
