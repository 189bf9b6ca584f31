"""Settings of an annotation: which columns are read, and what is returned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from ..errors import Errors
from ..values import is_text, is_whole

#: Columns that every result has, next to the id and the kept columns.
SPANS, N_TOKENS, ERROR = "spans", "n_tokens", "error"
#: Column of the ids if none is named.
ID = "id"


@dataclass(frozen=True)
class Settings:
    """Settings of an annotation.

    text (str): Column of the texts.
    id (Optional[str]): Column of the ids; None for "id" if there is one. Otherwise
        documents are numbered.
    keep (Tuple[str, ...]): Other columns to copy to the result.
    head_text (bool): Whether each span also has the beginning of its text.
    spans_key (Optional[str]): Key of the spans in `doc.spans`; None for that of the
        pipeline's `global_pointer`.
    max_chars (int): Characters of the longest text that is annotated. A pipeline of
        this package needs about 7 GiB for a million words.
    batch_tokens (int): Tokens of the documents that are predicted at once. It does not
        change the spans.
    """

    text: str = "text"
    id: Optional[str] = None
    keep: Tuple[str, ...] = ()
    head_text: bool = False
    spans_key: Optional[str] = None
    max_chars: int = 4_000_000
    batch_tokens: int = 5_000

    def __post_init__(self) -> None:
        """RAISES (ValueError): GP257 for an invalid setting."""
        if isinstance(self.keep, str):
            raise _invalid("keep", self.keep, "a list of columns")
        object.__setattr__(self, "keep", tuple(self.keep))
        for name in ("max_chars", "batch_tokens"):
            check_number(name, getattr(self, name))
        names = [self.text, *([] if self.id is None else [self.id]), *self.keep]
        for name in names:
            if not is_text(name):
                raise _invalid("text, id or keep", name, "the name of a column")
        taken = {SPANS, N_TOKENS, ERROR}
        for column in {self.id, *self.keep} & taken:
            rule = f"other columns than {sorted(taken)}, which the result has itself"
            raise _invalid("id or keep", column, rule)
        if len(set(self.keep)) < len(self.keep):
            raise _invalid("keep", self.keep, "each column once")

    def identity(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The settings that change the result, as JSON."""
        own = {**vars(self), "keep": list(self.keep)}
        del own["batch_tokens"]
        return own


def check_number(name: str, value: object) -> None:
    """Check that a setting is a number of things.

    name (str): Its name.
    value (object): Its value.
    RAISES (ValueError): GP257 if it is not.
    """
    if not is_whole(value, least=1):
        raise _invalid(name, value, "a whole number of at least 1")


def _invalid(name: str, value: object, rule: str) -> ValueError:
    return ValueError(Errors.GP257.format(name=name, value=value, rule=rule))
