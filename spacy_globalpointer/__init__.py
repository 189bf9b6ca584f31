"""GlobalPointer span extraction for spaCy.

The import registers `span._.span_score`. spaCy imports the package with the first
`spacy.load` or `spacy.blank`.
"""

from .span_score import register_span_score, span_scores

__all__ = ["span_scores"]

__version__ = "0.1.0"

register_span_score()
