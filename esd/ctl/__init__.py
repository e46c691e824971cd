"""esdctl: what an operator types, sent to the daemon's control socket.

An island: it knows the daemon only by what is written in the control API, and imports
the standard library and floor 0, so that a question is answered in a blink. For the
same reason its values are NamedTuples: dataclasses load inspect, which takes longer
than the request.
"""
