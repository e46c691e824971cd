"""A shell's 1,024 files are too few for what the default limits allow."""

from pathlib import Path

from tests.programs import config_text, running_esd


def soft_limit(pid: int) -> int:
    (line,) = [
        line
        for line in Path(f"/proc/{pid}/limits").read_text().splitlines()
        if line.startswith("Max open files")
    ]
    return int(line.split()[3])


async def test_as_many_files_may_be_open_as_the_limits_add_up_to(
    tmp_path: Path,
) -> None:
    shell = ["prlimit", "--nofile=1024:8192", "--"]
    async with running_esd(config_text(tmp_path, []), under=shell) as esd:
        assert soft_limit(esd.process.pid) == 5 * 256 + 1000 + 256
        assert "files" not in esd.log


async def test_too_few_are_worth_a_warning(tmp_path: Path) -> None:
    shell = ["prlimit", "--nofile=1024:1024", "--"]
    async with running_esd(config_text(tmp_path, []), under=shell) as esd:
        assert soft_limit(esd.process.pid) == 1024
        assert "only 1024 files may be open" in esd.log
