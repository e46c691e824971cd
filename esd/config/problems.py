"""A mistake in the configuration, where it is, and all of them as one error.

An operator corrects a file once, not once per mistake; so reading goes on past a
mistake, and everything found is told together. No text here ever repeats a value: it
could be a workspace's address, or a password in a URL.
"""

from dataclasses import dataclass

from esd.errors import OperatorMustAct

__all__ = ["ConfigError", "Problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: `key` is a path such as `peer[2].interval`, empty for the file."""

    file: str
    key: str
    line: int | None  # None where it cannot be known
    text: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return (
            f"{place}: {self.key} {self.text}" if self.key else f"{place}: {self.text}"
        )


class ConfigError(OperatorMustAct):
    """The configuration cannot be used; `problems` in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(
            "\n".join(map(str, problems)),
            hint="correct the file, then try it with: esd check-config",
        )
        self.problems = tuple(problems)
