"""Annotation formats: a reader, a function that recognises files, perhaps a writer."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, Optional, Sequence, Tuple

from ...errors import Errors
from ..annotations import AnnotatedText, Document
from .files import find_endings, find_files
from .json_values import to_json

#: Arguments of a reader or writer that are not options of its format.
_COMMON = ("encoding", "exclude", "limit")
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


@dataclass(frozen=True)
class Format:
    """An annotation format; the module of each format makes one.

    name (str): Its name for --format.
    about (str): What it is, in one line.
    read (Callable[..., Iterator[Document]]): `read(path, *, encoding, exclude, limit,
        **options)`; see `read_each`. Documents come one at a time.
    looks_like (Callable[[Path, str], bool]): Whether a file that is not JSON is of this
        format, from its path and the first characters of its text. For a format of
        folders, the path is that of a folder, and the text is empty.
    suffixes (Tuple[str, ...]): Endings of its files.
    write (Optional[Callable[..., None]]): `write(documents, path, **options)`; the
        path is a new file, or a new folder if writes_folder.
    writes_folder (bool): Whether a corpus is written as a folder of files.
    spare (Tuple[str, ...]): Further endings, used only in a folder without files that
        end in one of `suffixes`.
    cuts_tokens (bool): Whether spans are written as tags of tokens. Then a token in
        which a span begins or ends is cut there.
    claims (Optional[Callable[[Any], Optional[bool]]]): Whether a JSON value, such as
        an entry of an array or a line, is of this format: True if no other format
        has such values, None if it may be, False if it cannot be read. None for a
        format that is not JSON.
    has_annotators (bool): Whether a file may hold the work of several annotators.
    """

    name: str
    about: str
    read: Callable[..., Iterator[Document]]
    looks_like: Callable[[Path, str], bool]
    suffixes: Tuple[str, ...]
    write: Optional[Callable[..., None]] = None
    writes_folder: bool = False
    spare: Tuple[str, ...] = ()
    cuts_tokens: bool = False
    claims: Optional[Callable[[Any], Optional[bool]]] = None
    has_annotators: bool = False

    def endings_in(self, path: Path, exclude: Sequence[str] = ()) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): Endings of the files that are read in a folder."""
        return find_endings(path, self.suffixes, self.spare, exclude=exclude)

    def reading(self, options: Dict[str, str]) -> Dict[str, Any]:
        """Check options for the reader, given as text.

        options (Dict[str, str]): The options.
        RETURNS (Dict[str, Any]): The options in their types.
        RAISES (ValueError): GP166 for an unknown name, GP167 for a bad value.
        """
        return parse_options(self.name, self.read, options)

    def writing(self, options: Dict[str, str]) -> Dict[str, Any]:
        """Check options for the writer, given as text.

        options (Dict[str, str]): The options.
        RETURNS (Dict[str, Any]): The options in their types.
        RAISES (ValueError): GP166 for an unknown name, GP167 for a bad value.
        """
        return parse_options(self.name, self.write or self.read, options)


def is_json_only(path: Path, head: str) -> bool:
    """RETURNS (bool): False: the `Format.looks_like` of a format that is always
    JSON."""
    return False


def read_each(
    name: str,
    suffixes: Sequence[str],
    read_file: Callable[..., Iterator[Document]],
    *,
    spare: Sequence[str] = (),
) -> Callable[..., Iterator[Document]]:
    """Make a format's reader from a reader of single files.

    name (str): Name of the format.
    suffixes (Sequence[str]): Endings of its files.
    read_file (Callable[..., Iterator[Document]]): `read_file(file, *, encoding,
        **options)`, with a `SourceFile`.
    spare (Sequence[str]): As in `Format`.
    RETURNS (Callable[..., Iterator[Document]]): The reader of a file or folder.
    """

    def read(
        path: Path,
        *,
        encoding: str = "utf-8",
        exclude: Sequence[str] = (),
        limit: int = 0,
        **options: Any,
    ) -> Iterator[Document]:
        endings = find_endings(Path(path), suffixes, spare, exclude=exclude)
        files = find_files(
            Path(path), endings, format=name, exclude=exclude, limit=limit
        )
        for file in files:
            yield from read_file(file, encoding=encoding, **options)

    # The options are those of the reader of files.
    read.__signature__ = inspect.signature(read_file)  # type: ignore[attr-defined]
    return read


def write_lines(
    write_document: Callable[..., Iterator[str]],
) -> Callable[..., None]:
    """Make a format's writer from one that yields the lines of a document.

    write_document (Callable[..., Iterator[str]]): `write_document(document,
        **options)` yields lines without their ends.
    RETURNS (Callable[..., None]): The writer.
    """

    def write(documents: Iterable[AnnotatedText], path: Path, **options: Any) -> None:
        with open(path, "w", encoding="utf-8", newline="\n") as stream:
            for document in documents:
                for line in write_document(document, **options):
                    stream.write(line + "\n")

    write.__signature__ = inspect.signature(write_document)  # type: ignore[attr-defined]
    return write


def write_array(
    make_record: Callable[..., Dict[str, Any]],
) -> Callable[..., None]:
    """Make the writer of a JSON array with one record per line.

    make_record (Callable[..., Dict[str, Any]]): `make_record(document, **options)`
        makes the record of a document.
    RETURNS (Callable[..., None]): The writer.
    """

    def write(documents: Iterable[AnnotatedText], path: Path, **options: Any) -> None:
        with open(path, "w", encoding="utf-8", newline="\n") as stream:
            before = "[\n"
            for document in documents:
                stream.write(before + to_json(make_record(document, **options)))
                before = ",\n"
            stream.write("[]\n" if before == "[\n" else "\n]\n")

    write.__signature__ = inspect.signature(make_record)  # type: ignore[attr-defined]
    return write


def parse_options(
    format: str, function: Callable[..., Any], options: Dict[str, str]
) -> Dict[str, Any]:
    """Parse the options of a function, given as text.

    format (str): Name of the format, for messages.
    function (Callable[..., Any]): Its keyword-only arguments are the options; their
        type is that of the default: str, int or bool. A default of None means str.
    options (Dict[str, str]): Names and values.
    RETURNS (Dict[str, Any]): The values in their types.
    RAISES (ValueError): GP166 for an unknown name, GP167 for a bad value.
    """
    known = options_of(function)
    parsed = {}
    for name, value in options.items():
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            fields = {"format": format, "name": name, "known": names}
            raise ValueError(Errors.GP166.format(**fields))
        parsed[name] = _parse(format, name, value, known[name])
    return parsed


def options_of(function: Callable[..., Any]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The options of a reader or writer, with defaults."""
    return {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name not in _COMMON
    }


def bad_option(format: str, name: str, value: object, rule: str) -> ValueError:
    """RETURNS (ValueError): GP167, for the value of an option."""
    fields = {"format": format, "name": name, "value": value, "rule": rule}
    return ValueError(Errors.GP167.format(**fields))


def _parse(format: str, name: str, value: str, default: Any) -> Any:
    if isinstance(default, bool):
        if value.lower() not in (*_TRUE, *_FALSE):
            raise bad_option(format, name, value, "true or false")
        return value.lower() in _TRUE
    if isinstance(default, int):
        if not value.isascii() or not value.isdigit():
            raise bad_option(format, name, value, "a whole number from 0 on")
        return int(value)
    return value
