"""Make a small BERT with random weights, to be trained from scratch.

Its vocabulary has the characters of a corpus, so it needs no model hub. The same seed
and texts give the same encoder.
"""

from __future__ import annotations

import argparse
import shutil
import string
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from spacy.vocab import Vocab
from transformers import BertConfig, BertModel, BertTokenizerFast

from spacy_globalpointer.corpus.docbin import read_docs

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
POSITIONS = 512


def read_texts(path: Path) -> list[str]:
    """The texts of a .spacy file, or of a folder of such files.

    path (Path): The training documents.
    RETURNS (List[str]): The texts.
    RAISES (SystemExit): If there is none.
    """
    texts = [doc.text for doc in read_docs(path, Vocab())] if path.exists() else []
    if not any(texts):
        raise SystemExit(f"{path} has no texts. Convert the corpus first.")
    return texts


def make_vocabulary(texts: list[str]) -> list[str]:
    """Word pieces of one character: those of the texts, and ASCII. What is not Chinese
    or punctuation stands in words, and so also as their continuation."""
    characters = {c for text in texts for c in text} | set(string.printable)
    visible = sorted(c for c in characters if c.strip())
    inside = [f"##{c}" for c in visible if not _stands_alone(c)]
    return [*SPECIAL, *visible, *inside]


def _stands_alone(character: str) -> bool:
    """Whether a BERT tokenizer makes a word of a character wherever it stands."""
    name = unicodedata.name(character, "")
    is_punctuation = character in string.punctuation
    is_punctuation |= unicodedata.category(character).startswith("P")
    return is_punctuation or name.startswith("CJK UNIFIED")


def make_encoder(
    output: Path,
    texts: list[str],
    *,
    layers: int = 3,
    width: int = 192,
    dropout: float = 0.1,
    seed: int = 0,
) -> None:
    """Write an encoder as transformers does; the folder appears complete or not at all.

    output (Path): The folder to make; an older one is replaced.
    texts (List[str]): The texts whose characters it shall know.
    layers (int): Number of layers.
    width (int): Width of a piece's vector, a multiple of 64.
    dropout (float): Dropout in training.
    seed (int): The seed of the weights.
    """
    vocabulary = make_vocabulary(texts)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        intermediate_size=2 * width,
        max_position_embeddings=POSITIONS,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent) as temporary:
        complete = Path(temporary) / output.name
        complete.mkdir()
        pieces = complete / "vocab.txt"
        pieces.write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
        settings = {"do_lower_case": False, "model_max_length": POSITIONS}
        BertTokenizerFast(str(pieces), **settings).save_pretrained(complete)
        BertModel(config).save_pretrained(complete)
        if output.exists():
            shutil.rmtree(output)
        complete.rename(output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="training documents, .spacy")
    parser.add_argument("output", type=Path, help="folder to make")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = vars(parser.parse_args())
    texts = read_texts(arguments.pop("corpus"))
    make_encoder(arguments.pop("output"), texts, **arguments)
