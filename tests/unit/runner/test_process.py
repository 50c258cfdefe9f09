"""A tool keeps within its limits and never outlives its caller."""

import asyncio
import hashlib
import os
import sys
from pathlib import Path

import pytest
from support.eventually import eventually

from agentbus.runner.errors import ToolFailed
from agentbus.runner.process import Finished, Limits, run


async def python(code: str, cwd: Path, limits: Limits | None = None) -> Finished:
    return await run([sys.executable, "-I", "-S", "-c", code], cwd=cwd, limits=limits)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def test_output_exit_code_and_complaints_are_given(tmp_path: Path) -> None:
    ended = await python(
        "import os, sys; print(os.getcwd()); print('no', file=sys.stderr); sys.exit(3)", tmp_path
    )
    assert ended == Finished(3, f"{tmp_path}\n".encode(), None, "no\n")


async def test_the_environment_holds_no_secret_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-ours")
    ended = await python("import os; print(sorted(os.environ), os.environ['HOME'])", tmp_path)
    assert b"OPENAI" not in ended.output
    assert os.environ["HOME"].encode() not in ended.output


async def test_there_is_no_input(tmp_path: Path) -> None:
    assert (await python("import sys; print(repr(sys.stdin.read()))", tmp_path)).output == b"''\n"


async def test_a_large_output_is_cut_and_told_with_size_and_hash(tmp_path: Path) -> None:
    ended = await python("print('x' * 1_000_000, end='')", tmp_path, Limits(kept_bytes=1000))
    assert ended.output == b"x" * 1000
    assert ended.cut is not None
    assert ended.cut.size_bytes == 1_000_000
    assert ended.cut.sha256 == hashlib.sha256(b"x" * 1_000_000).hexdigest()


async def test_endless_output_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed) as failure:
        await python("while True: print('x' * 10_000)", tmp_path, Limits(output_bytes=1_000_000))
    assert failure.value.code == "tool_output_too_large"


async def test_a_memory_hog_fails_by_itself(tmp_path: Path) -> None:
    ended = await python("b'x' * (10 * 1024**3)", tmp_path, Limits(memory_bytes=512 * 1024**2))
    assert ended.exit_code == 1
    assert "MemoryError" in ended.complaints


async def test_a_crash_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="signal 11"):
        await python("import os; os.kill(os.getpid(), 11)", tmp_path)


FAMILY = """
import os, time
for _ in range(5):
    if os.fork() == 0:
        break
with open('pids', 'a') as file:
    file.write(f'{os.getpid()}\\n')
time.sleep(600)
"""


async def family(tmp_path: Path) -> list[int]:
    async def all_there() -> list[int]:
        written = (tmp_path / "pids").read_text().split() if (tmp_path / "pids").exists() else []
        assert len(written) == 6
        return [int(pid) for pid in written]

    return await eventually(all_there, within=10)


async def test_at_the_time_limit_the_whole_family_is_killed(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed) as failure:
        await python(FAMILY, tmp_path, Limits(time_seconds=2))
    assert failure.value.code == "tool_timed_out"
    pids = await family(tmp_path)

    async def gone() -> None:
        assert not any(alive(pid) for pid in pids)

    await eventually(gone, within=5)


async def test_at_cancellation_the_whole_family_is_killed(tmp_path: Path) -> None:
    task = asyncio.create_task(python(FAMILY, tmp_path))
    pids = await family(tmp_path)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async def gone() -> None:
        assert not any(alive(pid) for pid in pids)

    await eventually(gone, within=5)


RUNNER = """
import asyncio, sys
from pathlib import Path
from agentbus.runner.process import run
code = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)"
asyncio.run(run([sys.executable, "-I", "-S", "-c", code], cwd=Path(sys.argv[1])))
"""


async def test_a_tool_dies_with_its_runner(tmp_path: Path) -> None:
    runner = await asyncio.create_subprocess_exec(sys.executable, "-c", RUNNER, str(tmp_path))

    async def tool() -> int:
        written = (tmp_path / "pid").read_text() if (tmp_path / "pid").exists() else ""
        assert written
        return int(written)

    pid = await eventually(tool, within=20)
    assert alive(pid)
    runner.kill()
    await runner.wait()

    async def gone() -> None:
        assert not alive(pid)

    await eventually(gone, within=5)
