"""Whether a host can only mean this machine: what may do without encryption or without tokens.

Called by the settings of services, of the bus and of the database.
"""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Returns whether `host` (a name or an address, without a port) can only mean this machine."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
