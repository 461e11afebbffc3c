"""What proxies say of a request that they pass on: the browser's name for us, and the path that they kept before ours.

A page of another site cannot send such a header (a browser would ask us first, and we do not answer), and nothing is
granted for it but this: an Origin that equals the forwarded name is our own page's.
"""

from __future__ import annotations

from typing import Final

from tornado.httputil import HTTPHeaders

ABSOLUTE: Final = r"(?:/[^?#]*)?/proxy/absolute/\d+"
"""A path before ours that jupyter-server-proxy has kept. What it takes away is no matter: our pages are relative."""


def host_of(headers: HTTPHeaders) -> str | None:
    """The host that the browser asked for, where a proxy says so: of several proxies the first was the browser's."""
    said = headers.get("X-Forwarded-Host", "")
    return said.partition(",")[0].strip().lower() or None
