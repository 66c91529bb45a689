"""The child process of a Dask worker, which runs its cells one after the other: a run should crash alone.

The child is kept from cell to cell, for its imports. It reads pickled cells from standard input and writes events and
outcomes to standard output, one JSON object per line. Its input ends when the worker is no more, kill -9 included, and
that ends the child. multiprocessing cannot start it: Dask's workers are daemonic, and those may have no children there.
"""

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

OUTCOME = "outcome"
_one_cell = threading.Lock()
"""A worker may have several threads: one cell at a time."""
_child: subprocess.Popen[bytes] | None = None


def on_worker(packed: bytes, key: str, topic: str) -> dict[str, Any]:
    """The task of Dask: runs a pickled ``Cell`` and publishes its progress under ``topic``.

    Gives the values of ``ferbench.sweeps.study.CellOutcome``; of a child that died, its exit ``status``.
    """
    import distributed

    worker = distributed.get_worker()
    where = f"{socket.gethostname()}/{worker.name}"  # shown in the table; no result has it
    worker.log_event(topic, {"key": key, "where": where, "stage": "starting", "done": 0, "total": None})
    return _run_in_child(packed, where, lambda event: worker.log_event(topic, event))


def close() -> None:
    """Ends this process's child, unless it is at work."""
    if _one_cell.acquire(blocking=False):
        try:
            _end_child()
        finally:
            _one_cell.release()


def _run_in_child(packed: bytes, where: str, on_event: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    global _child
    with _one_cell:
        if _child is None:
            command = [sys.executable, "-m", "ferbench.sweeps.child"]
            _child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert _child.stdin is not None
        assert _child.stdout is not None
        with suppress(BrokenPipeError):  # it has died: its output ends too
            pickle.dump((packed, where), _child.stdin)
            _child.stdin.flush()
        for line in _child.stdout:
            event = json.loads(line)
            if OUTCOME in event:
                values: dict[str, Any] = event[OUTCOME]
                return values
            on_event(event)
        return {"status": _end_child()}


def _end_child() -> int | None:
    """Closes the child's input and waits for its end; its exit status."""
    global _child
    if _child is None:
        return None
    _child.communicate()
    status = _child.returncode
    _child = None
    return status


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the worker, and that ends this
    cells: SimpleQueue[tuple[bytes, str]] = SimpleQueue()
    threading.Thread(target=_read, args=(cells,), daemon=True).start()
    events = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a component prints is not an event
    from ferbench.support.processes import tune_malloc  # slow to import, and not for the worker
    from ferbench.sweeps.sweep import run_packed

    tune_malloc()

    def send(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    while True:
        packed, where = cells.get()
        send({OUTCOME: run_packed(packed, send, where=where).to_dict()})


def _read(cells: SimpleQueue[tuple[bytes, str]]) -> None:
    """Reads cells until the worker closes the input or is no more, and ends the process then."""
    try:
        while True:
            cells.put(pickle.load(sys.stdin.buffer))
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
