"""Write a made-up corpus as a folder of brat files."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from agreements.grammar import Piece


def run(
    generate: Callable[[Path, int, int], None],
    description: str,
    *,
    output: Path,
    seed: int,
    documents: int,
) -> None:
    """Make a corpus as the command line asks for it.

    generate (Callable[[Path, int, int], None]): Makes it, of folder, seed and number of
        documents.
    description (str): What the script does.
    output (Path): The folder, if no other is given.
    seed (int): The seed, as well.
    documents (int): The number of documents, as well.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, default=output, help="folder to make")
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument("--documents", type=int, default=documents)
    arguments = parser.parse_args()
    generate(arguments.out, arguments.seed, arguments.documents)


def to_brat(piece: Piece) -> str:
    """The entities as lines of a brat standoff file."""
    return "".join(
        f"T{n}\t{label} {start} {end}\t{piece.text[start:end]}".replace("\n", " ")
        + "\n"
        for n, (start, end, label) in enumerate(piece.spans, start=1)
    )


def to_splits(train: list[str], dev: list[str], test: list[str]) -> str:
    """The splits as JSON."""
    splits = {"train": sorted(train), "dev": sorted(dev), "test": sorted(test)}
    return json.dumps(splits, indent=1) + "\n"


def nesting(piece: Piece) -> int:
    """The greatest number of entities around one place, the innermost included."""
    deepest, ends = 0, [0]
    for start, end, _ in piece.spans:
        ends = [other for other in ends if other > start] + [end]
        deepest = max(deepest, len(ends))
    return deepest


def check_output(output: Path, documents: int) -> None:
    """Refuse a folder that is no corpus, and a corpus with an empty split.

    output (Path): The folder to make.
    documents (int): How many documents it shall have.
    RAISES (SystemExit): If the folder holds something else.
    """
    if documents < 3:
        sys.exit("At least 3 documents are needed, one for each split.")
    if output.exists() and not (output / "splits.json").is_file():
        sys.exit(f"{output} is not a corpus: remove it, or choose another --out.")


def write_folder(output: Path, pieces: dict[str, Piece], files: dict[str, str]) -> None:
    """Write a corpus; the folder appears complete or not at all.

    output (Path): The folder to make; an older corpus is replaced.
    pieces (Dict[str, Piece]): The documents by name.
    files (Dict[str, str]): What else the folder holds.
    """
    for name, piece in pieces.items():
        files = {**files, f"{name}.txt": piece.text, f"{name}.ann": to_brat(piece)}
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent) as temporary:
        complete = Path(temporary) / "complete"
        complete.mkdir()
        for name, text in files.items():
            (complete / name).write_bytes(text.encode("utf-8"))
        if output.exists():
            output.rename(Path(temporary) / "replaced")
        shutil.move(complete, output)
