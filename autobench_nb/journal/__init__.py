"""What outlives the process: runs, steps, results, artifacts, devices and logs in one SQLite file.

:mod:`~autobench_nb.journal.journal` is the ledger that an orchestrator tells; one thread writes the file
(:mod:`~autobench_nb.journal.writer`). :mod:`~autobench_nb.journal.reader` reads it, also without an orchestrator.
"""
