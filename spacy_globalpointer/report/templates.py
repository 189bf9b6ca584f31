"""The templates of the pages, which escape all data of documents and pipelines."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Optional

import jinja2

from ..wording import number_of

#: Content security policy of a page: nothing may be loaded or run.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
# Characters that neither HTML nor XML allows in a text.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_template(name: str, **context: Any) -> str:
    """Fill in a template.

    name (str): File name of the template.
    context (Any): The variables of the template.
    RETURNS (str): HTML.
    """
    return _environment().get_template(name).render(context)


def script_policy(script: str) -> str:
    """Return a content security policy that lets one script run.

    script (str): File name of the script.
    RETURNS (str): The policy.
    """
    digest = sha256(render_template(script).encode()).digest()
    return f"{POLICY}; script-src 'sha256-{b64encode(digest).decode()}'"


def printable(text: str) -> str:
    """Replace the characters that a page cannot hold.

    text (str): Any text.
    RETURNS (str): The text with U+FFFD for each such character.
    """
    return _FORBIDDEN.sub("\ufffd", text)


def percent(value: Optional[float]) -> str:
    """RETURNS (str): A fraction in percent, with one digit; a dash for None."""
    return "–" if value is None else f"{100 * value:.1f}"


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    filters = {"percent": percent, "number_of": number_of, "count": "{:,}".format}
    environment.filters.update(filters)
    return environment


def _finalize(value: Any) -> Any:
    # Markup is the output of another template.
    is_safe = isinstance(value, (int, float)) or hasattr(value, "__html__")
    return value if is_safe else printable(str(value))
