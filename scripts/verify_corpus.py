"""Check the files of a corpus against the SHA-256 sums in assets/NAME/SHA256SUMS.

    python scripts/verify_corpus.py NAME FOLDER

`spacy project assets` does not fail when a file is another one than was asked for, so
this does. The sums are in the format of `sha256sum`. Files may lie in subfolders of
FOLDER, as an archive has them.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path
from typing import Dict, Optional

ASSETS = Path(__file__).parent.parent / "assets"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    sums = read_sums(ASSETS / args.name / "SHA256SUMS")
    faults = [
        fault
        for name, expected in sums.items()
        if (fault := find_fault(args.folder, name, expected))
    ]
    if faults:
        sys.exit(
            "\n".join(faults) + f"\n{len(faults)} of {len(sums)} files are missing or "
            "differ from the sums in assets. Fetch them again with "
            "`spacy project assets --extra`; to use another version of the corpus, "
            "run the commands that follow this one by their names."
        )
    print(f"{len(sums)} files of {args.name} are as expected")


def read_sums(path: Path) -> Dict[str, str]:
    """Read a file of sums.

    path (Path): The file: a sum, two spaces and a path on each line.
    RETURNS (Dict[str, str]): Sums in hexadecimal by path.
    """
    if not path.is_file():
        known = ", ".join(sorted(p.parent.name for p in ASSETS.glob("*/SHA256SUMS")))
        sys.exit(f"There are no sums of {path.parent.name!r}, but of: {known}.")
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: total for total, _, name in (line.partition("  ") for line in lines)}


def find_fault(folder: Path, name: str, expected: str) -> Optional[str]:
    """Check a file.

    folder (Path): The corpus.
    name (str): Path in the corpus.
    expected (str): SHA-256 in hexadecimal.
    RETURNS (Optional[str]): What is wrong, or None.
    """
    found = [folder / name] if (folder / name).is_file() else []
    found = found or [path for path in folder.rglob(name) if path.is_file()]
    if not found:
        return f"{folder / name} is missing"
    total = hashlib.sha256(found[0].read_bytes()).hexdigest()
    if total != expected:
        return f"{found[0]} has the SHA-256 {total}, not {expected}"
    return None


if __name__ == "__main__":
    main()
