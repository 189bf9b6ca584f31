"""What tests share: texts with gold spans, and small pipelines on them."""

from __future__ import annotations

from pathlib import Path

import spacy
from spacy.tokens import Span
from spacy.training import Example

TEXTS = [
    "The Bank of Leith paid the Mayor of Leith in May .",
    "Mary of Leith saw the Bank of Scotland .",
    "",
    "Nothing to see here .",
]
GOLD = [
    [(0, 4, "ORG"), (3, 4, "PLACE"), (5, 9, "PERSON"), (8, 9, "PLACE")],
    [(0, 3, "PERSON"), (2, 3, "PLACE"), (4, 8, "ORG"), (7, 8, "PLACE")],
    [],
    [],
]
TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": 64,
    "depth": 2,
    "embed_size": 500,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
    "pretrained_vectors": None,
}


def build(architecture="GlobalPointer", tok2vec=None, **config):
    """A blank English pipeline with the component on a small tok2vec."""
    name = f"spacy-globalpointer.{architecture}.v1"
    model = {"@architectures": name, "tok2vec": tok2vec or TOK2VEC}
    nlp = spacy.blank("en")
    nlp.add_pipe("global_pointer", config={"model": model, **config})
    return nlp


def make_examples(nlp, key="sc", texts=TEXTS, gold=GOLD):
    examples = []
    for text, spans in zip(texts, gold):
        doc = nlp.make_doc(text)
        doc.spans[key] = [Span(doc, a, b, label=label) for a, b, label in spans]
        examples.append(Example(nlp.make_doc(text), doc))
    return examples


def fit(nlp, examples, steps=40):
    """Train until the examples are known by heart."""
    sgd = nlp.initialize(lambda: examples)
    for _ in range(steps):
        losses = nlp.update(examples, sgd=sgd)
    return losses


def found(doc, key="sc"):
    return [(span.start, span.end, span.label_) for span in doc.spans[key]]


def build_transformer(folder: Path, window=16, stride=12, **config):
    """A blank English pipeline with a transformer and the component behind it."""
    nlp = spacy.blank("en")
    spans = {
        "@span_getters": "spacy-transformers.strided_spans.v1",
        "window": window,
        "stride": stride,
    }
    model = {
        "@architectures": "spacy-transformers.TransformerModel.v3",
        "name": str(folder),
        "get_spans": spans,
    }
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("global_pointer", config=config)
    return nlp
