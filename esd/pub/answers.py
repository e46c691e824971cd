"""How a refusal is worded so that old clients survive it.

The real Syncer takes a 404 to its GET and a 403 or 404 to its POST as what they are.
Any other status must carry what it expects of a good answer, or its button stays dead
until the page is reloaded: a JSON array to a GET, the three counts to a POST.
"""

from esd.replica import Tally
from esd.web import Request, Response, json_response, text

__all__ = ["is_v1", "refusal", "stats"]


def is_v1(request: Request) -> bool:
    """Whether it is about the API of earthstar-pub, as far as the target tells."""
    return request.target.lower().startswith("/earthstar-api/")


def stats(status: int, tally: Tally | None = None) -> Response:
    """The answer to a push, in earthstar-pub's words."""
    tally = tally or Tally()
    counts = {
        "numIngested": tally.accepted,
        "numIgnored": tally.total - tally.accepted,
        "numTotal": tally.total,
    }
    return json_response(status, counts)


def refusal(request: Request, status: int, reason: str) -> Response:
    """Word a refusal for whoever asked."""
    if not is_v1(request):
        return text(status, reason)
    if request.method == "POST":
        return stats(status)
    return text(404, "Not Found") if status == 404 else json_response(status, [])
