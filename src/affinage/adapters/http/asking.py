"""How the hub asks places outside: at the address that it was given, and nowhere else.

What a place answers is not followed elsewhere, and no proxy or password of the environment is used.
"""

import ssl
from collections.abc import Mapping
from functools import cache

import httpx


def client(
    *,
    timeout_s: float,
    headers: Mapping[str, str] | None = None,
    context: ssl.SSLContext | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """To be closed by who asked for it; no place sends it what is compressed.

    Args:
        timeout_s: for each step of a request.
        headers: of each request.
        context: whom to believe; None for whom the system does.
        transport: instead of the network.
    """
    return httpx.AsyncClient(
        follow_redirects=False,
        trust_env=False,
        timeout=timeout_s,
        headers={**(headers or {}), "Accept-Encoding": "identity"},
        verify=context or _trust_of_system(),
        transport=transport,
    )


@cache
def _trust_of_system() -> ssl.SSLContext:
    """Read once: it is a hundred certificates and more, and a client may live for one question."""
    return ssl.create_default_context()
