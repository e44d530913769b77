"""A real target of ours in the real engine; whoever plays the vendor answers its calls."""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.delivery.world import Temper, World
from worker.sending.wire import Request, Response
from worker.targets.base import Course, Step, Target, Task


class Targeted(World):
    """A world whose side of the target is a real one."""

    def __init__(self, target: Target) -> None:
        super().__init__(Temper(), random.Random(1))
        self.target = target

    def course(self, task: Task) -> Course:
        return self.target.course(task)

    def request(self, steps: Sequence[Step], now: datetime) -> Request:
        return self.target.request(steps, now)

    def read(self, steps: Sequence[Step], response: Response) -> list[Any]:
        return self.target.read(steps, response)
