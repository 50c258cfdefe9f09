"""Why Kafka does not let us in, in words that say what to do.

aiokafka logs the reason and raises that it cannot connect. After that has happened, this asks once more by
hand and looks at how it fails. Called by `handshake`, so for every client that is made.
"""

import asyncio
import ssl
from typing import Final

from aiokafka.client import AIOKafkaClient  # type: ignore[import-untyped]
from aiokafka.conn import create_conn  # type: ignore[import-untyped]
from aiokafka.errors import (  # type: ignore[import-untyped]
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest  # type: ignore[import-untyped]

_PATIENCE_SECONDS: Final = 2.0
_ENCRYPTED: Final = ("SSL", "SASL_SSL")


class RefusedError(KafkaError):  # type: ignore[misc]
    """Kafka is there and does not let us in: of no use to ask again before somebody changes something."""

    retriable = False

    def __str__(self) -> str:
        """Returns what to do, without the class' name."""
        return str(self.args[0])

    __repr__ = __str__


async def refusal(client: AIOKafkaClient) -> RefusedError | None:
    """Returns why the first broker that answers refuses `client`; None when none answers, or it does not."""
    for host, port, _ in client.hosts:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                found = await _ask(client, host, port)
        except (OSError, TimeoutError):
            continue
        return RefusedError(f"Kafka at {host}:{port} {found}") if found else None
    return None


async def _ask(client: AIOKafkaClient, host: str, port: int) -> str | None:
    try:
        connection = await create_conn(
            host,
            port,
            ssl_context=client._ssl_context,
            security_protocol=client._security_protocol,
            sasl_mechanism=client._sasl_mechanism,
            sasl_plain_username=client._sasl_plain_username,
            sasl_plain_password=client._sasl_plain_password,
        )
    except (ssl.SSLError, KafkaError) as error:
        if isinstance(error, KafkaConnectionError) and client._security_protocol not in _ENCRYPTED:
            return await _wants_tls(host, port)
        return _reason(error, client)
    try:
        # A listener that wants a password answers nothing else without one.
        await connection.send(MetadataRequest([]))
    except KafkaError as error:
        return _reason(error, client)
    finally:
        connection.close()
    return None


def _reason(error: Exception, client: AIOKafkaClient) -> str | None:
    """Returns the end of "Kafka at host:port …"."""
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"shows a certificate that is not trusted ({error.verify_message}): AGENTBUS_KAFKA_CA_FILE "
                "must hold the authority that signed it, and AGENTBUS_KAFKA_BOOTSTRAP a name that it is for"
            )
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER"):
            return f"does not speak TLS, and AGENTBUS_KAFKA_SECURITY_PROTOCOL is {client._security_protocol}"
        case SaslAuthenticationFailed():
            user = client._sasl_plain_username
            return f"refuses user {user}: check AGENTBUS_KAFKA_USER and AGENTBUS_KAFKA_PASSWORD"
        case UnsupportedSaslMechanismError():
            return f"does not take {client._sasl_mechanism}: set AGENTBUS_KAFKA_SASL_MECHANISM to another"
        case IllegalSaslStateError():
            return "wants no password: set AGENTBUS_KAFKA_SECURITY_PROTOCOL to SSL or PLAINTEXT"
        case KafkaConnectionError() | ssl.SSLError() if client._security_protocol in _ENCRYPTED:
            return (
                "ends the connection after the TLS handshake: if it wants a client certificate, set "
                "AGENTBUS_KAFKA_CERTIFICATE_FILE to one that it trusts; if a password, set "
                "AGENTBUS_KAFKA_SECURITY_PROTOCOL to SASL_SSL"
            )
    return None


async def _wants_tls(host: str, port: int) -> str | None:
    """Tells whether somebody answers TLS there; who it is, is not checked, and nothing is said to them."""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection(host, port, ssl=anybody)
    except ssl.SSLError:
        return None
    writer.close()
    return "speaks TLS only: set AGENTBUS_KAFKA_SECURITY_PROTOCOL to SASL_SSL or SSL"
