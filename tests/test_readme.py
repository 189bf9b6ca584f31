"""README.md: its example prints what it shows, and its numbers were measured."""

from __future__ import annotations

import re
import runpy

from doc_pages import ROOT, blocks

PAGE = ROOT / "README.md"
README = PAGE.read_text(encoding="utf-8")


def test_readme_has_at_most_200_lines():
    assert len(README.splitlines()) <= 200


def test_example_prints_what_the_readme_shows(capsys):
    [code], [output] = blocks("python", PAGE), blocks("text", PAGE)
    exec(code, {})
    assert capsys.readouterr().out == output


def test_table_of_components_has_measured_figures():
    figures = (ROOT / "docs/figures.md").read_text(encoding="utf-8")
    section = README.partition("## Which component when")[2].partition("\n## ")[0]
    numbers = re.findall(r"-?\d+\.\d+(?: ± \d\.\d)?", section)
    assert len(numbers) > 15
    assert [n for n in numbers if n not in figures] == []


def test_links_are_absolute_on_the_package_index():
    functions = runpy.run_path(str(ROOT / "setup.py"), run_name="setup")
    text = functions["long_description"](ROOT)
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert [link for link in links if not link.startswith("https://")] == []
    url = functions["repository_url"](ROOT)
    assert f"]({url}/blob/main/docs/training.md)" in text
    assert f"]({url}/raw/main/docs/nested.png)" in text
