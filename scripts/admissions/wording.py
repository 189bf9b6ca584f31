"""The wording of the notes: what the files in `text` hold."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

from agreements.grammar import Option, Rules, read_blocks, read_phrases

FOLDER = Path(__file__).parent / "text"


def may_use(option: Option, split: str) -> bool:
    """Whether a document of a split may use an alternative. Held ones are dealt: one
    in four is for development notes only, the others are for test notes only."""
    if not option.held:
        return True
    for_dev = zlib.crc32(option.text.encode("utf-8")) % 4 == 0
    return split == ("dev" if for_dev else "test")


@dataclass(frozen=True)
class Wording:
    """All that the generator reads.

    rules (Rules): Alternatives by name; a case's own are "case.name".
    cases (List[Option]): The names of the cases.
    labels (Dict[str, str]): What each label covers.
    """

    rules: Rules
    cases: list[Option]
    labels: dict[str, str]

    @classmethod
    def read(cls, folder: Path) -> Wording:
        """Read all files of a folder."""
        rules = read_phrases(folder / "phrases.txt")
        cases = []
        for head, lines in read_blocks(folder / "cases.txt"):
            name = head.lstrip("~")
            cases.append(Option(name, head.startswith("~")))
            for line in lines:
                field, _, texts = line.partition(" = ")
                rules[f"{name}.{field}"] = [
                    Option(text.lstrip("~"), text.startswith("~"))
                    for text in texts.split(" ; ")
                ]
        labels = dict(read_blocks(folder / "labels.txt"))
        return cls(rules, cases, {k: " ".join(v) for k, v in labels.items()})

    def cases_of(self, split: str) -> list[str]:
        """The cases that documents of a split may be about."""
        return [case.text for case in self.cases if may_use(case, split)]
