"""The built-in set of secrets, switched on by ``LOG_REDACT_SECRETS=true``: what they look like, by name.

The shapes are those that the issuers document for their keys. ``hint`` is what the joined batch is searched for, and
is wider or the same; ``group`` is the part that is replaced (0: all of it), so that what stands around it can be read.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Secret(NamedTuple):
    """One kind of secret."""

    name: str
    pattern: str
    group: int = 0
    wider: str | None = None

    @property
    def hint(self) -> str:
        """What to search the joined batch for."""
        return self.wider or self.pattern


SECRETS: Final = (
    Secret(
        "private-key",
        # To the end of the text where the end line is missing: half a key is a secret too.
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
        r"(?s:.*?)(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|\z)",
        wider=r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY",
    ),
    Secret(
        "aws-access-key", r"\b(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA)[A-Z0-9]{16}\b"
    ),
    Secret(
        "aws-secret-key",
        r"(?i:aws|amazon)[^\n]{0,24}?(?i:secret|private)[^\n]{0,24}?[\s'\"=:]([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+]|\z)",
        1,
        wider=r"(?i:aws|amazon)[^\n]{0,24}(?i:secret|private)[^\n]{0,24}[\s'\"=:][A-Za-z0-9/+]{40}",
    ),
    Secret("google-api-key", r"\bAIza[0-9A-Za-z_-]{35}"),
    Secret("google-oauth", r"\bya29\.[0-9A-Za-z_-]{20,}"),
    Secret("google-client-secret", r"\bGOCSPX-[0-9A-Za-z_-]{20,}"),
    Secret("azure-key", r"(?i:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{40,}={0,2})", 1),
    Secret("azure-sas", r"(?i:[?&]sig)=([A-Za-z0-9%+/]{40,}={0,2})", 1),
    Secret(
        "azure-client-secret",
        r"[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,34}",
        wider=r"8Q~[A-Za-z0-9_~.-]{31}",
    ),
    Secret("github-token", r"\bgh[pousr]_[A-Za-z0-9]{36,}"),
    Secret("github-fine-grained", r"\bgithub_pat_[A-Za-z0-9_]{22,}"),
    Secret("gitlab-token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    Secret("slack-token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    Secret("slack-webhook", r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9/_-]{16,})", 1),
    Secret("stripe-key", r"\b[rs]k_live_[0-9A-Za-z]{16,}"),
    Secret("npm-token", r"\bnpm_[A-Za-z0-9]{36}"),
    Secret("pypi-token", r"\bpypi-[A-Za-z0-9_-]{50,}"),
    Secret("huggingface-token", r"\bhf_[A-Za-z0-9]{30,}"),
    Secret("bearer", r"(?i:\bbearer)\s+([A-Za-z0-9._~+/-]{12,}=*)", 1),
    Secret(
        "authorization",
        r"(?i:authorization)['\"]?\s*[:=]\s*['\"]?(?i:basic|token|digest)\s+([^\s'\"]+)",
        1,
    ),
    Secret("jwt", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    # The user's name stays: it often says which of several accounts failed.
    Secret("url-password", r"://[^\s/?#:@]*:([^\s/?#]+)@", 1),
)

SENSITIVE_FIELDS: Final = re.compile(
    r"(?i)(?:^|[._-])(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|authorization|cookie"
    r"|(?:api|access|private|secret)[_-]?key)$|(?:password|apikey|accesstoken|clientsecret)$"
)
"""Names of fields whose value is a secret whatever it looks like."""
