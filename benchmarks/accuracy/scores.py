"""Predicting documents once with all systems, and the scores at any threshold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

import numpy
import spacy
from corpora import KEY, outermost
from runs import Counts, count_by_document
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example

from spacy_globalpointer.evaluation.curves import make_curves
from spacy_globalpointer.evaluation.matching import MatchedSpan, match_spans
from spacy_globalpointer.evaluation.predictions import LOWEST, predict_candidates
from spacy_globalpointer.pipeline.scorer import gold_spans
from spacy_globalpointer.types import LabelledSpan

#: As in a file: label, first character, character after the last, probability.
Row = Tuple[str, int, int, Optional[float]]
#: The threshold of all systems as they are trained.
TRAINED = 0.5


def predict_all(pipeline: Path, corpus: Path) -> Dict[str, List[List[Row]]]:
    """Predict the dev and test documents of a corpus, with spans down to a probability
    of 0.05. Spans of ner have no probability.

    These spans are the result of each system's own policy for overlaps. Those of a
    policy that prefers the more probable span do not depend on the threshold, except
    that spans below it are left out, so all thresholds can be scored on them.
    """
    nlp = spacy.load(pipeline)
    find = find_ours if nlp.has_pipe("global_pointer") else find_peers
    return {x: list(find(nlp, corpus / f"{x}.spacy")) for x in ("dev", "test")}


def find_ours(nlp: Language, path: Path) -> Iterator[List[Row]]:
    pipe = nlp.get_pipe("global_pointer")
    decision = pipe.decision(threshold=LOWEST, thresholds={})
    for one in predict_candidates(nlp, path, lowest=LOWEST):
        rows, probabilities = decision.decide(one.found)
        spans = one.char_spans(pipe.labels)
        yield [(*spans[row], float(probabilities[row])) for row in rows]


def find_peers(nlp: Language, path: Path) -> Iterator[List[Row]]:
    if nlp.has_pipe("spancat"):
        # spaCy restores this setting over that of a config, so it is set here, as in
        # `spacy find-threshold`.
        nlp.get_pipe("spancat").cfg["threshold"] = LOWEST
    docs = (example.predicted for example in Corpus(path)(nlp))
    return map(read_spans, nlp.pipe(docs))


def read_spans(doc: Doc) -> List[Row]:
    spans, scores = list(doc.ents), [None] * len(doc.ents)
    if KEY in doc.spans:
        spans = list(doc.spans[KEY])
        scores = [float(score) for score in doc.spans[KEY].attrs["scores"]]
    places = [(span.label_, span.start_char, span.end_char) for span in spans]
    return [(*place, score) for place, score in zip(places, scores)]


@dataclass
class Scored:
    """The spans of a run on the documents of a split, matched with gold.

    examples (List[Example]): The documents.
    spans (List[MatchedSpan]): Gold spans and spans down to a probability of 0.05.
    """

    examples: List[Example]
    spans: List[MatchedSpan]

    @classmethod
    def match(cls, examples: List[Example], rows: List[List[Row]]) -> Scored:
        """Match the rows of a file, one list for each document."""
        found: List[Dict[LabelledSpan, Optional[float]]] = [
            {(label, start, end): score for label, start, end, score in own}
            for own in rows
        ]
        return cls(examples, match_spans(examples, found, spans_key=KEY))

    def above(self, threshold: float) -> List[MatchedSpan]:
        """Return gold spans and the spans that reach a threshold."""
        kept = []
        for span in self.spans:
            if span.score is not None and span.score < threshold:
                span = span._replace(is_found=False, score=None)
            if span.is_gold or span.is_found:
                kept.append(span)
        return kept

    def count(self, threshold: float) -> List[Counts]:
        """Count the spans of each document that reach a threshold."""
        return count_by_document(self.above(threshold), self.examples)

    def count_outermost(self, threshold: float) -> List[Counts]:
        """Count the outermost spans among those that reach a threshold, and among the
        gold spans."""
        found: List[Dict[LabelledSpan, Optional[float]]] = [{} for _ in self.examples]
        for span in self.above(threshold):
            if span.is_found:
                found[span.document][span.key] = span.score
        counts = []
        for example, own in zip(self.examples, found):
            gold = dict.fromkeys(sorted(gold_spans(example.reference, KEY)), 0.0)
            sets = outermost(gold), outermost(own)
            counts.append((len(sets[0] & sets[1]), len(sets[1]), len(sets[0])))
        return counts

    def best_threshold(self) -> float:
        """Return the threshold with the best F1 over all spans; that of training if
        spans have no probability, or none is right."""
        if not any(span.score is not None for span in self.spans):
            return TRAINED
        curve, _ = make_curves(self.spans)
        both = curve.precision + curve.recall
        f = 2 * curve.precision * curve.recall / numpy.maximum(both, 1e-9)
        best = int(f.argmax())
        return float(curve.thresholds[best]) if f[best] > 0 else TRAINED
