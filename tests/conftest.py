"""Fixtures: seeds, small pipelines and encoders. Nothing is fetched."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import build, fit, make_examples
from hypothesis import settings
from spacy.util import fix_random_seed

# A busy machine may take any time over an example.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _seed():
    fix_random_seed(0)


@pytest.fixture(autouse=True, scope="session")
def _cache(tmp_path_factory):
    """Nothing is written to the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def nlp():
    return build()


@pytest.fixture
def trained():
    nlp = build()
    fit(nlp, make_examples(nlp))
    return nlp


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory) -> Path:
    """A random BERT of 2 layers with a word piece vocabulary of letters."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("bert")
    letters = [chr(c) for c in range(33, 127)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    pieces += [f"##{letter}" for letter in letters]
    (folder / "vocab.txt").write_text("\n".join(pieces), encoding="utf-8")
    BertTokenizerFast(
        vocab_file=str(folder / "vocab.txt"), model_max_length=64
    ).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    return folder
