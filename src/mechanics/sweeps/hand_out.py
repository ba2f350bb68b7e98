"""Tasks to workers and results back, with lost workers and Ctrl-C in between.

Tasks whose worker was lost run again, one at a time: so one that kills its worker is told from its neighbours, and is
given up when it has done so alone `crew.losses` times. An error that is not a lost worker ends it all.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from typing import Any

from .crew import Crew
from .interrupt import Stop
from .work import Job, message_of

DEPTH = 2  # tasks handed out per worker: one runs, one waits
PAUSE = 0.2  # seconds between looks at Ctrl-C


def hand_out(
    crew: Crew,
    task: Callable[[Job, Any], Any],
    arguments: Iterable[Any],
    stop: Stop,
    take: Callable[[Any, Any], None],
    give_up: Callable[[Any, str], None],
) -> None:
    """Run `task` for each argument: `take(argument, result)` as they come, `give_up(argument, cause)` after losses."""
    hands = _Hands(crew, task, iter(arguments))
    try:
        while hands.fill(stop):
            hands.collect(take, give_up)
    except BaseException:
        for future in hands.running:
            future.cancel()
        raise


class _Hands:
    """Which tasks wait, run, or are suspected of killing their worker."""

    def __init__(self, crew: Crew, task: Callable[[Job, Any], Any], waiting: Iterator[Any]) -> None:
        self.crew, self.task, self.waiting = crew, task, waiting
        self.suspects: deque[Any] = deque()
        self.running: dict[Future[Any], Any] = {}
        self.deaths: dict[int, int] = {}  # by id: what is counted is kept alive as a suspect or a running task
        self.alone = False  # whether a suspect runs, by itself
        self.cause: BaseException | None = None  # of the last loss that calls for new workers

    def fill(self, stop: Stop) -> bool:
        """Hand out what may be; False when all is done."""
        if stop.asked:
            self.suspects.clear()
            self.waiting = iter(())
        room = 1 if self.suspects or self.alone else DEPTH * self.crew.size
        while len(self.running) < room and not (self.suspects and self.running):
            argument = self.suspects[0] if self.suspects else next(self.waiting, None)
            if argument is None:
                break
            suspected = bool(self.suspects)
            if not suspected:
                self.suspects.append(argument)  # not lost where handing it out fails
            try:
                future = self.crew.submit(self.task, argument)
            except Exception as error:
                if not self.crew.is_loss(error):
                    raise
                self.cause = error
                return True
            self.running[future] = self.suspects.popleft()
            self.alone = suspected
            room = 1 if suspected else room
        return bool(self.running or self.suspects)

    def collect(self, take: Callable[[Any, Any], None], give_up: Callable[[Any, str], None]) -> None:
        """Results that have come; where a worker was lost, what it took with it, and new workers."""
        done = wait(self.running, timeout=PAUSE, return_when=FIRST_COMPLETED).done
        while done:
            lost = [argument for future in done for argument in self._result(future, take)]
            for argument in lost:
                self._suspect(argument, give_up)
            done = wait(self.running).done if self.cause is not None and self.crew.breaks else set()
        if self.cause is not None and self.crew.breaks:
            self.crew.renew()
        self.cause = None
        self.alone = self.alone and bool(self.running)

    def _result(self, future: Future[Any], take: Callable[[Any, Any], None]) -> list[Any]:
        argument = self.running.pop(future)
        error = CancelledError() if future.cancelled() else future.exception()
        if error is None:
            self.deaths.pop(id(argument), None)
            take(argument, future.result())
            return []
        if not self.crew.is_loss(error):
            raise error
        self.cause = error
        return [argument]

    def _suspect(self, argument: Any, give_up: Callable[[Any, str], None]) -> None:
        deaths = self.deaths.get(id(argument), 0) + self.alone
        if deaths >= self.crew.losses:
            self.deaths.pop(id(argument), None)
            give_up(argument, f"it ended its worker {deaths} times ({message_of(self.cause or CancelledError())})")
        else:
            self.deaths[id(argument)] = deaths
            self.suspects.append(argument)
