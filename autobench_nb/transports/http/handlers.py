"""What every request goes through: Host, Origin, credentials, security headers, the request log.

Handlers of pages, of the HTTP interface and of the socket all derive from :class:`Guarded`, and get a :class:`Site`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import responses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import orjson
from tornado.web import Finish, HTTPError, RequestHandler

from autobench_nb.config import Config
from autobench_nb.logs.ring.ring import LogRing
from autobench_nb.state.store import StateStore
from autobench_nb.transports.auth import (
    READS_ONLY,
    SAFE_METHODS,
    Credential,
    Gate,
    Refusal,
    TokenPlace,
    unauthorized,
)
from autobench_nb.transports.command_queue import CommandQueue
from autobench_nb.transports.commands import Log
from autobench_nb.transports.guesses import REFILL_S
from autobench_nb.transports.http.admission import HalfOpen
from autobench_nb.transports.http.failures import FailedRequests
from autobench_nb.transports.http.forwarded import host_of
from autobench_nb.transports.http.refusals import page_of, wants_page
from autobench_nb.transports.liveness import Liveness
from autobench_nb.transports.pump import Pump

if TYPE_CHECKING:
    from autobench_nb.transports.http.streams import PictureSource

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Server": "autobench-nb",
}
"""On every answer. ``connect-src 'self'`` covers the page's own WebSocket (CSP level 3)."""

PATH_SHOWN_CHARS: Final = 200


@dataclass(slots=True)
class Site:
    """What the handlers of one server share."""

    name: str
    epoch: str
    config: Config
    gate: Gate
    pump: Pump
    commands: CommandQueue
    liveness: Liveness
    store: StateStore
    ring: LogRing
    log: Log
    static: Path
    is_ready: Callable[[], bool]
    direct_writer: bool = True
    pictures: PictureSource | None = None
    half_open: HalfOpen = field(default_factory=HalfOpen)
    failures: FailedRequests = field(default_factory=FailedRequests)


class Guarded(RequestHandler):
    """Refuses before anything is read; ``needs_token`` says whether the token is asked for."""

    needs_token = True
    is_logged = True
    success_is_silent = False
    readers_may_post = False

    def initialize(self, site: Site) -> None:
        self.site = site

    @property
    def peer(self) -> str:
        """The client's address."""
        return str(self.request.remote_ip)

    def set_default_headers(self) -> None:
        for name, value in SECURITY_HEADERS.items():
            self.set_header(name, value)
        self.set_header("Cache-Control", "no-store")

    def prepare(self) -> None:
        stream = getattr(self.request.connection, "stream", None)
        if stream is not None:
            self.site.half_open.discard(stream)
        headers = self.request.headers
        gate = self.site.gate
        host = headers.get("Host")
        self.source = gate.source(headers.get("Origin"), host, host_of(headers))
        if self.source is TokenPlace.NONE and headers.get("Sec-Fetch-Site") == "cross-site":
            # A browser that hides the origin: let it come in by a link, and nothing else.
            navigates = headers.get("Sec-Fetch-Mode") == "navigate"
            if not (navigates and self.request.method in SAFE_METHODS):
                self.source = TokenPlace.FOREIGN
        self.credential = gate.credential(headers.get("Authorization"), self.peer)
        refusal = gate.host_refusal(host) or gate.origin_refusal(self.source)
        if refusal is None and self.needs_token:
            refusal = self._credential_refusal()
        if refusal is not None:
            self.refuse(refusal)

    def _credential_refusal(self) -> Refusal | None:
        if not self.credential.lets_in:
            return unauthorized(self.credential)
        reads = self.request.method in SAFE_METHODS or self.readers_may_post
        return None if reads or self.credential is Credential.VALID else READS_ONLY

    def refuse(self, refusal: Refusal) -> NoReturn:
        """Answer with the refusal and stop."""
        self.set_status(refusal.status)
        if refusal.status == 401:
            self.set_header("WWW-Authenticate", 'Bearer realm="autobench-nb"')
        if refusal.status == 429:
            self.set_header("Retry-After", str(math.ceil(REFILL_S)))
        if wants_page(self.request.headers):
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.finish(page_of(refusal))
        else:
            self.finish_json({"error": {"code": refusal.code, "message": refusal.message}})
        raise Finish

    def finish_json(self, value: Any) -> None:
        """Finish with ``value`` as JSON."""
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(orjson.dumps(value))

    def write_error(self, status_code: int, **_kwargs: Any) -> None:
        """Errors are JSON with a code and a fixed sentence; what was raised stays in the server's log."""
        words = responses.get(status_code, "Unknown")
        code = words.lower().replace(" ", "-")
        self.finish_json({"error": {"code": code, "message": words + "."}})

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if isinstance(value, (HTTPError, Finish)):
            return  # the request log has its status
        super().log_exception(typ, value, tb)

    def check_xsrf_cookie(self) -> None:
        """No request is believed for what a browser adds by itself, see :mod:`autobench_nb.transports.auth`."""


class NotFound(Guarded):
    """Every other path. It asks for the token first, so that it tells nothing."""

    def prepare(self) -> None:
        super().prepare()
        raise HTTPError(404)


def log_request(handler: RequestHandler) -> None:
    """One line a request in the channel ``request``: method, path without its query, status, time.

    Of what succeeded the configured share, and none where it would only double what was written; of what failed the
    first few in each while, and then how many more there were.
    """
    site = getattr(handler, "site", None)
    if not isinstance(site, Site) or not getattr(handler, "is_logged", True):
        return
    status = handler.get_status()
    if status < 400:
        share = site.config.request_sample
        if getattr(handler, "success_is_silent", False) or random.random() >= share:
            return
    elif not site.failures.may_log(status, site.log):
        return
    request = handler.request
    path = request.path[:PATH_SHOWN_CHARS]
    time_ms = round(request.request_time() * 1000, 2)
    level = "debug" if status < 400 else "warn" if status < 500 else "error"
    site.log(
        "request",
        level,
        f"{request.method} {path} {status} {time_ms} ms",
        fields={
            "method": request.method,
            "path": path,
            "status": status,
            "ms": time_ms,
            "peer": request.remote_ip,
        },
    )
