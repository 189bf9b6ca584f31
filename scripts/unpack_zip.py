"""Unpack the .zip files of a folder beside them.

python scripts/unpack_zip.py FOLDER
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path


def main(folder: Path) -> None:
    if not folder.is_dir():
        sys.exit(
            f"{folder} is no folder: fetch it with `spacy project assets --extra`."
        )
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        print(f"Unpacked {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
