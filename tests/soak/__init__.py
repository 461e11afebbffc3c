"""A bad network and a busy kernel for as long as one likes: ``python -m tests.soak --seconds 3600``.

A real kernel with an orchestrator, and three real clients of it: by a socket, by a socket through a real Jupyter server
with jupyter-server-proxy, and by widget messages. Faults come by turns; after each every line is accounted for.
"""
