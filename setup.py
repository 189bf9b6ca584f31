"""The package's description: README.md, with links that work on the package index."""

import re
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup


def repository_url(root: Path) -> str:
    """RETURNS (str): The address of the repository, as setup.cfg names it."""
    config = ConfigParser(interpolation=None)
    config.read(root / "setup.cfg", encoding="utf-8")
    return config["metadata"]["url"]


def long_description(root: Path) -> str:
    """RETURNS (str): README.md, in which relative links lead to the repository."""
    text, url = (root / "README.md").read_text(encoding="utf-8"), repository_url(root)
    text = re.sub(r"(!\[[^]]*\])\((?!https:)", rf"\1({url}/raw/main/", text)
    return re.sub(r"\]\((?!https:)", f"]({url}/blob/main/", text)


if __name__ == "__main__":
    setup(long_description=long_description(Path(__file__).parent))
