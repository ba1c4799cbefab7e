"""The processes of a PostgreSQL data folder: found, waited for and ended, also as orphans."""

import os
import signal
import time
from pathlib import Path

PROC = Path("/proc")
FAST, IMMEDIATE, KILL = signal.SIGINT, signal.SIGQUIT, signal.SIGKILL
WAIT = 0  # the signal that only asks whether a process is there


def is_alive(pid: int) -> bool:
    """Whether a process of ours runs; one that died and waits for its parent does not."""
    if PROC.joinpath("self/cwd").exists():
        return PROC.joinpath(str(pid), "cwd").exists()
    try:
        os.kill(pid, WAIT)
    except OSError:
        return False
    return True


class Processes:
    """What works in one data folder: all processes of PostgreSQL make it their current folder."""

    def __init__(self, data: Path) -> None:
        self.data = str(data.resolve())
        self.pid_file = data / "postmaster.pid"

    def postmaster(self) -> int | None:
        """The process number of the living server on this data."""
        try:
            pid = int(self.pid_file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        return pid if self.has(pid) else None

    def all(self) -> list[int]:
        if not PROC.joinpath("self/cwd").exists():
            return [pid for pid in [self.postmaster()] if pid]
        return [int(name) for name in os.listdir(PROC) if name.isdigit() and self.has(int(name))]

    def has(self, pid: int) -> bool:
        """The number alone proves nothing: after a restart another program may have it."""
        if not PROC.joinpath("self/cwd").exists():
            return is_alive(pid)
        try:
            return os.readlink(PROC / str(pid) / "cwd") == self.data
        except OSError:
            return False

    def end(self, *steps: tuple[int, float]) -> None:
        """Send each signal in turn, until nothing is left or all the seconds are over."""
        for number, seconds in steps:
            for pid in self.addressed(number):
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            if self.wait_for_the_end(seconds):
                return

    def addressed(self, number: int) -> list[int]:
        """An orderly stop is the postmaster's business; a kill has to reach everyone."""
        main = self.postmaster()
        return self.all() if number == KILL or main is None else [main]

    def wait_for_the_end(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.all():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def forget(self) -> None:
        """Remove a killed server's pid file: PostgreSQL would wait for whoever has its number."""
        if not self.all():
            self.pid_file.unlink(missing_ok=True)
