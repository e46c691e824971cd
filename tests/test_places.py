"""Where things are, from the environment alone."""

from pathlib import Path

import pytest

from esd import places

HOME = {"HOME": "/home/ada"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (HOME, "/home/ada/.local/state/esd"),
        (HOME | {"XDG_STATE_HOME": "/data"}, "/data/esd"),
        (HOME | {"XDG_STATE_HOME": "data"}, "/home/ada/.local/state/esd"),
        (HOME | {"STATE_DIRECTORY": "/var/lib/esd"}, "/var/lib/esd"),
        (HOME | {"STATE_DIRECTORY": "/var/lib/esd:/srv/x"}, "/var/lib/esd"),
        (HOME | {"STATE_DIRECTORY": ""}, "/home/ada/.local/state/esd"),
    ],
)
def test_state(environ, expected):
    assert places.state_dir(environ) == Path(expected)


@pytest.mark.parametrize(
    ("environ", "root", "expected"),
    [
        (HOME, False, "/home/ada/.local/state/esd/control.sock"),
        (HOME, True, "/run/esd/control.sock"),
        (
            HOME | {"XDG_RUNTIME_DIR": "/run/user/7"},
            False,
            "/run/user/7/esd/control.sock",
        ),
        (
            HOME | {"XDG_RUNTIME_DIR": "/run/user/0"},
            True,
            "/run/user/0/esd/control.sock",
        ),
        (
            {"RUNTIME_DIRECTORY": "/run/esd", "XDG_RUNTIME_DIR": "/run/user/7"},
            False,
            "/run/esd/control.sock",
        ),
        ({"ESD_SOCKET": "/tmp/s", "RUNTIME_DIRECTORY": "/run/esd"}, False, "/tmp/s"),
    ],
)
def test_the_daemon_s_socket(environ, root, expected):
    assert places.daemon_socket(environ, root=root) == Path(expected)


def test_a_client_prefers_its_own_daemon(tmp_path):
    environ = HOME | {"XDG_RUNTIME_DIR": str(tmp_path)}
    assert places.client_socket(environ) == places.SYSTEM_SOCKET
    mine = places.daemon_socket(environ, root=False)
    mine.parent.mkdir()
    mine.touch()
    assert places.client_socket(environ) == mine


def test_a_client_goes_where_it_is_told(tmp_path):
    assert places.client_socket({"ESD_SOCKET": "/nowhere/s"}) == Path("/nowhere/s")


def test_a_person_s_config_comes_before_the_system_s(tmp_path):
    mine = tmp_path / ".config/esd/esd.toml"
    mine.parent.mkdir(parents=True)
    mine.touch()
    assert places.config_file({"HOME": str(tmp_path)}) == mine


def test_a_service_s_config_comes_first(tmp_path):
    for folder in ("etc", ".config/esd"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "esd.toml").touch()
    environ = {
        "HOME": str(tmp_path),
        "CONFIGURATION_DIRECTORY": str(tmp_path / "etc"),
    }
    assert places.config_file(environ) == tmp_path / "etc/esd.toml"


def test_without_a_file_the_defaults_do(tmp_path):
    found = places.config_file({"HOME": str(tmp_path)})
    assert found in (None, places.SYSTEM_CONFIG)
