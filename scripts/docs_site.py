"""Hooks of MkDocs: the parts of the site that are made from the code.

The first page is README.md. The list of messages comes from errors.py, and the
reference of registered names from the entry points in setup.cfg. Links to files
outside docs/ lead to the repository.
"""

from __future__ import annotations

import html
import os
import re
from configparser import ConfigParser
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Iterator, Tuple

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
GROUPS = {
    "GP0": "the component, its model and the encoder",
    "GP1": "corpus tools, tuning and evaluation",
    "GP2": "training and its configs",
}


def on_page_markdown(markdown: str, page: Any, **kwargs: Any) -> str:
    """Fill in the generated parts of a page, and make its links fit for the site."""
    source, folder = page.file.src_uri, DOCS
    if source == "index.md":
        markdown, folder = (ROOT / "README.md").read_text(encoding="utf-8"), ROOT
    if source == "troubleshooting.md":
        markdown = add_messages(markdown)
    if source == "api.md":
        markdown = f"{markdown}\n{make_registered_names()}"
    return site_links(without_escapes(markdown), folder)


def site_links(markdown: str, folder: Path) -> str:
    """Rewrite relative links as the site needs them.

    markdown (str): The text of a page.
    folder (Path): The folder that its links start from.
    RETURNS (str): The text. Links inside docs/ start from there, all others lead to
        the repository.
    """

    def rewrite(match: re.Match[str]) -> str:
        path, mark, anchor = match[1].partition("#")
        target = Path(os.path.normpath(folder / path)) if path else None
        if target is None:
            return match[0]
        if target.is_relative_to(DOCS):
            return f"]({target.relative_to(DOCS).as_posix()}{mark}{anchor})"
        name = target.relative_to(ROOT).as_posix()
        return f"]({repository_url()}/blob/main/{name}{mark}{anchor})"

    return re.sub(r"\]\((?!https?:|mailto:)([^)\s]+)\)", rewrite, markdown)


def without_escapes(markdown: str) -> str:
    """Write | for \\| in code in tables, where GitHub wants it and MkDocs shows it.

    markdown (str): The text of a page.
    RETURNS (str): The text.
    """
    table_code = re.compile(r"(?<=^\|).*$", flags=re.MULTILINE)
    code = re.compile(r"`[^`]*`")
    return table_code.sub(
        lambda row: code.sub(lambda x: x[0].replace("\\|", "|"), row[0]), markdown
    )


def repository_url() -> str:
    """RETURNS (str): The address of the repository, as setup.cfg names it."""
    return _setup()["metadata"]["url"]


def add_messages(markdown: str) -> str:
    """Add a section for each code in errors.py.

    markdown (str): A page with the headings Errors and Warnings, in this order.
    RETURNS (str): The page with the codes under these headings, in groups.
    """
    errors = _load(ROOT / "spacy_globalpointer/errors.py")
    before, errors_intro, warnings_intro = re.split(
        "^## (?:Errors|Warnings)\n", markdown, flags=re.MULTILINE
    )
    return "\n".join(
        [
            *(before, "## Errors", errors_intro, *_sections(errors.Errors)),
            *("## Warnings", warnings_intro, *_sections(errors.Warnings)),
        ]
    )


def _sections(messages: Any) -> Iterator[str]:
    codes = sorted(name for name in vars(messages) if name.startswith("GP"))
    for group, title in GROUPS.items():
        yield f"### {messages.__name__}: {title}\n"
        for code in codes:
            if code.replace("GPW", "GP").startswith(group):
                text = getattr(messages, code).partition("] ")[2]
                yield f"#### {code}\n\n{_as_html(text)}\n"


def make_registered_names() -> str:
    """RETURNS (str): The name and the reference of the function of each entry point."""
    parts, about = [], ""
    for group, name, target in entry_points():
        if group != about:
            parts.append(f"## {group}")
            about = group
        module, _, function = target.partition(":")
        label = name.rpartition("spacy-globalpointer.")[2]
        options = f'    options: {{heading: "{name}", toc_label: "{label}"}}'
        parts.append(f"::: {module}.{function}\n{options}")
    return "\n\n".join(parts)


def entry_points() -> Iterator[Tuple[str, str, str]]:
    """YIELDS (Tuple[str, str, str]): What each entry point registers: the registry, the
    name, and the module and function. Commands are left out.
    """
    for group, lines in _setup()["options.entry_points"].items():
        registry = group.partition("_")[2].capitalize()
        for line in lines.strip().splitlines():
            name, _, target = line.partition(" = ")
            if registry != "Cli":
                yield registry, name, target


def _as_html(message: str) -> str:
    """A message as a paragraph, with its fields in italics."""
    text = html.escape(message.replace("{{", "\0").replace("}}", "\1"), quote=False)
    text = re.sub(r"\{(\w+)[^}]*\}", r"<em>\1</em>", text)
    text = re.sub(r"`([^`]*)`", r"<code>\1</code>", text)
    return f"<p>{text}</p>".replace("\0", "{").replace("\1", "}")


def _setup() -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def _load(path: Path) -> ModuleType:
    """A module of the package without the package, which would need spaCy."""
    spec = spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
