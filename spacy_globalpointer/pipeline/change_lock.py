"""Lock of a component that can be copied."""

from __future__ import annotations

import threading
from typing import Tuple, Type


class ChangeLock:
    """Lock that is held while a memory is replaced. The copy of a component, also in
    another process, has its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    def __reduce__(self) -> Tuple[Type[ChangeLock], Tuple[()]]:
        return ChangeLock, ()
