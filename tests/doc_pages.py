"""The pages of README and docs/, and the blocks of code in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str, page: Path) -> List[str]:
    """RETURNS (List[str]): The blocks of code in a language on a page."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.M | re.S)


def headings(page: Path) -> List[str]:
    """RETURNS (List[str]): The headings of a page, as GitHub names them in links."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    lines = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return [re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines]
