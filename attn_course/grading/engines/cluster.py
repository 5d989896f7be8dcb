"""Grade on a Dask cluster: a laptop's, one on Slurm through dask-jobqueue, one on Kubernetes through dask-kubernetes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from distributed import Client, as_completed

from attn_course.grading.engines import EngineError
from attn_course.grading.item import RETRY, Item, Outcome
from attn_course.grading.sandbox.bubblewrap import NoSandbox
from attn_course.grading.work import grade_item

AHEAD = 2  # items for each worker that are on their way
RETRIES = 3


def run(items: Iterable[Item], address: str) -> Iterator[tuple[Item, Outcome]]:
    """Grade items on the cluster whose scheduler is at `address`. What a lost worker had goes to another.

    Args:
        items: Taken as the cluster has room for them.
        address: Of the scheduler, such as "tcp://10.0.0.1:8786".

    Raises:
        EngineError: There is no scheduler, or no sandbox on its workers.
    """
    try:
        connected = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EngineError(f"there is no Dask scheduler at {address}: {error}") from error
    with connected as client:
        source = iter(items)
        waiting = {}
        futures = as_completed(loop=client.loop)
        room = max(1, len(client.scheduler_info(n_workers=-1)["workers"])) * AHEAD

        def fill() -> None:
            while len(waiting) < room and (item := next(source, None)) is not None:
                future = client.submit(grade_item, item, pure=False, retries=RETRIES)
                waiting[future] = item
                futures.add(future)

        fill()
        for future in futures:
            item = waiting.pop(future)
            if future.status == "finished":
                yield item, future.result()
            elif isinstance(error := future.exception(), NoSandbox):
                raise EngineError(f"on a worker of the cluster: {error}") from error
            else:
                yield item, Outcome(RETRY, f"the cluster gave it back: {error}")
            future.release()
            fill()
