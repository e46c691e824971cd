"""Installing esd as a systemd service: the units, with this installation's own path.

A tool installed by pip, pipx or uv lies wherever its owner put it, and none of these
puts units where systemd looks. So the units travel inside the package, and this writes
them: for the machine (`/etc/systemd/system`, and the user esd for sysusers) or for one
person. It starts nothing and asks systemd nothing; it tells the commands that do.

All files are looked at before the first one is written, and a file that somebody
changed is theirs: it is never overwritten unless that is asked for.
"""

import os
import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import resources
from pathlib import Path

from esd.errors import EsdError

__all__ = [
    "CannotInstall",
    "Installation",
    "Scope",
    "add_arguments",
    "install",
    "install_service",
    "unit",
]

PACKAGED = Path("/usr/bin")  # where the units in the package look for the programs
MODE = 0o644  # units hold no secrets, and systemd's tools want to read them

# What a service of the machine does not see, and by which line of its unit.
HIDDEN = {
    Path("/home"): "ProtectHome=yes",
    Path("/root"): "ProtectHome=yes",
    Path("/run/user"): "ProtectHome=yes",
    Path("/tmp"): "PrivateTmp=yes",  # noqa: S108 nothing is written there
    Path("/var/tmp"): "PrivateTmp=yes",  # noqa: S108
}

UNNAMEABLE = frozenset("\"'\\")

Environ = Mapping[str, str]


class CannotInstall(EsdError):
    """Not like this, or not here; `hint` says how."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Scope(Enum):
    """Whose service it is."""

    SYSTEM = "system"
    USER = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Where this esd is. `parts` is all that must be readable for it to run."""

    program: Path
    parts: tuple[Path, ...]

    @classmethod
    def of_this_process(cls) -> "Installation":
        program = _program()
        parts = (
            program,
            program.resolve(),
            Path(sys.prefix),
            Path(sys.base_prefix),  # of uv's own Pythons: a place in the home
            Path(sys.executable).resolve(),
            Path(__file__).resolve(),
        )
        return cls(program=program, parts=parts)


def add_arguments(parser: ArgumentParser) -> None:
    whose = parser.add_mutually_exclusive_group()
    for scope, help_text in (
        (Scope.SYSTEM, "for the machine, run by the user esd (default for root)"),
        (Scope.USER, "for yourself (default for everyone else)"),
    ):
        whose.add_argument(
            f"--{scope.value}",
            action="store_const",
            dest="scope",
            const=scope,
            help=help_text,
        )
    parser.add_argument("--print", action="store_true", help="write the unit to stdout")
    parser.add_argument("--force", action="store_true", help="overwrite what differs")
    parser.add_argument(
        "--root",
        type=Path,
        default=Path("/"),
        metavar="DIR",
        help="write below DIR, as packagers do",
    )


def install_service(arguments: Namespace, environ: Environ = os.environ) -> str:
    """What `esd install-service` does; the text is for stdout."""
    scope = arguments.scope or (Scope.USER if os.geteuid() else Scope.SYSTEM)
    here = Installation.of_this_process()
    if arguments.print:
        return unit(scope, here).rstrip("\n")
    return install(
        scope, here, root=arguments.root, force=arguments.force, environ=environ
    )


def install(
    scope: Scope,
    here: Installation,
    *,
    root: Path = Path("/"),
    force: bool = False,
    environ: Environ = os.environ,
) -> str:
    """Write what is missing, below *root*; returns what was done and what is next.

    Raises CannotInstall, and then nothing was written.
    """
    files = _files(scope, here, environ)
    wanted = {root / path.relative_to("/"): text for path, text in files.items()}
    missing = {path: text for path, text in wanted.items() if _text_of(path) != text}
    taken = [path for path in missing if os.path.lexists(path)]
    if taken and not force:
        raise CannotInstall(
            f"{taken[0]} is there and differs",
            hint="keep your changes in a drop-in (systemctl edit esd) and give --force",
        )
    for path, text in missing.items():
        _write(path, text)
    lines = [
        f"{path} {'written' if path in missing else 'is as it should be'}"
        for path in wanted
    ]
    return "\n".join([*lines, "", "Next:", *_next(scope)])


def unit(scope: Scope, here: Installation) -> str:
    """The unit for this installation. Raises CannotInstall where it could not run."""
    if scope is Scope.SYSTEM:
        _check_visible(here)
        text = _packaged("esd.service")
    else:
        text = _packaged("esd.user.service")
    for name in ("esd", "esdctl"):
        command = _quoted(here.program.with_name(name))
        text = text.replace(f"={PACKAGED / name} ", f"={command} ")
    return text


def _files(scope: Scope, here: Installation, environ: Environ) -> dict[Path, str]:
    if scope is Scope.USER:
        return {_config_home(environ) / "systemd/user/esd.service": unit(scope, here)}
    return {
        Path("/etc/systemd/system/esd.service"): unit(scope, here),
        Path("/etc/sysusers.d/esd.conf"): _packaged("esd.sysusers"),
    }


def _config_home(environ: Environ) -> Path:
    """XDG: "if an implementation encounters a relative path, ignore it"."""
    given = environ.get("XDG_CONFIG_HOME", "")
    return Path(given) if given.startswith("/") else Path("~/.config").expanduser()


def _next(scope: Scope) -> Sequence[str]:
    if scope is Scope.USER:
        return (
            "  systemctl --user daemon-reload",
            "  systemctl --user enable --now esd",
            "  loginctl enable-linger    # to run while you are not logged in",
        )
    return (
        "  systemd-sysusers                       # makes the user and group esd",
        "  systemctl daemon-reload",
        "  install -D -m 640 -g esd esd.toml /etc/esd/esd.toml",
        "  systemctl enable --now esd",
    )


def _check_visible(here: Installation) -> None:
    for part in here.parts:
        for hidden, line in HIDDEN.items():
            if part.is_relative_to(hidden):
                raise CannotInstall(
                    f"a system unit with {line} cannot run a program that is"
                    f" installed below {hidden}, and {part} is part of this one",
                    hint="install esd below /opt with the system's Python, or use"
                    " --user",
                )


def _program() -> Path:
    """The script `esd` that started us, or the one beside the Python that runs us."""
    started = shutil.which(sys.argv[0])
    if started is not None and Path(started).name == "esd":
        return Path(started).absolute()
    beside = Path(sys.executable).absolute().with_name("esd")
    if not beside.is_file():
        raise CannotInstall(
            "this esd runs as a module, and a unit needs a program to start",
            hint="install it (pip install .) and run the esd that this makes",
        )
    return beside


def _quoted(program: Path) -> str:
    """*program* as the first word of an ExecStart."""
    text = str(program)
    if not text.isprintable() or UNNAMEABLE.intersection(text):
        raise CannotInstall(
            "systemd starts no program with quotes, backslashes or control characters"
            " in its path",
            hint="install esd somewhere else",
        )
    text = text.replace("%", "%%")  # else specifiers, such as %h
    return f'"{text}"' if " " in text else text


def _packaged(name: str) -> str:
    return resources.files("esd").joinpath("units", name).read_text("utf-8")


def _text_of(path: Path) -> str | None:
    """None where there is none, or something that is no file of ours."""
    try:
        if path.is_symlink() or not path.is_file():
            return None
        return path.read_bytes().decode("utf-8", errors="replace")
    except OSError as exc:
        raise _impossible(path, "read", exc) from exc


def _write(path: Path, text: str) -> None:
    """All of it or nothing; a symlink there is replaced and not followed."""
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(text, "utf-8")
        new.chmod(MODE)
        new.replace(path)
    except OSError as exc:
        raise _impossible(path, "written", exc) from exc


def _impossible(path: Path, done: str, exc: OSError) -> CannotInstall:
    rights = isinstance(exc, PermissionError)
    return CannotInstall(
        f"{path} cannot be {done}: {exc.strerror}",
        hint="run it with sudo, or use --user" if rights else "",
    )
