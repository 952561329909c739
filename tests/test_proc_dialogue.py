"""Talking with a process line by line."""

import os
import sys
from pathlib import Path

import pytest

from branchline import proc

ECHO = "import sys\nfor line in sys.stdin: print(line.strip().upper(), flush=True)"


def talk(tmp: Path, program: str, limit: int = 1000) -> "proc.dialogue":
    return proc.dialogue([sys.executable, "-c", program], cwd=tmp, env=os.environ, limit=limit)


def test_lines_go_and_come(tmp_path: Path) -> None:
    with talk(tmp_path, ECHO) as line:
        for word in (b"one", b"two"):
            line.say(word)
            assert line.hear() == word.upper()


@pytest.mark.parametrize(
    ("program", "why"),
    [("pass", "has ended"), ("print('half', end='')", "has ended"), ("print('x' * 2000)", "too long")],
)
def test_what_is_no_line_is_told(tmp_path: Path, program: str, why: str) -> None:
    with talk(tmp_path, program) as line, pytest.raises(ConnectionError, match=why):
        line.hear()


def test_a_process_that_listens_no_more_is_told(tmp_path: Path) -> None:
    with talk(tmp_path, "import os; os.close(0); print('closed', flush=True); import time; time.sleep(60)") as line:
        assert line.hear() == b"closed"
        with pytest.raises(ConnectionError):
            line.say(b"x" * (1 << 20))


def test_it_ends_with_the_block_even_when_it_will_not(tmp_path: Path) -> None:
    stubborn = (
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(os.getpid(), flush=True)\n"
    )
    with talk(tmp_path, stubborn + "time.sleep(60)") as line:
        pid = int(line.hear())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"), proc.dialogue(["/nowhere"], cwd=tmp_path, env={}, limit=10):
        pass
