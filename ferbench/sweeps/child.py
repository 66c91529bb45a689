"""The cells of one Dask worker, one after the other in a child process of it: Dask runs its tasks in threads.

A run wants a main thread (scikit-learn-intelex keeps to its share of the cores in no other), and to crash alone. The
child is kept from cell to cell, for its imports. It reads cells from standard input and writes events and outcomes to
standard output, JSON a line; a third pipe is its leash: that closes when the worker is no more, kill -9 included.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

OUTCOME = "outcome"
_turn = threading.Lock()
"""A worker may have several threads: one cell at a time."""
_child: Child | None = None


def on_worker(packed: bytes, key: str, topic: str) -> dict[str, Any]:
    """The task of Dask: a pickled ``Cell``, whose progress is told to the subscribers of ``topic``."""
    import distributed

    worker = distributed.get_worker()
    where = f"{socket.gethostname()}/{worker.name}"  # for the table alone: no result has it
    worker.log_event(topic, {"key": key, "where": where, "stage": "starting", "done": 0, "total": None})
    return apart(packed, lambda event: worker.log_event(topic, event), where)


def apart(packed: bytes, tell: Callable[[dict[str, Any]], None], where: str) -> dict[str, Any]:
    """Runs a pickled ``Cell`` in the child process and waits; gives ``ferbench.sweeps.sweep.Outcome``'s values as JSON.

    It is not unpacked here: a worker imports nothing of what a run needs. Of a child that died, ``status`` says how.
    """
    global _child
    with _turn:
        if _child is None:
            _child = Child()
        outcome = _child.run(packed, tell, where)
        if outcome is None:
            outcome = {"status": _child.close()}
            _child = None
        return outcome


def close() -> None:
    """Ends this process's child, if it has one that is not at work."""
    global _child
    if _turn.acquire(blocking=False):
        try:
            if _child:
                _child.close()
            _child = None
        finally:
            _turn.release()


class Child:
    """The child process, as the worker sees it."""

    def __init__(self) -> None:
        leash, self._leash = os.pipe()
        words = [sys.executable, "-m", "ferbench.sweeps.child", str(leash)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[leash])
        os.close(leash)

    def run(self, packed: bytes, tell: Callable[[dict[str, Any]], None], where: str) -> dict[str, Any] | None:
        """The outcome of a cell, or ``None`` if the process died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(pickle.dumps((packed, where)))
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        for line in self._process.stdout:
            event = json.loads(line)
            if OUTCOME in event:
                values: dict[str, Any] = event[OUTCOME]
                return values
            tell(event)
        return None

    def close(self) -> int:
        """Ends the process; its exit status."""
        os.close(self._leash)
        with self._process:
            return self._process.wait()


def main(leash: int) -> None:
    """The child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the worker, and that ends this
    threading.Thread(target=_end_with_worker, args=(leash,), daemon=True).start()
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a part prints is no event
    from ferbench.support import processes  # slow to import, and not for the worker
    from ferbench.sweeps import sweep

    processes.keep_memory()

    def send(event: dict[str, Any]) -> None:
        channel.write(json.dumps(event) + "\n")
        channel.flush()

    while True:
        try:
            packed, where = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        send({OUTCOME: sweep.run_packed(packed, send, where=where).plain()})


def _end_with_worker(leash: int) -> None:
    os.read(leash, 1)  # nothing is ever sent
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
