"""Are spans near and across the seams of windows found as often as others?

    python benchmarks/encoder/seams.py PIPELINE CORPUS.spacy

PIPELINE has `spacy-globalpointer.TransformerModel.v1`; each document of CORPUS is
predicted as a whole. The table has the gold spans by their distance in word pieces to
the nearest seam, the share of them that was found in per cent with two standard errors,
and what that would be if spans of each length were found as often as those that are at
least 32 pieces away: longer spans are harder, and more often across a seam.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from typing import List, Optional, Tuple

import numpy
import spacy
from spacy.training import Corpus

from spacy_globalpointer.encoders.seams import ACROSS, find_seams, find_transformer

BUCKETS = ["across a seam", "0 to 3", "4 to 15", "16 to 31", "32 to 63", "64 and more"]
BOUNDS = [4, 16, 32, 64]
FAR = BUCKETS[-2:]
#: Longer spans, in tokens, count as so long.
LONGEST = 8


def main(pipeline: str, corpus: str) -> None:
    nlp = spacy.load(pipeline)
    transformer = find_transformer(nlp, "global_pointer")
    if transformer is None:
        sys.exit("The pipeline does not use spacy-globalpointer.TransformerModel.v1")
    spans: List[Tuple[str, int, bool]] = []  # bucket, length, found
    for example in Corpus(corpus)(nlp):
        gold, found = example.reference, nlp(example.reference.text)
        keys = {(s.start, s.end, s.label_) for s in found.spans["sc"]}
        [seams] = find_seams(transformer, [found])
        for span in gold.spans["sc"]:
            bucket = name_bucket(seams.distance(span.start, span.end))
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


def name_bucket(distance: Optional[int]) -> str:
    """The bucket of a span."""
    if distance == ACROSS:
        return BUCKETS[0]
    near = BOUNDS[-1] if distance is None else distance
    return BUCKETS[1 + int(numpy.searchsorted(BOUNDS, near, side="right"))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pipeline")
    parser.add_argument("corpus")
    main(**vars(parser.parse_args()))
