"""Benchmarks: each figure side by side with its peer, in one run. Start: ``python -m tests.benchmarks``."""
