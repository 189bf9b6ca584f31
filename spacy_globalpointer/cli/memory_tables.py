"""Texts and tables that the commands for a memory of spans share."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Tuple

from ..wording import list_of
from ._util import print_table
from .terminal import msg

# It imports torch, which spaCy's command line need not load.
if TYPE_CHECKING:
    from ..pipeline.global_pointer import GlobalPointer

PIPELINE_HELP = "Folder of a trained pipeline"
MEMORY_OF = "Name of the global_pointer that has the memory"
COPY_HELP = (
    "Write a copy to this folder, which must not exist, and leave the pipeline "
    "unchanged"
)
#: Rows for entries without a label, and for those without a source.
NO_LABEL, NO_SOURCE = "(without a label)", "(without a source)"


def print_memory(pipe: GlobalPointer) -> None:
    """Print the number of entries of each label and source.

    pipe (GlobalPointer): The component.
    """
    stats, trained = pipe.memory.stats(), pipe.cfg["labels"]
    if not stats["entries"]:
        msg.info(f"The memory of '{pipe.name}' is empty")
        return
    rows: List[Tuple] = [
        (label, n, "yes" if label in trained else "no")
        for label, n in stats["labels"].items()
    ]
    if stats["no_label"]:
        rows.append((NO_LABEL, stats["no_label"], ""))
    print_table("Label", ["Entries", "Trained"], rows)
    sources = [
        (name or NO_SOURCE, n, list_of(stats["annotated"][name]))
        for name, n in stats["sources"].items()
    ]
    print_table("Source", ["Entries", "Annotates"], sources)
