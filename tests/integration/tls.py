"""What clients need that insist on their venue's own addresses: certificates for these, and a resolver that knows them."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

TRUSTED_BY = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "WEBSOCKET_CLIENT_CA_BUNDLE")
"""Where libraries look for the authorities that they trust."""


def certified(folder: Path, environment: pytest.MonkeyPatch, *hosts: str) -> ssl.SSLContext:
    """Return the TLS of a server at `hosts`, whose authority this process trusts."""
    authority, tls = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*hosts).configure_cert(tls)
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    for name in TRUSTED_BY:
        environment.setenv(name, str(path))
    return tls


@contextmanager
def resolved(domain: str, port: int) -> Iterator[None]:
    """Have every host of `domain` be this one, and its port `port`, for as long as this lasts."""
    ask = socket.getaddrinfo

    def answer(host: Any, *others: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if not name.endswith(domain):
            return ask(host, *others, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", answer)
        yield
