"""The same work on many pieces, over processes: results in order, and no process that outlives its parent.

Processes are spawned, never forked: a fork copies locks that torch's and OpenCV's threads hold. Each computes on one
thread, so that as many processes as cores do not compete for them. joblib's processes would outlive a killed parent.
"""

import ctypes
import os
import pickle
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, TypeVar

from ferbench.errors import PluginError, WorkerError

Piece = TypeVar("Piece")
Result = TypeVar("Result")

MIN_SECONDS_FOR_PROCESSES = 8.0
"""Seconds of work that must be left for the start of processes (one to five seconds) to pay."""
PIECES_AHEAD = 4
"""Pieces per worker that may be under way or done before their turn; more would only take memory."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
KEPT_BYTES = 31 << 20

_work: Callable[[Any], Any]


def usable_cores() -> int:
    """The cores that this process may use, within its affinity and its container's share."""
    from joblib import cpu_count  # slow to import, and the command line's help must not wait for it

    return int(cpu_count())


def tune_malloc() -> None:
    """Lets this process keep up to 62 MB of freed memory, for a process that does the same work again and again.

    glibc returns freed pieces of 128 kB and more to the system at once, which then clears their pages again for each
    use: a fifth of the time of YuNet. Its own limits grow only with what was freed before (mallopt(3)). Without glibc
    this does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
        mallopt(M_TRIM_THRESHOLD, 2 * KEPT_BYTES)


def in_order(work: Callable[[Piece], Result], pieces: Sequence[Piece], *, workers: int = 1) -> Generator[Result]:
    """``work(piece)`` of each piece, in the order of ``pieces``, which are best of about equal effort.

    The first pieces are done here. If the rest would take more than ``MIN_SECONDS_FOR_PROCESSES`` at the last one's
    pace, ``workers`` processes do it. Close the iterator (``contextlib.closing``) if it may not be read to its end.

    Raises what ``work`` raises, of the first piece that raises; ``PluginError`` if it cannot be pickled, and
    ``WorkerError`` if a process dies.
    """
    tune_malloc()
    for done, piece in enumerate(pieces, 1):
        started = time.monotonic()
        result = work(piece)
        pace = time.monotonic() - started
        yield result
        # The first piece says nothing about the pace: it may have loaded weights.
        if workers > 1 and done > 1 and pace * (len(pieces) - done) > MIN_SECONDS_FOR_PROCESSES:
            yield from _in_processes(work, pieces[done:], workers)
            return


def _in_processes(work: Callable[[Piece], Result], pieces: Sequence[Piece], workers: int) -> Iterator[Result]:
    try:
        packed = pickle.dumps(work)
    except Exception as error:  # pickle raises nearly anything, and a component's own __reduce__ may too
        raise PluginError(
            f"a component cannot be sent to other processes, as its contract asks: {type(error).__name__}: {error}",
            fix="use one process: --workers 1; and report it to the component's author",
        ) from error
    context = get_context("spawn")
    leash_end, leash = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(min(workers, len(pieces)), context, _start_worker, (leash_end, packed))
    waiting = deque[Any]()
    try:
        for piece in pieces:
            waiting.append(_submit(pool, piece, needs_script=b"__main__" in packed))
            if len(waiting) >= PIECES_AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BaseException as error:
        leash.close()  # ends the workers in the middle of their pieces
        if isinstance(error, BrokenProcessPool):
            raise WorkerError(
                "a worker process ended by itself: killed for its memory, or by a crash in a component's native code",
                fix="use fewer: --workers 1; what was finished is kept",
            ) from error
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        leash.close()
        leash_end.close()


def _submit(pool: ProcessPoolExecutor, piece: Any, *, needs_script: bool) -> Any:
    # May start a worker, which inherits the mask. Ctrl-C reaches the parent too, and that ends its workers quietly.
    # A spawned process runs the script of its parent once more; where the work does not need that, it is hidden.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    script = sys.modules["__main__"]
    if not needs_script:
        sys.modules["__main__"] = ModuleType("__main__")
    try:
        return pool.submit(_do, piece)
    finally:
        sys.modules["__main__"] = script
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(leash_end: Connection, packed: bytes) -> None:
    global _work
    threading.Thread(target=_die_with_parent, args=(leash_end,), daemon=True).start()
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # read when the libraries are loaded: by the last line here
    tune_malloc()
    try:
        _work = pickle.loads(packed)
    except Exception as error:  # as in _in_processes
        _work = partial(
            _refuse,
            PluginError(
                f"a component cannot be loaded in another process: {type(error).__name__}: {error}",
                fix="define its class in a module, not in a notebook; or use one process: --workers 1",
            ),
        )


def _refuse(error: PluginError, piece: Any) -> Any:
    raise error


def _die_with_parent(leash_end: Connection) -> None:
    # Nothing is ever sent. The other end closes when the parent closes it or is no more, kill -9 included.
    with suppress(EOFError, OSError):
        leash_end.recv_bytes()
    os._exit(1)


def _do(piece: Any) -> Any:
    return _work(piece)
