"""A server on a real socket that says exactly the bytes it is told to."""

from contextlib import asynccontextmanager

import trio


@asynccontextmanager
async def a_server(*scripts):
    """Serve connection n by script n (the last one for all others); yields the URL.

    A script is an async function of the stream, called after a request's head came.
    """
    connections = iter(scripts)
    last = scripts[-1]

    async def serve(stream):
        script = next(connections, last)
        async with stream:
            try:
                await read_head(stream)
                await script(stream)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return  # the client hung up on us, which is often the point

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(serve_on_loopback, serve)
        port = listeners[0].socket.getsockname()[1]
        yield f"http://127.0.0.1:{port}"
        nursery.cancel_scope.cancel()


async def serve_on_loopback(serve, *, task_status):
    await trio.serve_tcp(serve, 0, host="127.0.0.1", task_status=task_status)


async def read_head(stream):
    head = b""
    while b"\r\n\r\n" not in head:
        data = await stream.receive_some(65536)
        if not data:
            raise trio.ClosedResourceError
        head += data


def says(data):
    """A script that sends *data* and closes."""

    async def script(stream):
        await stream.send_all(data)

    return script


def answer(body=b"[]", status="200 OK", *headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
