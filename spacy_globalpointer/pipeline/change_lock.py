"""Lock of a component that can be copied."""

from __future__ import annotations

import threading
from typing import Optional, Tuple, Type

from ..errors import Errors


class ChangeLock:
    """Lock that is held while a memory is replaced. The copy of a component, also in
    another process, has its own. A thread that holds it gets GP248 instead of waiting
    for itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: Optional[int] = None

    def __enter__(self) -> None:
        if self._holder == threading.get_ident():
            raise ValueError(Errors.GP248)
        self._lock.acquire()
        self._holder = threading.get_ident()

    def __exit__(self, *error: object) -> None:
        self._holder = None
        self._lock.release()

    def __reduce__(self) -> Tuple[Type[ChangeLock], Tuple[()]]:
        return ChangeLock, ()
