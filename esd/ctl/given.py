"""What must not stand on the command line, and the ways to hand it over instead.

Everyone on the machine can read the arguments of every program (ps), and shells keep
them in files. A workspace's address is its key, and a secret signs for its author. So
they are read from stdin (`-`), from a file (`@file`) or at a prompt without echo; and
arguments that hold one are refused before anything else looks at them.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from esd.ctl.exit_codes import CannotDo, ExitCode

__all__ = ["Prompt", "content_from", "read_given", "refuse_secrets", "secret_from"]

# Not within a word, or texts such as joe+list.old@example.org would count; but right
# after a short option, where argparse takes a value too. Percent-encoded as well.
_ADDRESS = re.compile(
    r"(?:^-\w|(?<![\w+]))(?:\+|%2[Bb])[a-z][a-z0-9]{0,14}\.[A-Za-z0-9]{1,53}"
)
# An author's public key looks the same, but it follows the dot of its address.
_SECRET = re.compile(r"(?<![\w.])b[a-z2-7]{52}(?!\w)")

Prompt = Callable[[str], str]
"""Asks without echo. Raises EOFError."""


def refuse_secrets(argv: Sequence[str]) -> None:
    """Raise CannotDo where an argument holds an address or a secret."""
    for argument in argv:
        if not argument.isprintable() and not _is_text(argument):
            raise CannotDo("an argument is not UTF-8", code=ExitCode.USAGE)
        if _ADDRESS.search(argument):
            raise _on_argv("a workspace address", "name it by its local id or alias")
        if _SECRET.search(argument):
            raise _on_argv("a secret", "identity import reads a key pair from stdin")


def _is_text(argument: str) -> bool:
    """Python hides stray bytes of an argument in lone surrogates."""
    return not any("\ud800" <= one <= "\udfff" for one in argument)


def _on_argv(what: str, instead: str) -> CannotDo:
    return CannotDo(
        f"{what} on the command line can be read by everyone on this machine (ps)",
        code=ExitCode.USAGE,
        hint=f"{instead}; to hand one over use stdin (-), a file (@FILE) or the prompt",
    )


def secret_from(source: str | None, stdin: TextIO, prompt: Prompt, what: str) -> str:
    """`-`, `@file`, or None: the prompt on a terminal, stdin elsewhere."""
    if source is None:
        source = "" if stdin.isatty() else "-"
    if source in ("", "-"):
        given = _prompted(prompt, what) if not source else read_given("-", stdin)
    elif source.startswith("@"):
        given = read_given(source[1:], stdin)
    else:
        message = f"{what} is not taken from the command line"
        hint = "give - for stdin, @FILE for a file, or nothing to be asked"
        raise CannotDo(message, code=ExitCode.USAGE, hint=hint)
    if not given.strip():
        raise CannotDo(f"{what} was empty", code=ExitCode.USAGE)
    return given.strip()


def content_from(text: str | None, file: str | None, stdin: TextIO) -> str:
    """What is to be written: the argument, a file, or stdin as it is."""
    if file is not None:
        return read_given(file, stdin)
    if text is not None and text != "-":
        return text
    if text is None and stdin.isatty():
        message = "there is no content"
        hint = "give it as an argument, by --file FILE, or - for stdin"
        raise CannotDo(message, code=ExitCode.USAGE, hint=hint)
    return read_given("-", stdin)


def read_given(name: str, stdin: TextIO) -> str:
    """The text of a file, or of stdin for `-`."""
    try:
        if name == "-":
            return stdin.read()
        return Path(name).read_bytes().decode("utf-8")
    except UnicodeDecodeError as exc:
        where = "stdin" if name == "-" else name
        raise CannotDo(f"{where} is not UTF-8", code=ExitCode.USAGE) from exc
    except OSError as exc:
        message = f"cannot read {name}: {exc.strerror}"
        raise CannotDo(message, code=ExitCode.USAGE) from exc


def _prompted(prompt: Prompt, what: str) -> str:
    try:
        return prompt(f"{what}: ")
    except EOFError as exc:
        raise CannotDo(f"{what} was not given", code=ExitCode.USAGE) from exc
