"""The command line: ``autobench-nb serve | replay``."""
