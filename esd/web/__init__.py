"""HTTP/1.1 over any trio stream; it knows nothing about workspaces."""

from esd.web.buckets import Buckets
from esd.web.doors import Doors
from esd.web.drain import Drain
from esd.web.inflate import CorruptBody, Inflater, TooLarge, deflate_gzip
from esd.web.limits import MAX_BODY, Limits
from esd.web.line import Gone
from esd.web.listeners import address_of, local_of, open_listeners, remote_of
from esd.web.message import (
    Body,
    Handler,
    Headers,
    Request,
    Response,
    json_response,
    text,
)
from esd.web.problem import problem
from esd.web.routing import Fallback, Route, RouteHandler, Router
from esd.web.serving import OnError, serve_connection
from esd.web.trace import trace_of

__all__ = [
    "MAX_BODY",
    "Body",
    "Buckets",
    "CorruptBody",
    "Doors",
    "Drain",
    "Fallback",
    "Gone",
    "Handler",
    "Headers",
    "Inflater",
    "Limits",
    "OnError",
    "Request",
    "Response",
    "Route",
    "RouteHandler",
    "Router",
    "TooLarge",
    "address_of",
    "deflate_gzip",
    "json_response",
    "local_of",
    "open_listeners",
    "problem",
    "remote_of",
    "serve_connection",
    "text",
    "trace_of",
]
