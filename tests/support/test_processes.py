"""The same work over processes: the order, the errors, and that no process is left behind."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from ferbench.errors import DataError, PluginError, WorkerError
from ferbench.support import processes
from ferbench.support.processes import in_order, usable_cores
from tests.conftest import ROOT


def square(piece: int) -> tuple[int, int]:
    time.sleep(0.05 / (piece + 1))  # the later ones are done first
    return piece * piece, os.getpid()


def threads(piece: int) -> set[int]:
    import cv2
    import numpy  # noqa: F401 - brings its BLAS
    from threadpoolctl import threadpool_info

    return {cv2.getNumThreads(), *(pool["num_threads"] for pool in threadpool_info())}


def deaf(piece: int) -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def faults(piece: int) -> int:
    """Pages that a work with large arrays takes from the system; some are taken once and for all."""
    import resource

    import numpy as np

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(100):
        [np.ones(2**18) for _ in range(20)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def broken(piece: int) -> int:
    if piece >= 3:
        raise DataError(f"image {piece} is broken", fix="mend it")
    return piece


def dies(piece: int) -> int:
    if piece == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return piece


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are started after the second piece, however little is left."""
    monkeypatch.setattr(processes, "MIN_SECONDS_FOR_PROCESSES", -1.0)


def children(parent: int | None = None) -> list[psutil.Process]:
    """Worker processes of ``parent``, by default this one; Python's resource tracker, which lives as long, is none."""
    return [one for one in psutil.Process(parent).children() if "spawn_main" in " ".join(one.cmdline())]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives freed memory back so soon")
def test_workers_keep_the_memory_of_the_piece_before(eager: None) -> None:
    done = list(in_order(faults, range(6), workers=2))
    assert max(done[-2:]) < 100, done


def test_results_come_in_order_from_other_processes(eager: None) -> None:
    found = list(in_order(square, range(20), workers=2))
    assert [value for value, _ in found] == [piece * piece for piece in range(20)]
    assert {process for _, process in found[:2]} == {os.getpid()}
    assert os.getpid() not in {process for _, process in found[2:]}
    assert children() == []


def test_little_work_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_in_processes", None)
    assert len(list(in_order(square, range(20), workers=8))) == 20


def test_one_worker_is_this_process(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_in_processes", None)
    assert len(list(in_order(square, range(5)))) == 5
    assert list(in_order(square, [], workers=2)) == []


def test_a_worker_computes_on_one_thread(eager: None) -> None:
    assert list(in_order(threads, range(4), workers=2))[2:] == [{1}, {1}]


def test_a_worker_is_born_deaf_to_the_interrupt_that_its_parent_gets(eager: None) -> None:
    assert list(in_order(deaf, range(4), workers=2)) == [False, False, True, True]


def test_an_error_is_raised_as_it_is_after_what_came_before_it(eager: None) -> None:
    results = in_order(broken, range(50), workers=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(DataError, match="image 3 is broken") as caught:
        next(results)
    assert caught.value.fix == "mend it"
    assert children() == []


def test_a_worker_that_dies_is_reported(eager: None) -> None:
    with pytest.raises(WorkerError, match="--workers 1"):
        list(in_order(dies, range(50), workers=2))
    assert children() == []


def test_a_part_that_cannot_be_pickled_is_reported(eager: None) -> None:
    with pytest.raises(PluginError, match=r"(?s)cannot be sent to other processes.*--workers 1"):
        list(in_order(lambda piece: piece, range(5), workers=2))


SCRIPT = """
from ferbench.support import processes
processes.MIN_SECONDS_FOR_PROCESSES = -1.0
class Times:
    def __call__(self, piece):
        return 3 * piece
if __name__ == "__main__":
    print(list(processes.in_order(Times(), range(4), workers=2)))
"""


def test_work_whose_class_is_in_the_script_itself(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    text = subprocess.run([sys.executable, tmp_path / "script.py"], capture_output=True, text=True, check=True).stdout
    assert text == "[0, 3, 6, 9]\n"


def test_work_whose_class_other_processes_cannot_find_is_reported() -> None:
    """As in a notebook: there is no script that they could run."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert "a component cannot be loaded in another process: AttributeError" in done.stderr
    assert "define its class in a module" in done.stderr


def test_closing_ends_the_workers_in_the_middle_of_their_work(eager: None) -> None:
    started = time.monotonic()
    with closing(in_order(time.sleep, [0, 0, 0, 60, 60, 60], workers=2)) as results:
        for _ in range(3):
            next(results)
        assert len(children()) == 2
    assert children() == []
    assert time.monotonic() - started < 20


LONG = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is started with it ignored
from ferbench.support import processes
processes.MIN_SECONDS_FOR_PROCESSES = -1.0
try:
    for _ in processes.in_order(time.sleep, [0, 0, 60, 60], workers=2):
        pass
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_its_parent(how: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", LONG],
        stderr=subprocess.PIPE,
        cwd=ROOT,
        start_new_session=True,  # so that the interrupt can go to the whole group, as a terminal sends it
    )
    assert parent.stderr is not None
    while len(family := children(parent.pid)) < 2:  # they are about to start Python
        assert parent.poll() is None
        time.sleep(0.01)
    if how == signal.SIGINT:
        os.killpg(parent.pid, how)
    else:
        parent.kill()
    assert parent.wait(timeout=20) == (-9 if how == signal.SIGKILL else 130)
    _, left = psutil.wait_procs(family, timeout=20)
    assert left == []
    output = parent.stderr.read()
    parent.stderr.close()
    assert b"Traceback" not in output


def test_a_script_is_not_run_again_by_its_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import math\n"
        "from ferbench.support import processes\n"
        "processes.MIN_SECONDS_FOR_PROCESSES = 0.0\n"
        "print(list(processes.in_order(math.sqrt, [1, 4, 9, 16, 25], workers=2)))\n"
    )
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout, ran.stderr) == ("[1.0, 2.0, 3.0, 4.0, 5.0]\n", "")


def test_usable_cores() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


def test_nothing_is_loaded_before_a_worker_has_its_one_thread() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, ferbench.support.processes; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert {"numpy", "cv2", "torch"} & set(loaded) == set()
