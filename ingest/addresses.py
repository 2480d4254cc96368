"""Addresses: where a request may go, decided once and then connected to.

Takes a URL, gives what to ask for: the URL with the address in place of the name, and the headers
and the name that the server and its certificate know. A name that means another machine at the next
look-up (DNS rebinding) is never looked up again. Knows nothing about pages.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field
from typing import Any

import httpx

from kb.errors import FetchError


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for."""

    url: httpx.URL
    headers: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)


def at_address(url: str, address: str) -> Target:
    """`url` at the machine with this address, whatever its name means by now."""
    named = httpx.URL(url)
    if named.host == address:
        return Target(named)
    host = named.netloc.decode("ascii")
    return Target(
        named.copy_with(host=address), {"host": host}, {"sni_hostname": named.raw_host.decode()}
    )


def public_address(first: str, host: str) -> str:
    """An address of `host`; raises FetchError when one of them is none of the public network."""
    addresses = [str(info[4][0]).split("%")[0] for info in socket.getaddrinfo(host, None)]
    for address in addresses:
        if not ipaddress.ip_address(address).is_global:
            raise FetchError(
                f"{first} redirects to the private address {address} ({host}), which is refused"
            )
    # Most machines can reach IPv4, not all IPv6.
    return min(addresses, key=lambda address: ":" in address)


def connected(response: httpx.Response) -> str:
    """The address that answered; empty where a proxy or a test stands between."""
    stream = response.extensions.get("network_stream")
    found = stream.get_extra_info("server_addr") if stream is not None else None
    return str(found[0]).split("%")[0] if found else ""
