"""Make the bundled corpus: English agreements with nested entities, in brat format.

The same seed and number of documents give the same files, byte for byte.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from agreements.draft import Draft
from agreements.grammar import Piece
from agreements.values import Dice, in_words
from agreements.wording import FOLDER, Wording
from brat_corpus import check_output, nesting, run, to_splits, write_folder

OUTPUT = Path("assets") / "agreements"
SEED = 0
DOCUMENTS = 64
# The window of most encoders, in word pieces.
WINDOW = 512


def split_sizes(documents: int) -> tuple[int, int, int]:
    """How many of the documents are for training, development and test."""
    test = max(1, documents * 12 // 64)
    dev = max(1, documents * 8 // 64)
    return documents - dev - test, dev, test


def make_corpus(wording: Wording, seed: int, documents: int) -> dict[str, Piece]:
    """The documents by name: first those for training, then for dev and test."""
    train = split_sizes(documents)[0]
    made: dict[str, Piece] = {}
    counts: Counter[str] = Counter()
    for position in range(documents):
        kind = wording.kinds[position % len(wording.kinds)]
        counts[kind] += 1
        name = f"{kind}_{counts[kind]:02d}"
        dice = Dice(f"{seed} {name}")
        made[name] = Draft(wording, kind, position >= train, dice).make()
    return made


def make_readme(wording: Wording, corpus: dict[str, Piece]) -> str:
    """The description of the corpus with its numbers filled in."""
    pieces = list(corpus.values())
    words = [len(piece.text.split()) for piece in pieces]
    counts = Counter(label for piece in pieces for _, _, label in piece.spans)
    table = [f"| {k} | {counts[k]:,} | {v} |" for k, v in wording.labels.items()]
    train, dev, test = split_sizes(len(pieces))
    return (
        (FOLDER / "readme.md")
        .read_text(encoding="utf-8")
        .format(
            documents=len(pieces),
            words=sum(words),
            shortest=min(words),
            longest=max(words),
            entities=sum(counts.values()),
            kinds=in_words(len(wording.kinds)),
            train=train,
            dev=dev,
            test=test,
            table="\n".join(table),
            depth=in_words(max(map(nesting, pieces))),
            long=sum(longest_entity(piece) > WINDOW for piece in pieces),
            window=WINDOW,
        )
    )


def longest_entity(piece: Piece) -> int:
    """Words and punctuation marks in the longest entity: word pieces are no fewer."""
    lengths = (
        len(re.findall(r"\w+|[^\w\s]", piece.text[start:end]))
        for start, end, _ in piece.spans
    )
    return max(lengths)


def generate(output: Path, seed: int, documents: int) -> None:
    """Make the corpus; the folder appears complete or not at all.

    output (Path): The folder to make; an older corpus is replaced.
    seed (int): The seed of all choices.
    documents (int): The number of documents, at least 3.
    RAISES (SystemExit): If the folder holds something else.
    """
    check_output(output, documents)
    wording = Wording.read(FOLDER)
    corpus = make_corpus(wording, seed, documents)
    names, (train, dev, _) = list(corpus), split_sizes(documents)
    splits = to_splits(names[:train], names[train : train + dev], names[train + dev :])
    files = {
        "splits.json": splits,
        "README.md": make_readme(wording, corpus),
        "LICENSE": (FOLDER / "license.txt").read_text(encoding="utf-8"),
    }
    write_folder(output, corpus, files)


if __name__ == "__main__":
    run(generate, str(__doc__), output=OUTPUT, seed=SEED, documents=DOCUMENTS)
