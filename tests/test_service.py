"""The units: as tight as they claim, understood by systemd, and installed with care."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from esd.service import CannotInstall, Installation, Scope, install, unit

SYSTEMD = Path(__file__).parent.parent / "systemd"
EXPOSURE = 15  # tenths; a unit that says nothing has 96
PYTHON = sys.executable

SYSTEM_FILES = ["etc/systemd/system/esd.service", "etc/sysusers.d/esd.conf"]


def needs(program):
    return pytest.mark.skipif(
        shutil.which(program) is None, reason=f"{program} is not here"
    )


def at(program, *parts):
    """An installation that lies there."""
    return Installation(program=Path(program), parts=(Path(program), *map(Path, parts)))


OPT = at("/opt/esd/bin/esd")


def run(*command, **environ):
    return subprocess.run(
        list(map(str, command)),
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def esd(*arguments, **environ):
    """The installed program, or the module where it is not installed."""
    program = Path(sys.executable).with_name("esd")
    start = [program] if program.exists() else [sys.executable, "-m", "esd"]
    return run(*start, *arguments, **environ)


# What systemd says of the units


@needs("systemd-analyze")
def test_the_exposure_is_low():
    judged = run(
        "systemd-analyze",
        "security",
        "--offline=yes",
        f"--threshold={EXPOSURE}",
        SYSTEMD / "esd.service",
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "Overall exposure level for esd.service" in judged.stdout


@needs("systemd-analyze")
@pytest.mark.parametrize(
    ("name", "manager"), [("esd.service", "--system"), ("esd.user.service", "--user")]
)
def test_systemd_finds_nothing_to_say(name, manager, tmp_path):
    text = (SYSTEMD / name).read_text()
    # It looks for the programs, which are not where a package would put them.
    runnable, changed = re.subn(r"=/usr/bin/esd\w* \w+", "=/bin/true", text)
    assert changed == 2
    (tmp_path / "esd.service").write_text(runnable)
    judged = run(
        "systemd-analyze",
        "verify",
        manager,
        "--man=no",
        tmp_path / "esd.service",
        XDG_RUNTIME_DIR=str(tmp_path),
    )
    # Keys that it does not know are only told, with exit code 0.
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")


@needs("systemd-sysusers")
def test_the_user_can_be_made():
    judged = run("systemd-sysusers", "--dry-run", SYSTEMD / "esd.sysusers")
    assert judged.returncode == 0, judged.stderr
    assert "esd" in judged.stdout + judged.stderr


@needs("systemd-analyze")
def test_systemd_reads_a_program_with_an_awkward_path(tmp_path):
    program = tmp_path / "größer als 50% $HOME" / "esd"
    program.parent.mkdir()
    for name in ("esd", "esdctl"):
        program.with_name(name).symlink_to("/bin/true")
    (tmp_path / "esd.service").write_text(unit(Scope.USER, at(program)))
    judged = run("systemd-analyze", "verify", "--man=no", tmp_path / "esd.service")
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")


@needs("strace")
@needs("systemd-analyze")
def test_the_filter_allows_every_call_of_a_daemon(tmp_path):
    calls = tmp_path / "calls"
    # The demo serves, syncs, signs and writes: whatever a daemon does, it does.
    demo = run(
        "strace", "-f", "-qq", "-o", calls, PYTHON, "-m", "esd", "demo", "--seconds=1"
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    used = set(re.findall(r"^\d+ +(\w+)\(", calls.read_text(), re.MULTILINE))
    assert {"accept4", "connect", "fdatasync", "pwrite64"} <= used
    if os.geteuid() == 0:
        used -= {"fchown"}  # SQLite makes files root's own, where it is root
    assert used <= allowed_calls((SYSTEMD / "esd.service").read_text())


def allowed_calls(text):
    """What the SystemCallFilter lines let through, with systemd's own sets."""
    allow, deny = re.findall(r"^SystemCallFilter=(~?.*)$", text, re.MULTILINE)
    assert deny.startswith("~")
    sets = syscall_sets()
    return calls_of(allow.split(), sets) - calls_of(deny[1:].split(), sets)


def syscall_sets():
    sets, members = {}, []
    for line in run("systemd-analyze", "syscall-filter").stdout.splitlines():
        if line.startswith("@"):
            members = sets[line.strip()] = []
        elif line.startswith("    ") and not line.strip().startswith("#"):
            members.append(line.strip())
    return sets


def calls_of(names, sets):
    found = set()
    for name in names:
        found |= calls_of(sets[name], sets) if name.startswith("@") else {name}
    return found


# Installing them


def test_a_package_puts_the_units_in_place_as_they_are():
    packaged = (SYSTEMD / "esd.service").read_text()
    assert unit(Scope.SYSTEM, at("/usr/bin/esd")) == packaged


@pytest.mark.parametrize("scope", list(Scope))
def test_a_unit_names_this_installation(scope):
    text = unit(scope, OPT)
    assert "\nExecStart=/opt/esd/bin/esd run\n" in text
    assert "\nExecReload=/opt/esd/bin/esdctl reload\n" in text
    assert "/usr/bin" not in text


def test_all_files_are_written_and_readable(tmp_path):
    said = install(Scope.SYSTEM, OPT, root=tmp_path)
    for name in SYSTEM_FILES:
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o644
        assert f"{tmp_path / name} written" in said
    assert (tmp_path / SYSTEM_FILES[0]).read_text() == unit(Scope.SYSTEM, OPT)
    assert "systemctl enable --now esd" in said


def test_what_is_there_already_is_left_alone(tmp_path):
    install(Scope.SYSTEM, OPT, root=tmp_path)
    before = [(tmp_path / name).stat().st_ino for name in SYSTEM_FILES]
    assert "esd.service is as it should be" in install(Scope.SYSTEM, OPT, root=tmp_path)
    assert before == [(tmp_path / name).stat().st_ino for name in SYSTEM_FILES]


def change(path):
    path.write_text("# mine\n")


def mask(path):
    path.symlink_to("/dev/null")


@pytest.mark.parametrize("how", [change, mask])
@pytest.mark.parametrize("name", SYSTEM_FILES)
def test_a_file_that_differs_is_overwritten_only_by_force(name, how, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    how(path)
    before = path.read_bytes()
    with pytest.raises(CannotInstall, match="differs") as refused:
        install(Scope.SYSTEM, OPT, root=tmp_path)
    assert "--force" in refused.value.hint
    assert path.read_bytes() == before
    others = [tmp_path / other for other in SYSTEM_FILES if other != name]
    assert not any(other.exists() for other in others), "not all or nothing"
    install(Scope.SYSTEM, OPT, root=tmp_path, force=True)
    assert not path.is_symlink()
    assert path.read_bytes() != before


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (at("/root/.local/bin/esd"), "ProtectHome=yes"),
        (at("/home/suzy/.venv/bin/esd"), "ProtectHome=yes"),
        (at("/usr/local/bin/esd", "/root/.local/share/uv"), "ProtectHome=yes"),
        (at("/tmp/esd/.venv/bin/esd"), "PrivateTmp=yes"),
    ],
)
def test_a_system_unit_does_not_name_what_it_cannot_see(where, line, tmp_path):
    with pytest.raises(CannotInstall, match=f"system unit with {line} cannot run"):
        install(Scope.SYSTEM, where, root=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_user_unit_may_be_at_home(tmp_path):
    home = at("/home/suzy/.venv/bin/esd")
    environ = {"XDG_CONFIG_HOME": "/home/suzy/.config"}
    install(Scope.USER, home, root=tmp_path, environ=environ)
    path = tmp_path / "home/suzy/.config/systemd/user/esd.service"
    assert "ExecStart=/home/suzy/.venv/bin/esd run" in path.read_text()


@pytest.mark.parametrize("name", ["a\nExecStartPre=x", 'a"b', "a'b", "a\\b"])
def test_a_path_that_no_unit_can_name_is_refused(name):
    with pytest.raises(CannotInstall, match="systemd starts no program with"):
        unit(Scope.USER, at(f"/opt/{name}/esd"))


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "etc").write_text("no folder")
    with pytest.raises(CannotInstall, match=r"esd\.service cannot be written: "):
        install(Scope.SYSTEM, OPT, root=tmp_path)


# The command


def test_the_command_writes_this_programs_path(tmp_path):
    wrote = esd("install-service", "--user", XDG_CONFIG_HOME=str(tmp_path))
    assert wrote.returncode == 0, wrote.stderr
    text = (tmp_path / "systemd/user/esd.service").read_text()
    program = Path(sys.executable).with_name("esd")
    assert f"ExecStart={program} run" in text
    assert "systemctl --user enable --now esd" in wrote.stdout


def test_the_command_prints_and_writes_nothing(tmp_path):
    printed = esd("install-service", "--user", "--print", XDG_CONFIG_HOME=str(tmp_path))
    assert printed.returncode == 0
    assert printed.stdout.startswith("# esd as a service of one person")
    assert not list(tmp_path.iterdir())


def test_the_command_refuses_in_one_line_with_an_exit_code(tmp_path):
    path = tmp_path / "systemd/user/esd.service"
    path.parent.mkdir(parents=True)
    change(path)
    refused = esd("install-service", "--user", XDG_CONFIG_HOME=str(tmp_path))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"esd: {path} is there and differs (keep your")
    assert refused.stderr.count("\n") == 1
