"""Read and restore the states of the random generators that a training uses."""

from __future__ import annotations

import random
from typing import Any, Dict, Optional, Tuple

import numpy
from numpy.typing import NDArray
from thinc.api import CupyOps, MPSOps, get_current_ops

Bytes = NDArray[Any]
#: The state of each generator as bytes, by its name.
States = Dict[str, Bytes]
#: Number of integers in a state of Python: the generator's words and the position.
_WORDS = 625


def get_states() -> States:
    """Return the states of the CPU generators of Python, NumPy and PyTorch."""
    import torch

    return {
        "python": _get_python(),
        "numpy": _get_numpy(),
        "torch": torch.get_rng_state().numpy(),
    }


def get_device_states() -> States:
    """Return the states of PyTorch's generators on the GPUs that this process uses."""
    import torch

    if isinstance(get_current_ops(), MPSOps):
        return {"mps": torch.mps.get_rng_state().numpy()}
    n = torch.cuda.device_count() if torch.cuda.is_initialized() else 0
    return {f"cuda:{i}": torch.cuda.get_rng_state(i).numpy() for i in range(n)}


def set_states(states: States) -> None:
    """Restore the states of generators.

    states (States): The states; other generators stay as they are.
    """
    import torch

    for name, state in states.items():
        if name == "python":
            _set_python(state)
        elif name == "numpy":
            _set_numpy(state)
        elif name == "torch":
            torch.set_rng_state(torch.from_numpy(state.copy()))
        elif name == "mps":
            torch.mps.set_rng_state(torch.from_numpy(state.copy()))
        elif int(name.partition(":")[2]) < torch.cuda.device_count():
            torch.cuda.set_rng_state(torch.from_numpy(state.copy()), name)


def seed_cupy(seed: int) -> None:
    """Seed CuPy's generator, whose state cannot be read, if this process uses it.

    seed (int): The seed.
    """
    if isinstance(get_current_ops(), CupyOps):
        import cupy

        cupy.random.seed(seed)


def _get_python() -> Bytes:
    _, words, gauss = random.getstate()
    return _to_bytes(numpy.array(words, "uint32"), gauss)


def _set_python(state: Bytes) -> None:
    words, gauss = _from_bytes(state)
    random.setstate((3, tuple(words.tolist()), gauss))


def _get_numpy() -> Bytes:
    state: Any = numpy.random.get_state(legacy=False)
    generator = state["state"]
    words = numpy.append(generator["key"], numpy.uint32(generator["pos"]))
    return _to_bytes(words, state["gauss"] if state["has_gauss"] else None)


def _set_numpy(state: Bytes) -> None:
    words, gauss = _from_bytes(state)
    held = (0, 0.0) if gauss is None else (1, gauss)
    numpy.random.set_state(("MT19937", words[:-1], int(words[-1]), *held))


def _to_bytes(words: Bytes, gauss: Optional[float]) -> Bytes:
    """Join a state and the second normal variate, if the generator holds one."""
    held = numpy.array([gauss is not None, gauss or 0.0], "float64")
    return numpy.concatenate([words.view("uint8"), held.view("uint8")])


def _from_bytes(state: Bytes) -> Tuple[Bytes, Optional[float]]:
    words, held = state[: 4 * _WORDS], state[4 * _WORDS :]
    has_gauss, gauss = held.copy().view("float64").tolist()
    return words.copy().view("uint32"), gauss if has_gauss else None
