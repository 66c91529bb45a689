"""The engine on Dask: a task per cell, on processes of this machine or on the workers of a scheduler anywhere.

The workers need the same plugins, and the results' root and the data at the same paths as here.
"""

import os
import pickle
import signal
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ferbench.errors import PluginError, WorkerError
from ferbench.support.processes import ONE_THREAD, usable_cores
from ferbench.sweeps import child
from ferbench.sweeps.child import on_worker
from ferbench.sweeps.study import Cell, CellOutcome
from ferbench.sweeps.sweep import Engine, OnEvent

try:
    import dask
    import distributed
except ImportError as error:
    raise PluginError(
        f"sweeps over several processes need Dask: {error}", fix="pip install 'ferbench[sweep]'"
    ) from error


@contextmanager
def local(workers: int) -> Iterator[Engine]:
    """The engine with ``workers`` processes here, which share the cores among them."""
    threads = str(max(1, usable_cores() // workers))
    environment = {name: os.environ.get(name, threads) for name in ONE_THREAD}
    settings = {
        "distributed.nanny.pre-spawn-environ": environment,
        "distributed.scheduler.worker-saturation": 1.0,  # a cell waits for any worker, not behind another cell
    }
    with (
        tempfile.TemporaryDirectory(prefix="ferbench-sweep-") as folder,
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=0,  # a run takes what it needs; there is nothing that Dask could spill
            dashboard_address=None,
            local_directory=folder,
            silence_logs="ERROR",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield partial(_run, client)


@contextmanager
def remote(address: str) -> Iterator[Engine]:
    """The engine on the workers of the scheduler at ``address``. Raises ``WorkerError`` if it cannot be reached."""
    try:
        client = distributed.Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise WorkerError(
            f"the Dask scheduler {address} cannot be reached: {error}",
            fix="start one: dask scheduler; and workers: dask worker ADDRESS --nthreads 1",
        ) from error
    with client:
        yield partial(_run, client)


def _run(client: Any, cells: Sequence[Cell], on_event: OnEvent) -> Iterator[CellOutcome]:
    """Outcomes as they come. A cell whose worker dies is given to another, which continues from its last checkpoint."""
    # Dask shares tasks out evenly if they are of one group, which is the first item of their keys.
    topic = f"ferbench-{uuid.uuid4().hex}"
    client.subscribe_topic(topic, lambda event: on_event(event[1]))
    tasks = {
        client.submit(on_worker, pickle.dumps(_absolute(cell)), cell.key, topic, key=(topic, cell.key)): cell
        for cell in cells
    }
    connected = True
    try:
        for task in distributed.as_completed(tasks):
            try:
                error = task.exception()
                outcome = _outcome(tasks[task], task.result()) if error is None else _lost(tasks[task], error)
            except (OSError, distributed.CancelledError) as lost:  # while a result was fetched, or before
                connected = False
                fix = "start the sweep again: what was finished is kept"
                raise WorkerError("the Dask scheduler was lost", fix=fix) from lost
            yield outcome
    finally:
        if connected and client.status == "running":
            client.cancel(list(tasks))
            client.unsubscribe_topic(topic)
            client.run(child.close)


def _absolute(cell: Cell) -> Cell:
    """The cell as a process in another folder needs it; a worker of Dask may not start processes of its own."""
    plan = cell.plan
    data = plan.data.absolute() if plan.data else None
    return replace(cell, plan=replace(plan, out=plan.out.absolute(), data=data, workers=1))


def _outcome(cell: Cell, values: dict[str, Any]) -> CellOutcome:
    if "status" not in values:
        bundle = Path(values["bundle"]) if values["bundle"] else None
        return CellOutcome(**{**values, "bundle": bundle})
    status = values["status"]
    reason = signal.Signals(-status).name if status < 0 else f"status {status}"
    what = f"its process ended by itself with {reason}: killed for its memory, or a crash in a component's native code"
    return CellOutcome(cell.key, "failed", what=what, fix="run it again, with fewer workers: --retry")


def _lost(cell: Cell, error: BaseException) -> CellOutcome:
    if isinstance(error, distributed.scheduler.KilledWorker):
        what = "the worker processes that ran it died one after the other: out of memory, or a crash in native code"
        return CellOutcome(cell.key, "failed", what=what, fix="give the workers more memory, and run it again: --retry")
    return CellOutcome(cell.key, "failed", what=f"{type(error).__name__}: {error}", fix="run it again: --retry")
