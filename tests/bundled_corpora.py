"""The bundled corpora, as the tests of their content read them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PROJECT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Entity:
    """A line of an .ann file."""

    document: str
    label: str
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Bundled:
    """A bundled corpus: its name, labels, and documents by split."""

    name: str
    labels: set[str]
    sizes: dict[str, int]

    @property
    def folder(self) -> Path:
        return PROJECT / "assets" / self.name

    @cached_property
    def texts(self) -> dict[str, str]:
        paths = self.folder.glob("*.txt")
        return {path.stem: path.read_bytes().decode("utf-8") for path in paths}

    @cached_property
    def entities(self) -> dict[str, list[Entity]]:
        return {name: self._read(name) for name in self.texts}

    @cached_property
    def splits(self) -> dict[str, list[str]]:
        return json.loads((self.folder / "splits.json").read_text(encoding="utf-8"))

    def _read(self, name: str) -> list[Entity]:
        entities = []
        path = self.folder / f"{name}.ann"
        for line in path.read_text(encoding="utf-8").splitlines():
            _, place, text = line.split("\t")
            label, start, end = place.split()
            entities.append(Entity(name, label, int(start), int(end), text))
        return entities

    def generate(self, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the script that makes it."""
        script = PROJECT / "scripts" / f"generate_{self.name}.py"
        command = [sys.executable, str(script), "--out", str(output), *options]
        return subprocess.run(command, capture_output=True, text=True)


AGREEMENTS = Bundled(
    "agreements",
    {
        *("CLAUSE", "PARTY", "ORG", "PERSON", "PLACE"),
        *("DATE", "MONEY", "TERM", "ROLE", "LAW"),
    },
    {"train": 44, "dev": 8, "test": 12},
)
ADMISSIONS = Bundled(
    "admissions",
    {"bod", "dis", "sym", "pro", "equ", "dru", "ite", "mic", "dep"},
    {"train": 180, "dev": 20, "test": 40},
)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
