"""The gateway's settings."""

from pydantic import Field

from agentbus.chassis.settings import ServiceSettings
from agentbus.contracts.frames import PING_INTERVAL_SECONDS


class GatewaySettings(ServiceSettings):
    """What the gateway alone needs. WebSockets are served on `socket_port`, health and metrics on `port`."""

    gateway_unsent_limit_bytes: int = Field(
        default=1024 * 1024, ge=1024, description="A socket with more unsent than this is closed as too slow."
    )
    gateway_sockets_limit: int = Field(default=20_000, ge=1, description="More are told to try again later.")
    gateway_sockets_per_user: int = Field(default=500, ge=1, description="Of one user in one workspace.")
    gateway_sockets_per_address: int = Field(
        default=1_000, ge=1, description="From one address that is no trusted proxy; connections, too."
    )
    gateway_handshakes_limit: int = Field(
        default=1_000, ge=1, description="Connections above `gateway_sockets_limit` that are no sockets yet."
    )
    gateway_handshake_seconds: float = Field(
        default=5.0, gt=0, description="From the connection to the end of its upgrade request."
    )
    gateway_frames_per_second: float = Field(
        default=50.0, gt=0, description="What one socket may send; a frame counts once for every 4 KiB."
    )
    gateway_frames_burst: float = Field(default=200.0, ge=20, description="And as much of that at once.")
    gateway_ping_interval_seconds: float = Field(default=PING_INTERVAL_SECONDS, gt=0)
    gateway_dead_after_seconds: float = Field(
        default=60.0, gt=0, description="A socket that sent nothing, no pong either, for so long is dropped."
    )
    gateway_close_grace_seconds: float = Field(
        default=3.0, gt=0, description="How long a closed socket may take to read what it was sent."
    )
    gateway_history_page_messages: int = Field(default=2_000, ge=1)
    gateway_history_reads_at_once: int = Field(default=8, ge=1)
    gateway_history_patience_seconds: float = Field(
        default=30.0, gt=0, description="How long history may fail, or a socket not read it."
    )
    gateway_recent_bytes: int = Field(
        default=256 * 1024, ge=0, description="How much of a watched plan's newest messages stays in memory."
    )
    gateway_recent_total_bytes: int = Field(
        default=256 * 1024 * 1024, ge=0, description="The same, of all watched plans of this process."
    )
    gateway_lookups_at_once: int = Field(default=8, ge=1, description="Plans looked up on the bus.")
    gateway_lookup_seconds: float = Field(
        default=5.0, gt=0, description="How long one look-up may take, and as long again to get its turn."
    )
    gateway_early_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, description="How much of a plan may wait while its history is read."
    )
    gateway_workspace_history_records: int = Field(
        default=1_000, ge=0, description="How much of the log is read when a workspace's first socket comes."
    )
    gateway_workspace_history_seconds: float = Field(
        default=2.0, gt=0, description="How long that may take; after that, sockets are told to pull."
    )
    gateway_workspace_change_bytes: int = Field(
        default=256 * 1024, ge=1024, description="For a change that is larger, sockets are told to pull."
    )
    gateway_presence_interval_seconds: float = Field(
        default=0.25, gt=0, description="Who has a workspace open is told at most so often."
    )
    gateway_presence_heartbeat_seconds: float = Field(
        default=10.0, gt=0, description="How often other gateways are told; one silent for three is gone."
    )
