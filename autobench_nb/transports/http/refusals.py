"""A refusal as a page: a browser that was led here shows what is wrong, and by which setting it is mended."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from tornado.httputil import HTTPHeaders

from autobench_nb.transports.auth import Refusal

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>AutoBench: not served</title>
</head>
<body>
<main>
<h1>This page is not served to you</h1>
<p>{sentence}</p>
<p>{status} {code}</p>
</main>
</body>
</html>
"""


def wants_page(headers: HTTPHeaders) -> bool:
    """Whether a person waits for a page: a browser navigates."""
    mode = headers.get("Sec-Fetch-Mode")
    if mode is not None:
        return mode == "navigate"
    return "text/html" in headers.get("Accept", "")


def page_of(refusal: Refusal) -> str:
    """The page; names of settings stand out."""
    sentence = re.sub(r"\bAUTOBENCH_\w+", r"<code>\g<0></code>", escape(refusal.message))
    return _PAGE.format(sentence=sentence, status=refusal.status, code=escape(refusal.code))
