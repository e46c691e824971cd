"""Whether a client already has the list that we would send (RFC 9110, section 13.1.2).

If-None-Match compares weakly: what matters is the quoted part. A list of tags is one
list, on one line or on several; `*` stands for any.
"""

import re
from collections.abc import Sequence

__all__ = ["is_named"]

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def is_named(etag: str, if_none_match: Sequence[str]) -> bool:
    """Whether *etag* is among the tags of the If-None-Match lines."""
    opaque = etag.removeprefix("W/")
    return any(
        line.strip() == "*" or opaque in _TAG.findall(line) for line in if_none_match
    )
