"""The learning rate of each update."""

from __future__ import annotations

from typing import Any, Dict, Optional

from spacy import util
from thinc.api import Optimizer


class LearnRate:
    """The learning rates of a training, from its config.

    The optimizer itself is out of a logger's reach, but its schedules count updates
    and nothing else, so that those of a second one say the same.
    """

    def __init__(self, config: Dict[str, Any]) -> None:
        """Make a second optimizer.

        config (Dict[str, Any]): The config's [training.optimizer].
        """
        self._optimizer = util.registry.resolve({"optimizer": config})["optimizer"]
        self._step = 0

    def at(self, step: int) -> Optional[float]:
        """Look up a rate. The steps must not decrease.

        step (int): Number of the update, from 0 on.
        RETURNS (Optional[float]): Its rate; None if the optimizer is not thinc's.
        """
        if not isinstance(self._optimizer, Optimizer):
            return None
        for _ in range(self._step, step):
            self._optimizer.step_schedules()
        self._step = step
        return float(self._optimizer.learn_rate)
