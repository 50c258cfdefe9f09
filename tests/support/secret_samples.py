"""Realistic secrets of each kind, put together here, so that no scanner takes the repository for a leak."""

import base64
import random
import string
from typing import Final

_RANDOM: Final = random.Random(20261123)
_LETTERS: Final = string.ascii_letters + string.digits


def _word(length: int, letters: str = _LETTERS) -> str:
    # A digit, a capital and a small letter first, as any real one of that length has.
    return "7Kq"[: length - 1] + "".join(_RANDOM.choices(letters, k=length - min(3, length - 1)))


def _b64(size: int) -> str:
    return base64.urlsafe_b64encode(_RANDOM.randbytes(size)).decode().rstrip("=")


_BODY: Final = "\n".join(base64.b64encode(_RANDOM.randbytes(48)).decode() for _ in range(10))
PEM: Final = f"-----BEGIN PRIVATE {'KEY'}-----\n{_BODY}\n-----END PRIVATE {'KEY'}-----"
JWT: Final = f"ey{'J'}hbGciOiJIUzI1NiJ9.{_b64(60)}.{_b64(32)}"

SHAPED: Final[dict[str, tuple[str, ...]]] = {
    "private_key": (
        PEM,
        PEM.replace("PRIVATE", "ENCRYPTED PRIVATE"),
        PEM.replace("PRIVATE", "RSA PRIVATE"),
        PEM.replace("\n", "\\n"),
        PEM.replace("\n", "\\\\n"),
        PEM[:300],
    ),
    "jwt": (JWT, f"ey{'J'}hbGciOiJSU0EifQ.{_b64(64)}.{_b64(12)}.{_b64(50)}.{_b64(16)}"),
    "github": (*(f"gh{each}_{_word(36)}" for each in "pousr"), f"github{'_pat'}_{_word(22)}_{_word(59)}"),
    "gitlab": (f"gl{'pat'}-{_word(20)}", f"gl{'ptt'}-{_word(40, string.hexdigits)}"),
    "aws": (f"AK{'IA'}Z7Q3VHK2LM4TNP5W", f"AS{'IA'}Z7Q3VHK2LM4TNP5W"),
    "google": (f"AI{'za'}Sy{_word(33)}",),
    "google_oauth": (f"GOC{'SPX'}-{_word(28)}", f"ya{'29'}.{_word(80)}"),
    "slack": (
        f"xo{'xb'}-123456789012-1234567890123-{_word(24)}",
        f"https://hooks.slack.{'com'}/services/T{_word(8)}/B{_word(8)}/{_word(24)}",
    ),
    "stripe": (f"sk{'_live'}_{_word(24)}", f"rk{'_test'}_{_word(99)}", f"wh{'sec'}_{_word(32)}"),
    "openai": (f"s{'k'}-{_word(48)}", f"s{'k'}-proj-{_word(40)}_{_word(40)}"),
    "anthropic": (f"s{'k'}-ant-api03-{_word(93)}AA",),
    "huggingface": (f"h{'f'}_{_word(34)}",),
    "npm": (f"np{'m'}_{_word(36)}",),
    "pypi": (f"py{'pi'}-AgEIcHlwaS5vcmc{_word(90)}",),
    "sendgrid": (f"S{'G'}.{_word(22)}.{_word(43)}",),
    "square": (f"sq0{'csp'}-{_word(43)}",),
    "telegram": (f"1234567890:A{'A'}{_word(33)}",),
    "agentbus": (f"a{'b'}_{_word(12, string.hexdigits)}_{_word(43)}",),
}
"""Known by themselves, wherever they stand."""

_PASSWORD: Final = "hunter2-and-" + "more"
_SWORDFISH: Final = "sword" + "fish"
IN_CONTEXT: Final[tuple[tuple[str, str, str], ...]] = (
    ("bearer", "Authorization: Bearer {}", _word(40)),
    ("basic", "Authorization: Basic {}", base64.b64encode(b"user:hunter2").decode()),
    ("authorization", '{{"Authorization": "Token {}"}}', _word(40, string.hexdigits)),
    ("cookie", "Set-Cookie: {}", f"sid={_word(32)}; Path=/"),
    ("url_password", "postgresql://{}@db:5432/app", f"me:{_PASSWORD}"),
    ("url_password", "https://{}@example.com/x.git", f"oauth2:{_word(20)}"),
    ("aws_secret", "AWS_SECRET_ACCESS_KEY={}", _word(38) + "/+"),
    ("azure", "AccountName=a;AccountKey={};", _word(86) + "=="),
    ("password", "password={}", _PASSWORD),
    ("password", "  'Passwd' => '{}',", _SWORDFISH),
    ("password", '{{"db_password": "{}"}}', "correct horse battery staple"),
    ("password", '"{{\\"password\\": \\"{}\\"}}"', "correct horse battery"),
    ("password", "export DB_PASSWORD={}", _SWORDFISH),
    ("password", "mysql --password={} -u me", _PASSWORD),
    ("password", "the passphrase is {} and no other", _PASSWORD),
    ("token", 'api_key = "{}"', _word(32)),
    ("token", "X-Api-Key: {}", _word(32, string.hexdigits)),
    ("token", "GET /socket?user_id=u&token={} HTTP", _word(32)),
    ("token", "clientSecret: {}", _word(40)),
    ("token", '{{\\\\"secret_key\\\\": \\\\"{}\\\\"}}', _word(40)),
    ("random", 'auth = "{}"', _word(43)),
)
"""Given away by what stands around them: kind, context, secret."""
