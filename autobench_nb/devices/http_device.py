"""Devices that speak HTTP: values by JSON pointers, actions as requests."""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import orjson

from autobench_nb.devices.device import Action
from autobench_nb.devices.lines import Exchange, LineAction
from autobench_nb.errors import ConfigError, DeviceError, reason_of
from autobench_nb.state.pointer import MISSING, find, parse

MAX_ANSWER_BYTES: Final = 1_048_576
"""What an answer may have."""
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e\x80-\xff]*")
"""A name and a value, as RFC 9110 has them in sections 5.6.2 and 5.5."""


@dataclass(frozen=True, slots=True)
class HttpAction:
    """An action as a request.

    Attributes:
        path: Below the device's URL; ``{name}`` stands for an argument, and is quoted.
        method: Such as ``POST``.
        json: The body; texts in it that are ``{name}`` become the argument itself.
        about: One line for people.
        desired: What is wished for once it is done; ``{name}`` in keys and texts stands for an argument.
        value: A JSON pointer to what the device answered; None: nothing is read out of the answer.
    """

    path: str = ""
    method: str = "POST"
    json: Any = None
    about: str = ""
    desired: Mapping[str, Any] = field(default_factory=dict)
    value: str | None = None


class HttpDevice:
    """A device that answers a GET with JSON.

    Args:
        name: Its id.
        url: Its address, ``http`` or ``https``.
        values: A JSON pointer (RFC 6901) for each quantity.
        path: Below the URL: what a probe asks for.
        units: Of the quantities.
        actions: What it can do.
        headers: Sent with each request, such as an authorisation. They are told to nobody.
        type: What it is.
        power: The quantity that is a power in watts.
        timeout_s: Seconds that a request may take, whole.
        proxies: Whether the proxies of the environment are used: devices usually stand beside the machine.

    Raises:
        ConfigError: The URL is none that can be asked, a pointer is none, or HTTP has no such header.
    """

    def __init__(
        self,
        name: str,
        url: str,
        values: Mapping[str, str],
        *,
        path: str = "",
        units: Mapping[str, str] | None = None,
        actions: Mapping[str, HttpAction] | None = None,
        headers: Mapping[str, str] | None = None,
        type: str = "HTTP device",
        power: str | None = None,
        timeout_s: float = 3.0,
        proxies: bool = False,
    ) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ConfigError("url", url, "an address that begins with http:// or https://")
        for key, value in (headers or {}).items():
            if not _HEADER.fullmatch(f"{key}: {value}"):
                # The value is told to nobody, not even to who gave it.
                raise ConfigError(
                    f"headers[{key!r}]", "…", "a name and a text as HTTP has them, in Latin-1"
                )
        self._pointers = {quantity: parse(pointer) for quantity, pointer in values.items()}
        self.name = name
        self.type = type
        self.power = power
        self.units = dict(units or {})
        self._url = url.rstrip("/")
        self._path = path
        self._headers = dict(headers or {})
        self._timeout_s = timeout_s
        handlers = [] if proxies else [urllib.request.ProxyHandler({})]
        self._opener = urllib.request.build_opener(_SameOrigin, *handlers)
        self._actions = {
            key: Action(
                partial(self._act, one),
                about=one.about,
                desired=partial(_wishes, one),
                args=_args_of(one),
            )
            for key, one in (actions or {}).items()
        }

    @property
    def actions(self) -> Mapping[str, Action]:
        """What it can do."""
        return self._actions

    def probe(self) -> dict[str, Any]:
        """Ask for its values.

        Raises:
            DeviceError: It cannot be reached, answers with an error, or what it answers lacks a value.
        """
        answer = self._request("GET", self._path, None)
        observed = {}
        for quantity, parts in self._pointers.items():
            value = find(answer, parts)
            if value is MISSING:
                where = "/" + "/".join(parts)
                raise self._failed("probe", f"its answer has nothing at {where} for {quantity}")
            observed[quantity] = value
        return observed

    def close(self) -> None:
        """Nothing is held between two requests."""

    def _act(self, action: HttpAction, **args: Any) -> Any:
        quoted = {name: urllib.parse.quote(str(value), safe="") for name, value in args.items()}
        path = action.path
        for name, text in quoted.items():
            path = path.replace(f"{{{name}}}", text)
        answer = self._request(action.method, path, _filled(action.json, args))
        if action.value is None:
            return None
        value = find(answer, parse(action.value))
        return None if value is MISSING else value

    def _request(self, method: str, path: str, body: Any) -> Any:
        headers = dict(self._headers)
        data = None
        if body is not None:
            data = orjson.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        end = time.monotonic() + self._timeout_s
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                text = self._read(answer, end)
        except urllib.error.HTTPError as error:
            with error:
                raise self._failed(method, f"HTTP status {error.code}") from None
        except urllib.error.URLError as error:
            raise self._failed(method, f"{self._url}: {error.reason}") from None
        except TimeoutError:
            raise self._failed(method, f"no answer within {self._timeout_s:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise self._failed(method, f"{self._url}: {reason_of(error)}") from None
        if not text.strip():
            return None
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            if method != "GET":
                # Many devices say a plain word when they have done what they were told.
                return None
            raise self._failed(method, f"its answer is no JSON: {text[:40]!r}") from None

    def _read(self, answer: Any, end: float) -> bytes:
        """The whole answer; who sends it drop by drop has the same time as everybody."""
        parts: list[bytes] = []
        size = 0
        while part := answer.read1(65_536):
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise self._failed("read", f"its answer is longer than {MAX_ANSWER_BYTES:,} bytes")
            if time.monotonic() > end:
                raise TimeoutError
            parts.append(part)
        return b"".join(parts)

    def _failed(self, what: str, why: str) -> DeviceError:
        return DeviceError(self.name, what, "failed", why)


class _SameOrigin(urllib.request.HTTPRedirectHandler):
    """Goes where a device sends it, but to no other host: a redirected request carries the headers, secrets too."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: Any,
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl)[:2] != urllib.parse.urlsplit(req.full_url)[:2]:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _filled(body: Any, args: Mapping[str, Any]) -> Any:
    if isinstance(body, str):
        return args[body[1:-1]] if body[:1] == "{" and body[1:-1] in args else body
    if isinstance(body, Mapping):
        return {key: _filled(value, args) for key, value in body.items()}
    return [_filled(one, args) for one in body] if isinstance(body, list) else body


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [*map(str, value), *(text for one in value.values() for text in _texts(one))]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def _lines(action: HttpAction) -> LineAction:
    said = " ".join([action.path, *_texts(action.json)])
    return LineAction(Exchange(said), action.about, action.desired)


def _args_of(action: HttpAction) -> tuple[str, ...]:
    return _lines(action).args


def _wishes(action: HttpAction, **args: Any) -> dict[str, Any]:
    return _lines(action).wishes(args)
