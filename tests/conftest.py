"""What the whole suite shares."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.peers.plugin"]

# How long an example takes tells what else the machine has to do.
settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")
