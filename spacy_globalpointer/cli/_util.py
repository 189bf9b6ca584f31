"""Functions that several commands use."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    Iterator,
    List,
    NoReturn,
    Optional,
    Sequence,
    Set,
    Union,
)

import spacy
from spacy.language import Language
from typer.core import TyperCommand

from ..atomic import atomic_file
from ..errors import Errors
from ..machine_faults import explain
from .terminal import msg

if TYPE_CHECKING:
    from ..encoders.pretrained import Encoder

#: Message after Ctrl-C, for commands that write only at the end.
AS_BEFORE = "Stopped by Ctrl-C: nothing was written or changed"
#: Text in a table for a fraction that is not defined, and its explanation.
NO_SHARE = "–"
NO_SHARE_NOTE = (
    "–: not defined (precision without predicted spans, recall without gold spans)"
)
#: Help for an encoder, and for raw texts.
ENCODER_HELP = (
    "Folder of an encoder, its name on a hub, or the folder of a trained pipeline's "
    "transformer"
)
TEXTS_HELP = (
    '.txt files (one text each), .jsonl files (one object with a field "text" per '
    "line), both also as .gz, .spacy files, or folders of such files"
)
#: Exit status of a process that Ctrl-C ended.
INTERRUPTED = 130


class ManyNumbers(TyperCommand):
    """Command in which one option may be followed by several numbers: `--layers 0 3 7`
    is short for `--layers 0 --layers 3 --layers 7`."""

    def parse_args(self, ctx: Any, args: List[str]) -> List[str]:
        """Write the option before each of its numbers, and parse.

        ctx (Context): Context of the command.
        args (List[str]): The words of the command line.
        RETURNS (List[str]): Words that are left.
        """
        own = [x for x in self.params if getattr(x, "multiple", False)]
        names = {name for option in own for name in option.opts}
        words: List[str] = []
        name = ""
        for word in args:
            if name and words[-1] != name and re.fullmatch(r"-?\d+", word):
                words.append(name)
            elif not name or words[-1] != name:
                first = word.partition("=")[0]
                name = first if first in names else ""
            words.append(word)
        return super().parse_args(ctx, words)


@contextmanager
def reported_errors(stopped: Optional[str] = None) -> Iterator[None]:
    """Print errors of the data and of the user, and exit with status 1. Errors of the
    program keep their traceback.

    stopped (Optional[str]): Message after Ctrl-C, before the exit with status 130.
        None leaves Ctrl-C to the caller.
    """
    try:
        yield
    except (
        BrokenPipeError
    ):  # the program that reads the output has ended, such as `head`
        raise
    except (ValueError, OSError, ImportError) as err:
        fail(err)
    except KeyboardInterrupt:
        if stopped is None:
            raise
        msg.text("")  # ends the line in which a terminal shows ^C
        msg.warn(stopped, exits=INTERRUPTED)


def fail(error: Exception) -> NoReturn:
    """Print an error and exit with status 1.

    error (Exception): The error. Line ends in its message are kept.
    """
    text = explain(error) or str(error).strip() or type(error).__name__
    first, *others = text.splitlines()
    try:
        msg.fail(first)
        for line in others:
            msg.text(line)
        sys.stdout.flush()
    except OSError:  # the output is a file on the full disk
        sys.stderr.write(f"{text}\n")
        _give_up_output()
    sys.exit(1)


def _give_up_output() -> None:
    """Discard what could not be written to the standard output. Otherwise Python tries
    again when it exits."""
    with suppress(OSError, AttributeError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def load_pipeline(model: Union[str, Path]) -> Language:
    """Load a pipeline.

    model (Union[str, Path]): Its folder, or the name of a package.
    RETURNS (Language): The pipeline.
    RAISES (ValueError): GP066 if a file of it is missing.
    """
    try:
        return spacy.load(model)
    except FileNotFoundError as error:
        fields = {"path": error.filename, "model": model}
        raise ValueError(Errors.GP066.format(**fields)) from error


def parse_pairs(option: str, values: Sequence[str]) -> Dict[str, str]:
    """Read options of the form NAME=VALUE.

    option (str): Name of the option, for messages.
    values (Sequence[str]): The user's values.
    RETURNS (Dict[str, str]): The values by name.
    RAISES (ValueError): GP188 for another form, or a name that is given twice.
    """
    pairs: Dict[str, str] = {}
    for value in values:
        name, equals, rest = value.partition("=")
        if not name or not equals or name in pairs:
            raise ValueError(Errors.GP188.format(option=option, value=value))
        pairs[name] = rest
    return pairs


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence]) -> None:
    """Print a table of numbers.

    title (str): Header of the first column.
    columns (Sequence[str]): Names of the columns of numbers.
    rows (Sequence[Sequence]): The name and the numbers of each row.
    """
    msg.table(
        [[name, *(_format(value) for value in values)] for name, *values in rows],
        header=[title, *columns],
        aligns=["l", *("r" for _ in columns)],
        divider=True,
    )


def format_share(value: Optional[float], digits: int = 1) -> str:
    """Return a fraction in percent, or a dash for None."""
    return NO_SHARE if value is None else f"{100 * value:.{digits}f}"


def explain_dashes(rows: Sequence[Sequence]) -> None:
    """Explain the dashes of a table, if it has any.

    rows (Sequence[Sequence]): As for `print_table`.
    """
    if any(NO_SHARE in row[1:] for row in rows):
        msg.text(NO_SHARE_NOTE)


def megabytes(encoder: Encoder) -> float:
    """RETURNS (float): The size of an encoder's weights."""
    tensors = encoder.module.state_dict().values()
    return sum(x.numel() * x.element_size() for x in tensors) / 1e6


def check_page(output: Path) -> None:
    """Check that a page to write replaces only an HTML page.

    output (Path): Path of the page to write.
    RAISES (ValueError): GP145 if another file is there.
    """
    if output.is_file():
        with output.open("rb") as stream:
            head = stream.read(1000).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
        if head and not head.lower().startswith("<!doctype html"):
            raise ValueError(Errors.GP145.format(path=output, kind="an HTML page"))


def check_numbers(output: Path, keys: Set[str]) -> None:
    """Check that a file of numbers to write replaces only such a file.

    output (Path): Path of the file to write.
    keys (Set[str]): Keys that such a file has.
    RAISES (ValueError): GP145 if another file is there.
    """
    text = output.read_bytes() if output.is_file() else b""
    try:
        known = json.loads(text) if text.strip() else dict.fromkeys(keys)
    except ValueError:
        known = None
    if not isinstance(known, dict) or not keys <= set(known):
        kind = "a file of numbers that this command wrote"
        raise ValueError(Errors.GP145.format(path=output, kind=kind))


def write_text(text: str, output: Path) -> None:
    """Write a file so that it is never half-written.

    text (str): Content of the file, which is written in utf-8.
    output (Path): The file.
    """
    with atomic_file(output) as draft:
        draft.write_text(text, encoding="utf-8")


def write_output(text: str) -> None:
    """Write a text to the standard output, for other programs to read.

    text (str): The text. It is written in utf-8, whatever the output's encoding is.
    """
    sys.stdout.flush()
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:  # the output of a notebook, for example
        sys.stdout.write(text)
    else:
        stream.write(text.encode("utf-8"))
    sys.stdout.flush()


def _format(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
