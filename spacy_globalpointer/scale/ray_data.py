"""Annotate a dataset of Ray Data, on one machine or on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple, Union

import spacy

from .frames import annotate_table
from .inputs import check_columns
from .schema import require
from .settings import ID, Settings

if TYPE_CHECKING:
    import pyarrow
    import ray.data


class Annotator:
    """The pipeline of an actor, which Ray makes. The pipeline is read from the disk
    there: Ray would make the weights of one that is sent read-only.

    pipeline (str): Folder of the pipeline, or name of a package.
    settings (Dict[str, Any]): Fields of `Settings`.
    gpu (bool): Whether to compute on the GPU that Ray gave to the actor.
    """

    def __init__(self, pipeline: str, settings: Dict[str, Any], gpu: bool) -> None:
        if gpu:
            spacy.require_gpu()
        self._nlp = spacy.load(pipeline)
        self._settings = Settings(**settings)

    def __call__(self, batch: pyarrow.Table) -> pyarrow.Table:
        """Annotate a batch of documents.

        batch (pyarrow.Table): The documents.
        RETURNS (pyarrow.Table): The results.
        """
        with self._nlp.memory_zone():  # so that the words of all texts are not kept
            return annotate_table(self._nlp, batch, self._settings)


def annotate(
    ds: ray.data.Dataset,
    pipeline: str,
    *,
    workers: Union[int, Tuple[int, int]] = 1,
    num_cpus: float = 1,
    num_gpus: float = 0,
    memory: Optional[float] = None,
    batch_size: int = 256,
    checkpoint: Optional[str] = None,
    **settings: Any,
) -> ray.data.Dataset:
    """Annotate a dataset lazily: the work is done when the result is written.

    ds (ray.data.Dataset): The documents, with a column of unique ids.
    pipeline (str): Folder of the pipeline, which all nodes can read, or name of a
        package that all nodes have.
    workers (Union[int, Tuple[int, int]]): Number of actors, each with a pipeline, or
        the lowest and highest number.
    num_cpus (float): CPUs of an actor, and threads that it computes with.
    num_gpus (float): GPUs of an actor.
    memory (Optional[float]): Bytes of memory that an actor needs; None if Ray need not
        plan it.
    batch_size (int): Documents of a batch. A batch should take a second or more.
    checkpoint (Optional[str]): Folder in which Ray notes the ids of written documents,
        so that the same program continues after it was killed. All nodes must share it.
        Ray keeps the ids of all finished documents in memory: use whole numbers. The
        dataset must be one that Ray reads from files; Ray warns if it is not. Ray needs
        two CPUs in addition to those of the actors, and waits for ever without them.
    **settings: Fields of `Settings`.
    RETURNS (ray.data.Dataset): The ids, the kept columns, "spans", "n_tokens" and
        "error" of each document.
    RAISES (ImportError): GP275 if Ray is missing.
    RAISES (ValueError): GP257 for invalid settings; GP258 if the dataset has no column
        of texts or ids.
    """
    require("ray", "Ray Data", "ray")
    import ray.data

    own = Settings(**settings)
    id = own.id or ID
    names = ds.schema().names
    check_columns([own.text, id, *own.keep], names, "The dataset")
    wanted = {"num_cpus": num_cpus, "num_gpus": num_gpus, "memory": memory}
    resources: Dict[str, Any] = {k: value for k, value in wanted.items() if value}
    low, high = workers if isinstance(workers, tuple) else (workers, workers)
    result = ds.map_batches(
        Annotator,
        fn_constructor_kwargs={
            "pipeline": str(pipeline),
            **{"settings": vars(own), "gpu": num_gpus > 0},
        },
        batch_size=batch_size,
        batch_format="pyarrow",
        zero_copy_batch=True,
        compute=ray.data.ActorPoolStrategy(min_size=low, max_size=high),
        **resources,
    )
    if checkpoint is not None:
        config = ray.data.checkpoint.CheckpointConfig(id, checkpoint)
        result.context.checkpoint_config = config
    return result
