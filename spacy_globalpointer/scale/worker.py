"""A process with one pipeline, which annotates texts as `processes.Annotator` asks."""

from __future__ import annotations

import warnings
from typing import Any, Dict, Sequence

from ..benchmarking import worker
from .annotate import annotate_texts, find_spans_key
from .settings import Settings


class Worker(worker.Worker):
    """The pipeline of this process. The methods are the requests."""

    def annotate(
        self, texts: Sequence[str], settings: Dict[str, Any]
    ) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The "records" of `annotate_texts`, and "warnings"
        of this package."""
        with (
            warnings.catch_warnings(record=True) as caught,
            self.nlp.memory_zone(),  # so that the words of all texts are not kept
        ):
            records = annotate_texts(self.nlp, texts, Settings(**settings))
        return {"records": records, "warnings": worker.coded(caught)}

    def key(self, settings: Dict[str, Any]) -> str:
        """RETURNS (str): The key of the spans. RAISES (ValueError): GP270."""
        return find_spans_key(self.nlp, Settings(**settings))


if __name__ == "__main__":
    worker.serve(Worker())
