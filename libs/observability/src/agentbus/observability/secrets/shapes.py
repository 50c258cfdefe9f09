r"""Secrets that are known by their shape alone: the prefixes that their makers publish. Called by `text`.

A pattern is tried where one of its `marks`, fixed words, stands in the text, and hides its group `s`, or all
of it. No pattern may backtrack into itself: tests/unit/observability counts the steps on hostile texts.
Patterns of detect-secrets are taken over where they begin with a fixed word; the others guess too often.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector


class Shape(NamedTuple):
    """A kind of secret: without one of `marks` (none: always tried) `pattern` cannot match."""

    kind: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(kind: str, marks: str, pattern: str) -> Shape:
    return Shape(kind, tuple(marks.split("|")), re.compile(pattern))


def _kept(kind: str, marks: str, patterns: Iterable[re.Pattern[str]]) -> list[Shape]:
    return [Shape(kind, tuple(marks.split("|")), pattern) for pattern in patterns]


_KEY: Final = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_WHOLE: Final = rf"(?=(?:[^-]|-(?!----)){{64}})(?:[^-]++|-(?!----))++-----END {_KEY}"
_BREAK: Final = r"(?:\s|\\{1,8}[nr])"
_LINE: Final = r"[A-Za-z0-9+/=]{40,}+"
_CUT_OFF: Final = rf"{_BREAK}*+(?:{_LINE}{_BREAK}*+)++[A-Za-z0-9+/=]*+"

SHAPES: Final[tuple[Shape, ...]] = (
    # Whole, or cut off after at least one line of it.
    _shape("private_key", "PRIVATE KEY", rf"-----BEGIN {_KEY}(?:{_WHOLE}|{_CUT_OFF})"),
    # JSON Web Tokens, signed or encrypted.
    _shape("jwt", "eyJ", r"\beyJ[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]{8,}+){1,3}+"),
    # HTTP's Authorization (RFC 6750, RFC 7617): a token of that length has a digit, a word of prose seldom.
    _shape(
        "bearer", "earer |EARER ", r"\b(?:[Bb]earer|BEARER) (?=[\w.~+/-]{0,512}\d)(?P<s>[\w.~+/-]{20,}+=*+)"
    ),
    _shape("basic", "asic ", r"(?i:\bAuthorization)\W{1,4}[Bb]asic (?P<s>[\w+/-]{8,}+=*+)"),
    _shape(
        "authorization",
        "uthorization",
        r"(?i:\bAuthorization)\\{0,8}[\"']?: ?\\{0,8}[\"']?(?:[Tt]oken|[Aa]pi[Kk]ey) (?P<s>[\w.~+/=-]{8,}+)",
    ),
    _shape(
        "cookie",
        "ookie:",
        r"(?i:\b(?:Set-)?Cookie): ?"
        r"(?P<s>[^\s=;,]{1,128}=[^\s;]{8,4096}+(?:; ?[^\s=;,]{1,128}=[^\s;]{1,4096}+){0,64})",
    ),
    # user:password@host, not a template of one.
    _shape("url_password", "://", r"://(?P<s>[^\s/:@\"'<>{}$*\\\[]{0,256}:[^\s/@\"'<>{}$*\\]{1,512})(?=@)"),
    # Cloud keys and tokens of services.
    _shape("aws", "AKIA|ASIA|ABIA|ACCA", r"\b(?:A[KS]IA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    _shape(
        "aws_secret",
        "ecret|ECRET",
        r"(?i)aws_?(?:secret_?)(?:access_?)?key\\{0,8}[\"']?\s{0,3}[:=]\s{0,3}\\{0,8}[\"']?(?P<s>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])",
    ),
    _shape(
        "azure",
        "AccountKey=|SharedAccessKey=",
        r"(?:AccountKey|SharedAccessKey)=(?P<s>[A-Za-z0-9+/]{40,88}+=*+)",
    ),
    _shape("google", "AIza", r"\bAIza[\w-]{35}"),
    _shape("google_oauth", "GOCSPX-|ya29.", r"\b(?:GOCSPX-[\w-]{28}|ya29\.[\w-]{20,}+)"),
    _shape("github", "ghp_|gho_|ghu_|ghs_|ghr_", r"\bgh[pousr]_[A-Za-z0-9]{36,}+"),
    _shape("github", "github_pat_", r"\bgithub_pat_\w{40,}+"),
    *_kept(
        "gitlab",
        "glpat-|gldt-|glft-|glsoat-|glrt-|GR1348941|glcbt-|glimt-|glptt-|glagent-|gloas-",
        GitLabTokenDetector.denylist,
    ),
    _shape("slack", "xox", r"\bxox[abceoprs]-(?=[\w-]{0,256}\d)[\w-]{10,}+"),
    _shape("slack", "xapp-", r"\bxapp-\d-[A-Z0-9]{8,}+-\d+-[0-9a-f]{32,}+"),
    *_kept("slack", "hooks.slack.com", SlackDetector.denylist[1:]),
    _shape("stripe", "k_live_|k_test_|whsec_", r"\b(?:[rsp]k_(?:live|test)_|whsec_)[A-Za-z0-9]{16,}+"),
    _shape("openai", "sk-", r"\bsk-(?!ant-)(?=[\w-]{0,256}\d)(?=[\w-]{0,256}[A-Z])[\w-]{20,}+"),
    _shape("anthropic", "sk-ant-", r"\bsk-ant-[\w-]{20,}+"),
    _shape("huggingface", "hf_", r"\bhf_[A-Za-z0-9]{34,}+"),
    _shape("npm", "npm_", r"\bnpm_[A-Za-z0-9]{36}"),
    _shape("pypi", "pypi-AgE", r"\bpypi-AgE[\w-]{50,}+"),
    *_kept("sendgrid", "SG.", SendGridDetector.denylist),
    *_kept("square", "sq0csp-", SquareOAuthDetector.denylist),
    *_kept("telegram", ":AA", TelegramBotTokenDetector.denylist),
    # Our own API keys: ab_<id>_<secret>.
    _shape("agentbus", "ab_", r"\bab_[A-Za-z0-9-]{4,64}_[\w-]{20,}+"),
)
