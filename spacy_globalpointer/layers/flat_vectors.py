"""Token vectors of a batch of documents as one array."""

from __future__ import annotations

from typing import List

from thinc.api import Ops
from thinc.types import Floats2d


def flatten(ops: Ops, vectors: List[Floats2d], width: int) -> Floats2d:
    """Concatenate the token vectors of documents.

    ops (Ops): The backend.
    vectors (List[Floats2d]): Vectors of each document, shape (tokens, width). Those of
        empty documents may have another width.
    width (int): Width of a token vector.
    RETURNS (Floats2d): Shape (tokens of all documents, width). The vectors of a single
        document, which can be a book, are not copied.
    """
    filled = [x for x in vectors if len(x)]
    if len(filled) == 1:
        return filled[0]
    return ops.xp.concatenate([ops.alloc2f(0, width), *filled])
