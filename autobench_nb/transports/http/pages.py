"""The page, its assets, the sign-in, and the health checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from tornado.web import Finish, HTTPError, StaticFileHandler

from autobench_nb.transports.auth import (
    TOO_MANY_GUESSES,
    WRONG_TOKEN,
    Credential,
    Refusal,
    TokenPlace,
    unauthorized,
)
from autobench_nb.transports.http.handlers import Guarded, Site

USED_LINK: Final = Refusal(
    403,
    "used-link",
    "That link has been used before, or is too old: ask for a new one, or give the token here.",
)
SECRETS: Final = ("access", "token")
"""Names under which people write the token into an address."""


class Page(Guarded):
    """``/``: the page, for everyone: it holds nothing, and signs in by itself (``POST login``).

    Where the token stands in its address, it is not taken, and the status is 404: the address of such an answer no
    browser lists in its history or offers again. The page says what to do instead.
    """

    needs_token = False

    def get(self) -> None:
        page = self.site.static / "page.html"
        if not page.is_file():
            self.refuse(
                Refusal(
                    503,
                    "no-page",
                    "The page's files are not there: they are made when the package is installed. Run "
                    "`pip install -e .` in the checkout again.",
                )
            )
        if any(name in self.request.query_arguments for name in SECRETS):
            self.set_status(404)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(page.read_bytes())


class Login(Guarded):
    """``POST /login`` with the field ``access``, the token, or ``code``, of a link: gives ``{"key": ...}``.

    With neither, it does so for who is let in anyway by the ``Authorization`` that a proxy sends along. The key is what
    the page keeps in place of the token.
    """

    needs_token = False

    def post(self) -> None:
        if self.source is TokenPlace.LOOPBACK:
            # Nobody else's page signs a person in.
            self.refuse(Refusal(403, "bad-origin", "Sign in on this server's own page."))
        gate = self.site.gate
        code, access = self.get_body_argument("code", ""), self.get_body_argument("access", "")
        if not code and not access:
            # A proxy may send the token along, as that of a Jupyter server's launcher does: nothing is guessed here.
            credential = self.credential
            if not credential.lets_in:
                self.refuse(unauthorized(credential))
        elif code:
            if not gate.guesses.may_try(self.peer):
                self.refuse(TOO_MANY_GUESSES)
            if not gate.codes.redeem(code):
                gate.guesses.wrong(self.peer)
                self.refuse(USED_LINK)
            credential = Credential.VALID
        else:
            credential = gate.judge(access, self.peer)
            if not credential.lets_in:
                self.refuse(TOO_MANY_GUESSES if credential is Credential.UNHEARD else WRONG_TOKEN)
        self.finish_json({"key": gate.new_key(credential)})


class Static(Guarded, StaticFileHandler):
    """``/static/...``: the bundles. They hold no secret, and the sign-in does not need them."""

    needs_token = False

    def initialize(self, site: Site, path: str) -> None:  # type: ignore[override]
        Guarded.initialize(self, site)
        StaticFileHandler.initialize(self, path)

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002 - tornado names it
        self.set_header("Cache-Control", "no-cache")

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        try:
            resolved = Path(absolute_path).resolve()
        except ValueError:  # a NUL in it
            raise HTTPError(404) from None
        if not resolved.is_relative_to(Path(root).resolve()) or not resolved.is_file():
            raise HTTPError(404)
        return super().validate_absolute_path(root, absolute_path)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        Guarded.write_error(self, status_code, **kwargs)


class Icon(Guarded):
    """Browsers ask for it whatever the page says."""

    needs_token = False
    is_logged = False

    def get(self) -> None:
        self.set_status(204)
        self.finish()


class Health(Guarded):
    """``/healthz``: the loop answers. Tells nothing else, and leaves no line in the log."""

    needs_token = False
    is_logged = False

    def get(self) -> None:
        self.finish_json({"status": "ok"})


class Ready(Guarded):
    """``/readyz``: 200 where the orchestrator takes work, 503 while it starts or closes."""

    needs_token = False
    is_logged = False

    def get(self) -> None:
        if not self.site.is_ready():
            self.set_status(503)
            self.finish_json({"status": "not ready"})
            raise Finish
        self.finish_json({"status": "ready"})
