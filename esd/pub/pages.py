"""What a person sees who opens the pub's address in a browser.

It lists no workspaces and counts none: an address is a key, and even how many doors
there are is nobody's business. One small page, made on the server, that asks nobody for
anything.
"""

from html import escape

from esd.web import Response

__all__ = ["healthz", "home"]

_STYLE = """
:root { color-scheme: light dark; font: 1.05rem/1.5 system-ui, sans-serif }
main { max-width: 36rem; margin: 3rem auto; padding: 0 1rem }
"""

_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{notes}<p>This is an <strong>Earthstar pub</strong>: a place where a group's documents
are kept and passed on. Earthstar apps sync with it; there is nothing to read here.</p>
<p>To use it, give your app the address of this page.
Whoever knows a workspace's address can read and write there,
so pass those on with care.</p>
</main>
</body>
</html>
"""


def home(title: str, notes: str) -> Response:
    paragraph = f"<p>{escape(notes)}</p>\n" if notes else ""
    page = _PAGE.format(
        title=escape(title or "Earthstar pub"), notes=paragraph, style=_STYLE
    )
    return Response(status=200, headers=_HEADERS, body=page.encode())


def healthz() -> Response:
    """For load balancers and containers: that the daemon answers, and nothing more."""
    headers = (("Content-Type", "text/plain"), ("Cache-Control", "no-store"))
    return Response(status=200, headers=headers, body=b"ok\n")
