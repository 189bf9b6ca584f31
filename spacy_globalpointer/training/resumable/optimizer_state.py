"""The state of an optimizer, as arrays whose names are the same in every process."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import numpy
from numpy.typing import NDArray
from spacy.language import Language
from thinc.api import Optimizer, get_current_ops

from ...errors import Errors
from .parameters import find_parameters, find_shims

Arrays = Dict[str, NDArray[Any]]
#: Attributes of the optimizer that hold an array or a number for each parameter.
ARRAYS = ("mom1", "mom2", "averages")
COUNTS = ("nr_update", "last_seen")
#: Separator between the kind of an array and the place of its parameter.
SEPARATOR = ":"


def get_state(nlp: Language, optimizer: Optimizer) -> Tuple[Arrays, Dict[str, Any]]:
    """Read the state of an optimizer, except what its schedules determine.

    nlp (Language): The pipeline that it updates.
    optimizer (Optimizer): The optimizer.
    RETURNS (Tuple[Arrays, Dict[str, Any]]): Arrays by kind and place of the parameter;
        and numbers, as JSON.
    RAISES (ValueError): GP216 if it updates parameters that are in no component's
        model.
    """
    places = {x.key: place for place, x in find_parameters(nlp).items()}
    _check_known(optimizer, places)
    to_numpy = get_current_ops().to_numpy
    arrays = {
        f"{kind}{SEPARATOR}{places[key]}": to_numpy(array)
        for kind in ARRAYS
        for key, array in (getattr(optimizer, kind) or {}).items()
    }
    counts = {
        kind: {places[key]: n for key, n in getattr(optimizer, kind).items()}
        for kind in COUNTS
    }
    return arrays, {**counts, "radam": optimizer._radam_buffer}


def set_state(
    nlp: Language, optimizer: Optimizer, arrays: Arrays, numbers: Dict[str, Any]
) -> None:
    """Restore the state of an optimizer.

    nlp (Language): The pipeline that it updates.
    optimizer (Optimizer): A new optimizer of the same kind.
    arrays (Arrays): Arrays of `get_state`; others are ignored.
    numbers (Dict[str, Any]): Numbers of `get_state`.
    RAISES (ValueError): GP217 if the pipeline lacks one of the parameters.
    """
    keys = {place: x.key for place, x in find_parameters(nlp).items()}
    places = [name.partition(SEPARATOR)[2] for name in _of_kinds(arrays, ARRAYS)]
    _check_present([*places, *numbers["nr_update"]], keys)
    ops = get_current_ops()
    for name, array in _of_kinds(arrays, ARRAYS).items():
        kind, _, place = name.partition(SEPARATOR)
        getattr(optimizer, kind)[keys[place]] = ops.asarray(array.copy())
    for kind in COUNTS:
        counts = {keys[place]: n for place, n in numbers[kind].items()}
        getattr(optimizer, kind).update(counts)
    optimizer._radam_buffer = [list(row) for row in numbers["radam"]]


def get_gradients(nlp: Language) -> Tuple[Arrays, Dict[str, Any]]:
    """Find the parameters that have a gradient. After an update it is zero, but a
    parameter that has one is updated in each step, by its momentum and weight decay.

    nlp (Language): The pipeline.
    RETURNS (Tuple[Arrays, Dict[str, Any]]): Gradients that are not zero; and the
        places of all, with the states of the scalers of half precision.
    """
    gradients = {place: x.gradient for place, x in find_parameters(nlp).items()}
    to_numpy = get_current_ops().to_numpy
    present = {k: to_numpy(x) for k, x in gradients.items() if x is not None}
    arrays = {
        f"gradient{SEPARATOR}{place}": array
        for place, array in present.items()
        if _any_bit(array)
    }
    return arrays, {"gradients": [*present], "scalers": _get_scalers(nlp)}


def set_gradients(nlp: Language, arrays: Arrays, numbers: Dict[str, Any]) -> None:
    """Restore the gradients of the parameters that had them.

    nlp (Language): The pipeline.
    arrays (Arrays): Arrays of `get_gradients`; others are ignored.
    numbers (Dict[str, Any]): Numbers of `get_gradients`.
    RAISES (ValueError): GP217 if the pipeline lacks one of the parameters.
    """
    parameters = find_parameters(nlp)
    _check_present(numbers["gradients"], parameters)
    ops = get_current_ops()
    for place in numbers["gradients"]:
        array = arrays.get(f"gradient{SEPARATOR}{place}")
        gradient = None if array is None else ops.asarray_f(array.copy())
        parameters[place].set_gradient(gradient)
    _set_scalers(nlp, numbers["scalers"])


def _get_scalers(nlp: Language) -> Dict[str, Any]:
    scalers = {place: shim._grad_scaler for place, shim in find_shims(nlp).items()}
    return {
        place: [x._scale.tolist(), x._growth_tracker.tolist(), x._found_inf]
        for place, x in scalers.items()
    }


def _set_scalers(nlp: Language, states: Dict[str, Any]) -> None:
    import torch

    shims = find_shims(nlp)
    _check_present(states, shims)
    for place, (scale, tracker, found_inf) in states.items():
        scaler = shims[place]._grad_scaler
        scaler._scale.copy_(torch.tensor(scale))
        scaler._growth_tracker.copy_(torch.tensor(tracker))
        scaler._found_inf = found_inf


def _of_kinds(arrays: Arrays, kinds: Tuple[str, ...]) -> Arrays:
    return {k: x for k, x in arrays.items() if k.partition(SEPARATOR)[0] in kinds}


def _any_bit(array: NDArray[Any]) -> bool:
    """Return whether any bit of an array is set; that of -0.0 is."""
    return bool(numpy.ascontiguousarray(array).reshape(-1).view("uint8").any())


def _check_known(optimizer: Optimizer, places: Dict[Any, str]) -> None:
    unknown = [key for key in optimizer.nr_update if key not in places]
    if unknown:
        names = sorted({name for _, name in unknown})
        raise ValueError(Errors.GP216.format(n=len(unknown), names=names))


def _check_present(places: Any, present: Dict[str, Any]) -> None:
    missing = sorted({place for place in places if place not in present})
    if missing:
        raise ValueError(Errors.GP217.format(n=len(missing), first=missing[0]))
