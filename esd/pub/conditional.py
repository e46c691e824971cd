"""Whether a client already has the list that we would send (RFC 9110, section 13.1.2).

If-None-Match compares weakly: what matters is the quoted part. A list of tags is one
list; `*` stands for any.
"""

import re

__all__ = ["is_named"]

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def is_named(etag: str, if_none_match: str) -> bool:
    """Whether *etag* is among the tags of an If-None-Match header."""
    opaque = etag.removeprefix("W/")
    named = [match[1] for match in _TAG.finditer(if_none_match)]
    return opaque in named or if_none_match.strip() == "*"
