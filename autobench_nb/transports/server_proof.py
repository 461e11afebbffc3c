"""How a server shows that it is the right one before a page gives it the token. No I/O.

A page in a notebook dials an address that its kernel has named. Who listens there may be somebody else: behind
``ssh -L`` the page's loopback is another machine's, a kernel may run elsewhere than its Jupyter server, a port may have
passed on. So the page sends a nonce first, and the token only to who answers with the proof that the kernel has told
the page by widget message. A proof is worth nothing elsewhere: the next page has another nonce.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from functools import lru_cache
from typing import Final

from autobench_nb.contract.server_messages import Proof

ROUNDS: Final = 100_000
"""Of PBKDF2: a token that somebody has thought up is not found by trying, offline, which one gives a proof. About
30 ms, once a token."""

_NONCE: Final = re.compile(r"[\w-]{16,64}", re.ASCII)


def new_challenge(token: str) -> dict[str, str]:
    """A fresh ``nonce``, and the ``proof`` that a server with this token answers it with.

    Empty without a token: then there is nothing that a stranger could be given.
    """
    if not token:
        return {}
    nonce = secrets.token_urlsafe(16)
    return {"nonce": nonce, "proof": proof_of(token, nonce)}


def proof_of(token: str, nonce: str) -> str:
    """What a server with ``token`` answers to ``nonce``: 64 hexadecimal digits."""
    return hmac.new(_key(token), nonce.encode(), hashlib.sha256).hexdigest()


def prepare(tokens: tuple[str, ...]) -> None:
    """Do once what takes long, so that neither a cell nor a loop is held up by it when the first page comes."""
    for token in tokens:
        _key(token)


def answer_to(nonce: str, tokens: tuple[str, ...]) -> Proof | None:
    """What a server with these tokens says first to one who dials with ``nonce``; ``None`` where that is no nonce."""
    if _NONCE.fullmatch(nonce) is None:
        return None
    return Proof([proof_of(token, nonce) for token in tokens])


@lru_cache(maxsize=32)
def _key(token: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", token.encode(), b"autobench-nb server proof", ROUNDS)
