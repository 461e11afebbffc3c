"""The page, its assets, the sign-in, and the health checks."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path
from typing import Any, Final

from tornado.web import Finish, HTTPError, StaticFileHandler

from autobench_nb.transports.auth import TOO_MANY_GUESSES, Credential, Refusal, TokenPlace, same
from autobench_nb.transports.http.handlers import SECURITY_HEADERS, Guarded, Site

COOKIE_DAYS: Final = 30
USED_LINK: Final = (
    "That link has been used before, or is too old: ask for a new one, or give the token here."
)

_LOGIN_CSS: Final = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { display: grid; place-items: center; min-height: 90vh; margin: 0 1rem; }
main { width: min(26rem, 100%); }
h1 { font-size: 1.25rem; }
label { display: block; font-weight: 600; }
input, button { box-sizing: border-box; width: 100%; margin: .35rem 0 .75rem; padding: .55rem .7rem; font: inherit; }
.problem { border-left: 3px solid #c33; padding-left: .7rem; }
code { overflow-wrap: anywhere; }
"""

_LOGIN_CSS_HASH: Final = base64.b64encode(hashlib.sha256(_LOGIN_CSS.encode()).digest()).decode()

# The referrer policy of its own: with "no-referrer" a browser sends a form with "Origin: null".
_LOGIN_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="same-origin">
<link rel="icon" href="data:,">
<title>Sign in to {name}</title>
<style>{css}</style>
</head>
<body>
<main>
<h1>Sign in to {name}</h1>
{problem}
<form method="post" action="login">
<label for="access">Access token</label>
<input id="access" name="access" type="password" autocomplete="current-password" required autofocus>
<button>Sign in</button>
</form>
<p>The token is the value of <code>AUTOBENCH_TOKEN</code> where that was set; else the link that
<code>autobench-nb serve</code> printed signs in once. In a notebook, <code>bench.serve().token</code> shows the token,
and <i>Open page</i> in the dashboard signs in without it.</p>
</main>
</body>
</html>
"""


class SignIn(Guarded):
    """What the page and the sign-in form share: the cookie, and the form."""

    needs_token = False

    def sign_in(self, *, access: str = "", code: str = "") -> None:
        """With the token, or a code of a link: set the cookie, go to the page. Else the form says what is wrong."""
        gate, peer = self.site.gate, str(self.request.remote_ip)
        if not gate.guesses.may_try(peer):
            self.show_form(429, TOO_MANY_GUESSES.message)
            return
        if not (gate.codes.redeem(code) if code else same(access, gate.token)):
            gate.guesses.wrong(peer)
            self.show_form(
                403, USED_LINK if code else "That is not the access token of this server."
            )
            return
        self.set_cookie(
            gate.cookie_name,
            gate.cookie_value,
            expires_days=COOKIE_DAYS,
            httponly=True,
            samesite="Strict",
            secure=self.request.protocol == "https",
        )
        # Relative, since a proxy may have put a path before ours.
        self.redirect(".", status=303)

    def show_form(self, status: int, problem: str = "") -> None:
        """The sign-in form, with what went wrong."""
        self.set_status(status)
        policy = SECURITY_HEADERS["Content-Security-Policy"].replace(
            "style-src 'self'", f"style-src 'self' 'sha256-{_LOGIN_CSS_HASH}'"
        )
        self.set_header("Content-Security-Policy", policy)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(
            _LOGIN_PAGE.format(
                name=escape(self.site.name),
                css=_LOGIN_CSS,
                problem=f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else "",
            )
        )


class Page(SignIn):
    """``/``: the page for those who are signed in, the form for the others; ``/?code=...`` signs in, once.

    So does ``/?access=TOKEN``, for those who hold the token and no code.
    """

    def get(self) -> None:
        code = self.get_query_argument("code", None)
        access = self.get_query_argument("access", None)
        if code or access is not None:
            self.sign_in(access=access or "", code=code or "")
            return
        if self.credential is not Credential.VALID:
            if self.request.headers.get("Sec-Fetch-Site") == "cross-site":
                # Somebody followed a link on another site (JupyterLab on "localhost", say): a Strict cookie is not
                # sent along then, but it is when our own page asks.
                self.set_header("Content-Type", "text/html; charset=utf-8")
                self.finish('<!doctype html><meta http-equiv="refresh" content="0;url=.">')
            else:
                self.show_form(200)
            return
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
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(page.read_bytes())


class Login(SignIn):
    """``POST /login`` with the field ``access``; ``GET`` shows the form."""

    def get(self) -> None:
        self.show_form(200)

    def post(self) -> None:
        if self.source is TokenPlace.LOOPBACK:
            # Nobody else's page signs a person in.
            self.refuse(Refusal(403, "bad-origin", "Sign in on this server's own page."))
        self.sign_in(access=self.get_body_argument("access", ""))


class Logout(Guarded):
    """``POST /logout``: the browser forgets the cookie."""

    def post(self) -> None:
        self.clear_cookie(self.site.gate.cookie_name)
        self.redirect(".", status=303)


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
