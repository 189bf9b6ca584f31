"""The copy of a corpus on which compare.py trains and scores all systems."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, List, Mapping, Optional, Set, Tuple

import numpy
import spacy
from runs import once
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus, Example

from spacy_globalpointer.corpus.digest import content_digest
from spacy_globalpointer.corpus.docbin import read_docs
from spacy_globalpointer.pipeline.overlap import select_spans
from spacy_globalpointer.pipeline.scorer import gold_spans
from spacy_globalpointer.types import LabelledSpan

SPLITS = ("train", "dev", "test")
KEY = "sc"


def prepare(source: Path, output: Path, lang: str, key: str) -> Dict[str, Any]:
    """Copy a corpus once. In the copy, gold spans are in doc.spans["sc"], the outermost
    of them are entities, and documents that are empty or not annotated are left out.
    The script ends if the corpus has changed since.

    source (Path): Folder with train.spacy, dev.spacy and test.spacy.
    output (Path): The copy.
    key (str): Key of the gold spans; entities are the gold if no document has it.
    RETURNS (Dict[str, Any]): Where it is from, and counts by split.
    """
    files = {split: source / f"{split}.spacy" for split in SPLITS}
    for file in files.values():
        if not file.exists():
            sys.exit(
                f"{file} does not exist. A corpus needs train.spacy, dev.spacy and "
                "test.spacy, which `spacy global-pointer convert --splits` writes."
            )
    digests = {split: content_digest(file) for split, file in files.items()}
    origin = {"digests": digests, "lang": lang, "spans_key": key}

    def copy() -> Dict[str, Any]:
        output.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=output.parent) as folder:
            draft = Path(folder) / output.name
            draft.mkdir()
            counts = {
                split: copy_split(file, draft / file.name, lang, key)
                for split, file in files.items()
            }
            shutil.rmtree(output, ignore_errors=True)  # of a run that was killed
            draft.rename(output)
        return {"origin": origin, "splits": counts}

    about = once(output.parent / "corpus.json", copy)
    if about["origin"] != origin:
        sys.exit(
            f"{source}, its language or its key of spans has changed since the runs in "
            f"{output.parent}. Take another output folder, or remove these runs."
        )
    return about


def copy_split(source: Path, target: Path, lang: str, key: str) -> Dict[str, Any]:
    """Copy a file. Return its numbers of documents, tokens, gold spans, unaligned and
    outermost ones, and the number of spans of each length in tokens."""
    docs = list(read_docs(source, spacy.blank(lang).vocab))
    uses_ents = not any(key in doc.spans for doc in docs)
    kept, lengths, totals = [], Counter(), Counter()
    for doc in docs:
        is_annotated = doc.has_annotation("ENT_IOB") if uses_ents else key in doc.spans
        if not is_annotated or not len(doc):
            continue
        doc.spans[KEY] = list(doc.ents if uses_ents else doc.spans[key])
        gold = gold_spans(doc, KEY)
        outer = outermost(dict.fromkeys(sorted(gold), 0.0))
        set_entities(doc, outer)
        lengths.update(str(span.end - span.start) for span in doc.spans[KEY])
        aligned = len({(s.label, s.start, s.end) for s in doc.spans[KEY]})
        totals.update(tokens=len(doc), gold=len(gold), outermost=len(outer))
        totals.update(unaligned=len(gold) - aligned)
        kept.append(doc)
    if not totals["gold"]:
        keys = sorted({name for doc in docs for name in doc.spans}) or "none"
        sys.exit(
            f"{source} has no gold spans under the key {key!r}, and no entities. Its "
            f"keys are: {keys}. Name the right one with --spans-key."
        )
    DocBin(docs=kept, store_user_data=True).to_disk(target)
    skipped = len(docs) - len(kept)
    numbers = {"documents": len(kept), "left_out": skipped, "lengths": dict(lengths)}
    return {**totals, **numbers}


def set_entities(doc: Doc, spans: Set[LabelledSpan]) -> None:
    """Make spans the entities of a document, except those that do not align."""
    found = [doc.char_span(start, end, label) for label, start, end in sorted(spans)]
    doc.set_ents([span for span in found if span is not None])


def outermost(spans: Mapping[LabelledSpan, Optional[float]]) -> Set[LabelledSpan]:
    """Select the spans that are within no other one, as far as a set without overlaps
    can: of two that overlap the longer, then the first, then the more probable."""
    order = sorted(spans, key=lambda span: (span[1], -(spans[span] or 0.0)))
    starts, ends = (
        numpy.array([span[i] for span in order], dtype=numpy.int64) for i in (1, 2)
    )
    lengths = (ends - starts).astype(numpy.float32)
    rows = select_spans("flat", starts, ends - 1, lengths)
    return {order[row] for row in rows}


def cover(lengths: Dict[str, int], share: float, most: int) -> int:
    """Return the length in tokens that a share of the spans does not exceed, but at
    most `most`."""
    total, held = sum(lengths.values()), 0
    for length in sorted(map(int, lengths)):
        held += lengths[str(length)]
        if held >= share * total:
            return min(length, most)
    return most


def count_longer(lengths: Dict[str, int], size: int) -> Tuple[int, int]:
    """Return how many spans have more tokens than `size`, and how many there are."""
    longer = sum(n for length, n in lengths.items() if int(length) > size)
    return longer, sum(lengths.values())


def read_examples(path: Path, lang: str) -> List[Example]:
    """Read the documents as they are predicted, with their gold spans."""
    nlp = spacy.blank(lang)
    return list(Corpus(path).make_examples(nlp, read_docs(path, nlp.vocab)))
