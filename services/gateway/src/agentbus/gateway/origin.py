"""Which web pages may open a socket. Pure. Called for each connection, before anyone looks at its token.

Browsers send `Origin` with every WebSocket handshake (RFC 6455 section 10.2) and scripts cannot change it, so
a page of another site is kept out although the browser would let it connect. Who sends none is no browser.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from agentbus.chassis.settings import ServiceSettings
from agentbus.kernel.errors import Rejected

_DEFAULT_PORTS = {"http": 80, "https": 443}


def check_origin(headers: Mapping[str, str], settings: ServiceSettings) -> None:
    """Raises Rejected (403, `foreign_origin`) for a page that is neither of this origin nor on the list.

    `headers` has lower-case names. The list is `AGENTBUS_CORS_ORIGINS`. Without tokens, `authenticate` is
    stricter about Host, and lets in pages of this machine.
    """
    origin = headers.get("origin")
    if origin is None or settings.auth == "none" or origin in settings.cors_origins:
        return
    if not _same(origin, headers.get("host", "")):
        raise Rejected("web pages of this origin are not let in", code="foreign_origin", status=403)


def _same(origin: str, host: str) -> bool:
    """The edge keeps the Host that the browser named; its scheme may end at a proxy before us."""
    try:
        page = urlsplit(origin)
        ours = urlsplit(f"{page.scheme}://{host}")
        default = _DEFAULT_PORTS[page.scheme]
        return bool(page.hostname) and (page.hostname, page.port or default) == (
            ours.hostname,
            ours.port or default,
        )
    except (ValueError, KeyError):
        return False
