"""Output of a model for the `transformer` component and its listeners."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, List, Sequence, Tuple, cast

import numpy
from spacy.tokens import Doc
from spacy_transformers.data_classes import (
    FullTransformerBatch,
    TransformerData,
    WordpieceBatch,
)
from thinc.api import get_array_module
from thinc.types import Floats2d, Ints1d, Ints2d, Ragged
from thinc.util import xp2torch
from transformers.utils import ModelOutput

from .pieces import Pieces


@dataclass
class EncodedBatch(FullTransformerBatch):
    """Vectors of the documents' pieces. Each document has its own array, so that a
    document in memory does not keep the batch in memory.

    A document's output has a row for each piece, in the text's order, without special
    pieces. Tokens without a piece, such as white space, point to a last row of zeros.

    n_pieces (List[int]): Number of the pieces of each document that has tokens.
    """

    n_pieces: List[int] = field(default_factory=list)

    @classmethod
    def from_vectors(
        cls,
        docs: Sequence[Doc],
        pieces: Sequence[Pieces],
        vectors: Floats2d,
        strings: Any,
        pad: int,
    ) -> EncodedBatch:
        """Divide the vectors of a batch among its documents.

        docs (Sequence[Doc]): The documents.
        pieces (Sequence[Pieces]): Their pieces.
        vectors (Floats2d): Shape (pieces of all documents, width).
        strings (Any): Shape (vocabulary,): the texts of the tokenizer's pieces.
        pad (int): Piece that stands for the row of zeros.
        RETURNS (EncodedBatch): The output for the documents.
        """
        data, offset = [], 0
        for doc, own in zip(docs, pieces):
            stop = offset + len(own.ids)
            rows = vectors[offset:stop]
            if len(doc):
                data.append(_share(own, rows, strings, pad))
            else:
                data.append(TransformerData.empty())
            offset = stop
        empty = FullTransformerBatch.empty(0)
        return cls(
            spans=[[doc[:]] if len(doc) else [] for doc in docs],
            wordpieces=empty.wordpieces,
            model_output=empty.model_output,
            align=empty.align,
            cached_doc_data=data,
            n_pieces=[len(own.ids) for doc, own in zip(docs, pieces) if len(doc)],
        )

    def unsplit_by_doc(self, arrays: List[List[Any]]) -> FullTransformerBatch:
        """Gather the gradients of the documents' rows.

        arrays (List[List[Floats3d]]): An array of shape (1, rows, width) for each
            document that has tokens.
        RETURNS (FullTransformerBatch): Its output is a tensor of shape (pieces of all
            documents, width). It has no tensor if no document has tokens.
        """
        own = [array[0, :n] for [array], n in zip(arrays, self.n_pieces)]
        gathered = FullTransformerBatch.empty(0)
        if own:
            xp = get_array_module(own[0])
            gathered.model_output["gradient"] = xp2torch(xp.concatenate(own))
        return gathered


def _share(pieces: Pieces, rows: Any, strings: Any, pad: int) -> TransformerData:
    xp = get_array_module(rows)
    ids, indices, lengths = pieces.ids, pieces.indices, pieces.lengths
    attended = len(ids)
    if not lengths.all():
        ids = numpy.append(ids, pad)
        indices, lengths = _point_to(attended, indices, lengths)
        rows = xp.concatenate([rows, xp.zeros((1, rows.shape[1]), dtype=rows.dtype)])
    elif rows.base is not None and rows.base.size > rows.size:
        rows = rows.copy()  # a view would keep the batch in memory
    mask = numpy.ones((1, len(ids)), dtype="float32")
    mask[0, attended:] = 0
    align = indices.astype("int32"), lengths.astype("int32")
    return TransformerData(
        wordpieces=WordpieceBatch(
            strings=[strings[ids].tolist()],
            input_ids=cast(Ints2d, ids[None]),
            attention_mask=cast(Floats2d, mask),
            lengths=[attended],
            token_type_ids=None,
        ),
        model_output=ModelOutput(last_hidden_state=rows[None]),
        align=Ragged(*cast(Tuple[Ints1d, Ints1d], align)),
    )


def _point_to(row: int, indices: Any, lengths: Any) -> Tuple[Any, Any]:
    """Point each token without a row to the given row."""
    without = numpy.flatnonzero(lengths == 0)
    places = (lengths.cumsum() - lengths)[without]
    return numpy.insert(indices, places, row), lengths.clip(min=1)
