"""The example sentences that spaCy has for a language."""

from __future__ import annotations

from importlib import import_module
from typing import List

from spacy.language import Language


def example_sentences(nlp: Language) -> List[str]:
    """Return spaCy's example sentences.

    nlp (Language): A pipeline of the language.
    RETURNS (List[str]): The sentences; none if spaCy has none for the language.
    """
    try:
        module = import_module(f"{type(nlp).__module__}.examples")
    except ImportError:
        return []
    return list(module.sentences)
