"""README.md: its example prints what it shows, and its numbers were measured."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys

import pytest
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


@pytest.mark.slow
def test_five_commands_run_one_after_another(tmp_path):
    """With the recipe that needs no download, on twelve texts, in two updates."""
    for number in range(12):
        path = tmp_path / f"brat/{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"Ann paid the Bank of Leith {number} times.\n")
        path.with_suffix(".ann").write_text("T1\tORG 13 26\tBank of Leith\n")
    [code] = [block for block in blocks("bash", PAGE) if " convert PATH " in block]
    code = code.replace(" PATH ", " brat ").replace("roberta-en", "tok2vec")
    commands = re.split(r"\n|&&", code.replace("\\\n", " ").strip())
    assert sum("spacy" in command for command in commands) == 5
    for command in commands:
        words = shlex.split(command)
        if words[:2] == ["spacy", "train"]:
            words += ["--training.max_steps", "2", "--training.eval_frequency", "1"]
        if words[0] == "spacy":
            words = [sys.executable, "-m", *words]
        result = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
        assert result.returncode == 0, (command, result.stdout, result.stderr[-2000:])
    assert (tmp_path / "report.html").exists()
    assert list(tmp_path.glob("packages/en_mine-*/dist/*"))
