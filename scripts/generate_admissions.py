"""Make the second bundled corpus: Chinese admission notes with nested entities, in
brat format.

The same seed and number of documents give the same files, byte for byte.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from admissions.note import Note
from admissions.wording import FOLDER, Wording
from agreements.grammar import Piece
from agreements.values import Dice, in_words
from brat_corpus import check_output, nesting, run, to_splits, write_folder

OUTPUT = Path("assets") / "admissions"
SEED = 0
DOCUMENTS = 240
Corpus = dict[str, dict[str, Piece]]


def split_sizes(documents: int) -> dict[str, int]:
    """How many of the documents are for each split."""
    dev, test = max(1, documents // 12), max(1, documents // 6)
    return {"train": documents - dev - test, "dev": dev, "test": test}


def make_corpus(wording: Wording, seed: int, documents: int) -> Corpus:
    """For each split its documents by name."""
    corpus: Corpus = {}
    counts: Counter[str] = Counter()
    for split, size in split_sizes(documents).items():
        cases = Dice(f"{seed} {split}").shuffled(wording.cases_of(split))
        corpus[split] = {}
        for position in range(size):
            case = cases[position % len(cases)]
            counts[case] += 1
            name = f"{case}_{counts[case]:02d}"
            dice = Dice(f"{seed} {name}")
            corpus[split][name] = Note(wording, case, split, dice).make()
    return corpus


def entity_strings(pieces: dict[str, Piece], label: str) -> set[str]:
    """The different texts that a label has."""
    return {
        piece.text[start:end]
        for piece in pieces.values()
        for start, end, name in piece.spans
        if name == label
    }


def count_unseen(corpus: Corpus, label: str) -> tuple[int, int]:
    """How many different texts a label has in the test notes, and how many of them
    stand nowhere in the others, with this label or without."""
    strings = entity_strings(corpus["test"], label)
    others = [*corpus["train"].values(), *corpus["dev"].values()]
    known = "\n".join(piece.text for piece in others)
    return len(strings), sum(string not in known for string in strings)


def make_table(wording: Wording, corpus: Corpus) -> str:
    """A row for each label: its count, its texts in the test notes, what it covers."""
    counts = Counter(
        label
        for split in corpus.values()
        for piece in split.values()
        for _, _, label in piece.spans
    )
    rows = []
    for label, covers in wording.labels.items():
        strings, unseen = count_unseen(corpus, label)
        rows.append(
            f"| {label} | {counts[label]:,} | {strings} | {unseen} | {covers} |"
        )
    return "\n".join(rows)


def make_readme(wording: Wording, corpus: Corpus) -> str:
    """The description of the corpus with its numbers filled in."""
    pieces = [piece for split in corpus.values() for piece in split.values()]
    lengths = [len(piece.text) for piece in pieces]
    template = (FOLDER / "readme.md").read_text(encoding="utf-8")
    return template.format(
        documents=len(pieces),
        characters=sum(lengths),
        shortest=min(lengths),
        longest=max(lengths),
        entities=sum(len(piece.spans) for piece in pieces),
        cases=len(wording.cases),
        unseen_cases=len(wording.cases) - len(wording.cases_of("train")),
        table=make_table(wording, corpus),
        depth=in_words(max(map(nesting, pieces))),
        nested=sum(map(count_nested, pieces)),
        **{split: len(names) for split, names in corpus.items()},
    )


def count_nested(piece: Piece) -> int:
    """How many entities lie inside another one."""
    return sum(
        any(
            s <= start and end <= e and (s, e) != (start, end)
            for s, e, _ in piece.spans
        )
        for start, end, _ in piece.spans
    )


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
    splits = to_splits(*(list(corpus[split]) for split in ("train", "dev", "test")))
    files = {
        "splits.json": splits,
        "README.md": make_readme(wording, corpus),
        "LICENSE": (FOLDER / "license.txt").read_text(encoding="utf-8"),
    }
    pieces = {k: v for split in corpus.values() for k, v in split.items()}
    write_folder(output, pieces, files)


if __name__ == "__main__":
    run(generate, str(__doc__), output=OUTPUT, seed=SEED, documents=DOCUMENTS)
