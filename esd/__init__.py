"""esd: an Earthstar pub that keeps itself in sync with other pubs."""

__version__ = "0.1.0"
