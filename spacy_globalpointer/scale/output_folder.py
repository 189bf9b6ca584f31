"""The output folder of a run: its manifest, and which shards are done."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional

from ..atomic import atomic_file, sync
from ..errors import Errors
from ..locks import hold_lock

#: The file that says what a run depends on, and its plan. Readers of Parquet skip names
#: that begin with "_".
MANIFEST = "_manifest.json"
#: The lock file of the process that annotates here.
LOCK = ".annotate.lock"
#: Number of the format of the manifest.
_FORMAT = 1
_PART = re.compile(r"part-(\d{6,})\.(?:parquet|jsonl)")
Identity = Dict[str, Dict[str, Any]]


class OutputFolder:
    """The folder that a run writes to.

    path (Path): The folder; need not exist.
    ending (str): Ending of the part files, ".parquet" or ".jsonl".
    """

    def __init__(self, path: Path, ending: str) -> None:
        self.path, self.ending = path, ending

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from annotating here, and remove what killed ones left.

        RAISES (ValueError): GP272 if it is a file, or has other files than those of a
            run; GP273 if another process annotates here.
        """
        if self.path.exists() and not self.path.is_dir():
            raise self._unusable("it is a file")
        self.path.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            try:
                alone = stack.enter_context(hold_lock(self.path / LOCK))
            except BlockingIOError as error:
                raise ValueError(Errors.GP273.format(path=self.path)) from error
            if alone:
                for pattern in (".part-*", f".{MANIFEST}.*"):
                    for draft in self.path.glob(pattern):
                        shutil.rmtree(draft, ignore_errors=True)
            yield

    def read(self) -> Optional[Dict[str, Any]]:
        """Read the manifest.

        RETURNS (Optional[Dict[str, Any]]): The manifest; None for a new folder.
        RAISES (ValueError): GP272 if it is damaged, or if there are files without it.
        """
        file = self.path / MANIFEST
        if not file.exists():
            names = sorted(x.name for x in self.path.iterdir() if x.name[0] != ".")
            if names:
                raise self._unusable(f"it has no {MANIFEST}, but {names[0]!r}")
            return None
        try:
            manifest = json.loads(file.read_text("utf-8"))
            shards = manifest["plan"]["shards"]
            is_known = manifest["format"] == _FORMAT and isinstance(shards, list)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._unusable(f"its {MANIFEST} is damaged ({error})") from error
        if not is_known:
            raise self._unusable(f"another version wrote its {MANIFEST}")
        return dict(manifest)

    def check_same(self, manifest: Mapping[str, Any], identity: Identity) -> None:
        """Check that a manifest is of the same run.

        manifest (Mapping[str, Any]): The manifest.
        identity (Identity): What this run depends on.
        RAISES (ValueError): GP271 if it is of another one, with the differences.
        """
        changes: List[str] = []
        for kind, own in identity.items():
            stored = manifest.get(kind) or {}
            for name in sorted({*own, *stored}):
                pair = stored.get(name), own.get(name)
                if pair[0] != pair[1]:
                    shown = "another content" if name in ("digest", "files") else None
                    was = shown or f"{pair[0]!r}, now {pair[1]!r}"
                    changes.append(f"{kind}, {name}: {was}")
        if changes:
            fields = {"path": self.path, "changes": "; ".join(changes)}
            raise ValueError(Errors.GP271.format(**fields))

    def write(self, identity: Identity, plan: Mapping[str, Any]) -> None:
        """Write the manifest.

        identity (Identity): What the run depends on.
        plan (Mapping[str, Any]): Its plan.
        """
        manifest = {"format": _FORMAT, **identity, "plan": plan}
        with atomic_file(self.path / MANIFEST) as draft:
            draft.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
            sync(draft)
        sync(self.path, deep=False)

    def part(self, number: int) -> Path:
        """RETURNS (Path): The file of a shard."""
        return self.path / f"part-{number:06}{self.ending}"

    def done(self) -> List[int]:
        """RETURNS (List[int]): Numbers of the shards whose files exist. A file appears
        only when it is complete."""
        names = (_PART.fullmatch(file.name) for file in self.path.iterdir())
        return sorted(int(match[1]) for match in names if match)

    def _unusable(self, reason: str) -> ValueError:
        return ValueError(Errors.GP272.format(path=self.path, reason=reason))
