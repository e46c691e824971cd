"""The program `esd`: the daemon, and what needs none.

Every expected failure is one line on stderr that says what and what to do, and an exit
code: 78 where the configuration or the state must be put right first (systemd does not
restart then), 1 otherwise, 2 for a mistake on the command line.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import trio

from esd import __version__, daemon, demo, log, places, service
from esd.config import Config, ConfigError, parse_config, read_config
from esd.errors import EXIT_CONFIG, EsdError, OperatorMustAct
from esd.formats import InvalidKeypair, new_keypair

__all__ = ["main"]

LEVELS = ["debug", "info", "warning"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        code = int(arguments.command(arguments))
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OperatorMustAct as exc:
        _complain(exc)
        return EXIT_CONFIG
    except EsdError as exc:
        _complain(exc)
        return 1
    return code


def _complain(exc: EsdError) -> None:
    hint = getattr(exc, "hint", "")
    print(f"esd: {exc}" + (f" ({hint})" if hint else ""), file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="esd", description="An Earthstar pub that keeps in sync with other pubs."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="serve and sync until SIGTERM or Ctrl-C")
    _add_config(run)
    run.add_argument("--state-dir", type=Path, help="instead of the configured one")
    run.add_argument("--log-format", choices=["text", "json"], default="text")
    run.add_argument("--log-level", choices=LEVELS, default="info")
    run.set_defaults(command=_run)
    check = commands.add_parser("check-config", help="judge the configuration")
    _add_config(check)
    check.set_defaults(command=_check_config)
    version = commands.add_parser("version", help="print the version")
    version.add_argument("--json", action="store_true")
    version.set_defaults(command=_version)
    keygen = commands.add_parser("keygen", help="make an author's key pair")
    keygen.add_argument("shortname", help="four characters, such as suzy")
    keygen.set_defaults(command=_keygen)
    install = commands.add_parser(
        "install-service", help="make this esd a systemd service"
    )
    service.add_arguments(install)
    install.set_defaults(command=_install_service)
    show = commands.add_parser("demo", help="watch two daemons keep in sync")
    demo.add_arguments(show)
    show.set_defaults(command=_demo)
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="default: where places.py looks"
    )


def _load(arguments: argparse.Namespace) -> tuple[Config, Path | None]:
    path = arguments.config or places.config_file()
    return (Config() if path is None else read_config(path)), path


def _run(arguments: argparse.Namespace) -> int:
    log.set_up(
        level=getattr(logging, arguments.log_level.upper()),
        form=log.LogFormat(arguments.log_format),
    )
    config, config_file = _load(arguments)
    for warning in config.warnings:
        logging.getLogger(__name__).warning("%s", warning)
    if arguments.state_dir is not None:
        config = replace(config, state_dir=arguments.state_dir)
    trio.run(daemon.run, config, config_file)
    return 0


def _check_config(arguments: argparse.Namespace) -> int:
    config, _ = _load(arguments)
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"good: {len(config.workspaces)} workspaces, {len(config.peers)} peers")
    return 0


def _version(arguments: argparse.Namespace) -> int:
    facts = {"esd": __version__, "python": sys.version.split()[0]}
    print(json.dumps(facts) if arguments.json else f"esd {__version__}")
    return 0


def _keygen(arguments: argparse.Namespace) -> int:
    try:
        keypair = new_keypair(arguments.shortname)
    except InvalidKeypair as exc:
        print(f"esd: {exc}", file=sys.stderr)
        return 2
    print(json.dumps({"address": keypair.address, "secret": keypair.secret}, indent=2))
    return 0


def _install_service(arguments: argparse.Namespace) -> int:
    print(service.install_service(arguments))
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    try:
        return demo.demo(
            arguments, lambda text: daemon.open_daemon(parse_config(text, "the demo"))
        )
    except ConfigError as exc:  # of all that it says only the URL is not its own
        print(f"esd demo: --pub {exc.problems[0].text}", file=sys.stderr)
        return 2
