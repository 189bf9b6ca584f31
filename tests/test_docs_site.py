"""The site: what the hooks of MkDocs make of the code."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from doc_pages import ROOT

from spacy_globalpointer.errors import Errors, Warnings

sys.path.insert(0, str(ROOT / "scripts"))

import docs_site


def page_of(name):
    page = SimpleNamespace(file=SimpleNamespace(src_uri=name))
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return docs_site.on_page_markdown(text, page)


def test_every_code_has_a_section():
    text = page_of("troubleshooting.md")
    codes = [c for m in (Errors, Warnings) for c in vars(m) if c.startswith("GP")]
    assert len(codes) > 150
    assert [code for code in codes if text.count(f"\n#### {code}\n") != 1] == []
    section = text.partition("\n#### GP011\n")[2].partition("\n#### ")[0]
    assert "<em>value</em>" in section and "<em>known</em>" in section
    assert "{{" not in text.partition("## Errors")[2]


def test_every_registered_name_has_a_reference():
    text = page_of("api.md")
    names = [name for _, name, _ in docs_site.entry_points()]
    assert len(names) > 10
    assert [name for name in names if f'heading: "{name}"' not in text] == []


def test_first_page_is_the_readme_with_links_inside_the_site():
    text = page_of("index.md")
    assert "](data.md)" in text and "](nested.png)" in text
    assert f"]({docs_site.repository_url()}/blob/main/LICENSE)" in text


def test_links_to_other_files_lead_to_the_repository():
    text = "[a](../setup.cfg) [b](training.md#loss) [c](#here) [d](https://x.org)"
    url = docs_site.repository_url()
    assert docs_site.site_links(text, ROOT / "docs") == (
        f"[a]({url}/blob/main/setup.cfg) [b](training.md#loss) [c](#here) "
        "[d](https://x.org)"
    )


def test_bars_in_code_of_tables_need_no_escape():
    text = "| `a\\|b` | c \\| d |\n`e\\|f`"
    assert docs_site.without_escapes(text) == "| `a|b` | c \\| d |\n`e\\|f`"


def test_docstrings_are_rewritten_in_sections():
    from docs_docstrings import to_google

    docstring = """Do it.

x (int): A number
    of tokens.
**more: Others.
RETURNS (Dict[str, int]): The result.
RAISES (ValueError): GP010."""
    assert (
        to_google(docstring)
        == """Do it.


Args:
    x (int): A number
        of tokens.
    **more: Others.

Returns:
    Dict[str, int]: The result.

Raises:
    ValueError: GP010."""
    )


@pytest.mark.slow
def test_site_builds_without_a_warning(tmp_path, monkeypatch):
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    monkeypatch.chdir(ROOT)
    build(load_config(strict=True, site_dir=str(tmp_path)))
    page = Path(tmp_path, "api.html").read_text(encoding="utf-8")
    assert "RETURNS (" not in page and "GlobalPointer.v1" in page
