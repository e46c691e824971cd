"""HTTP over loopback. It has no TLS, whose certificates alone take 40 ms to read."""

import httpx

PATIENCE = 60.0  # seconds


def plain_transport() -> httpx.AsyncHTTPTransport:
    return httpx.AsyncHTTPTransport(verify=False)


def plain_http(patience: float = PATIENCE) -> httpx.AsyncClient:
    """A client on connections of its own, whatever the environment says of proxies."""
    return httpx.AsyncClient(
        transport=plain_transport(), trust_env=False, timeout=patience
    )
