"""Are spans near and across the seams of windows found as often as others?

    python benchmarks/encoder/seams.py PIPELINE CORPUS.spacy

PIPELINE has `spacy-globalpointer.TransformerModel.v1`; each document of CORPUS is
predicted as a whole. The table has the gold spans by their distance in word pieces to
the nearest seam, the share of them that was found in per cent with two standard errors,
and what that would be if spans of each length were found as often as those that are at
least 32 pieces away: longer spans are harder, and more often across a seam.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any, List, Tuple

import numpy
import spacy
from spacy.language import Language
from spacy.training import Corpus

from spacy_globalpointer.encoders.pieces import split_pieces
from spacy_globalpointer.encoders.transformer_model import get_shim
from spacy_globalpointer.encoders.windows import plan_windows

BUCKETS = ["across a seam", "0 to 3", "4 to 15", "16 to 31", "32 to 63", "64 and more"]
BOUNDS = [4, 16, 32, 64]
FAR = BUCKETS[-2:]
#: Longer spans, in tokens, count as so long.
LONGEST = 8


def main(pipeline: str, corpus: str) -> None:
    nlp = spacy.load(pipeline)
    spans: List[Tuple[str, int, bool]] = []  # bucket, length, found
    for example in Corpus(corpus)(nlp):
        gold, found = example.reference, nlp(example.reference.text)
        keys = {(s.start, s.end, s.label_) for s in found.spans["sc"]}
        pieces = split_pieces(get_shim(model(nlp)).encoder.tokenizer, [found])[0]
        seams = find_seams(nlp, pieces)
        firsts = pieces.lengths.cumsum() - pieces.lengths
        for span in gold.spans["sc"]:
            own = pieces.indices[firsts[span.start] : firsts[span.end - 1] + 1]
            bucket = place(int(own[0]), int(own[-1]), seams)
            right = (span.start, span.end, span.label_) in keys
            spans.append((bucket, min(len(span), LONGEST), right))
    far = {
        length: statistics.mean(r for b, n, r in spans if b in FAR and n == length)
        for length in {n for b, n, _ in spans if b in FAR}
    }
    print(
        "| distance to the nearest seam | gold spans | found | ± | as long, far off |"
    )
    print("| --- | --- | --- | --- | --- |")
    for bucket in BUCKETS:
        own = [(n, right) for b, n, right in spans if b == bucket]
        if own:
            share = statistics.mean(right for _, right in own)
            error = 2 * (share * (1 - share) / len(own)) ** 0.5
            expected = statistics.mean(far.get(n, 0) for n, _ in own)
            numbers = [f"{100 * x:.1f}" for x in (share, error, expected)]
            print(f"| {bucket} | {len(own):,} | {' | '.join(numbers)} |")


def model(nlp: Language) -> Any:
    return nlp.get_pipe("transformer").model


def find_seams(nlp: Language, pieces: Any) -> List[int]:
    """Offsets of the pieces before which a new window's own part begins."""
    settings, encoder = model(nlp).attrs["settings"], get_shim(model(nlp)).encoder
    special = len(encoder.special.before) + len(encoder.special.after)
    windows = plan_windows(
        len(pieces.ids),
        pieces.cuts,
        capacity=settings.window_of(encoder) - special,
        context=settings.context,
    )
    return [window.first for window in windows[1:]]


def place(first: int, last: int, seams: List[int]) -> str:
    """The bucket of a span of pieces, the last one inclusive."""
    if any(first < seam <= last for seam in seams):
        return BUCKETS[0]
    near = min((min(abs(first - s), abs(s - 1 - last)) for s in seams), default=1000)
    return BUCKETS[1 + int(numpy.searchsorted(BOUNDS, near, side="right"))]


if __name__ == "__main__":
    main(*sys.argv[1:])
