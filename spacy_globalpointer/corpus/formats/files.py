"""Read the files of a corpus: gzip, encodings, byte order marks and lines."""

from __future__ import annotations

import codecs
import gzip
import io
import stat
import warnings
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Iterator, List, Optional, Sequence, Tuple, cast

from ...errors import Errors, Warnings
from ...wording import as_unicode
from ..annotations import Source
from ..listing import Listing, list_files, walk_folder

#: Highest size of a line, in MiB. A longer one shows that the format is wrong.
MAX_LINE = 64
BOM = "\ufeff"
GZ = ".gz"
_BLOCK = 2**20
#: Highest number of unpacked bytes per packed byte (for text it is 5 to 50), and number
#: of unpacked bytes that are always allowed.
_MOST_UNPACKED, _FREE = 200, 4 * _BLOCK


@dataclass(frozen=True)
class SourceFile:
    """A file of a corpus.

    path (Path): The file.
    name (str): Path relative to the corpus, with slashes.
    limit (int): Largest size of a document in MiB, unpacked; 0 for no limit.
    """

    path: Path
    name: str
    limit: int = 0

    def within(self, most: int) -> int:
        """RETURNS (int): The lower one of a bound and the limit."""
        return min(self.limit, most) if self.limit else most

    def check_size(self, size: int) -> None:
        """Check that a document is not too large.

        size (int): Bytes or characters of it so far.
        RAISES (ValueError): GP151 if it is.
        """
        if self.limit and size > self.limit * 2**20:
            raise ValueError(Errors.GP151.format(file=self.path, limit=self.limit))

    @property
    def stem(self) -> str:
        """RETURNS (str): The name without its ending; .gz does not count as one."""
        name = self.name.removesuffix(GZ)
        folder, slash, last = name.rpartition("/")
        return folder + slash + (last.rsplit(".", 1)[0] if "." in last[1:] else last)


def find_files(
    path: Path,
    suffixes: Sequence[str],
    *,
    format: str,
    exclude: Sequence[str] = (),
    limit: int = 0,
) -> Iterator[SourceFile]:
    """Find the files of a corpus.

    path (Path): A file, which may have any ending; or a folder, whose files with one of
        the endings are read, with its subfolders, in the order of their names.
    suffixes (Sequence[str]): Endings such as ".jsonl"; they may be followed by .gz.
    format (str): Name of the format, for messages.
    exclude (Sequence[str]): Patterns of names to leave out, such as "train/all.*".
    limit (int): As in `SourceFile`.
    YIELDS (SourceFile): The files.
    RAISES (ValueError): GP165 if there are none, GP190 for a part of the folder that
        cannot be read.
    """
    if not path.is_dir():
        yield SourceFile(path, as_unicode(path.name), limit)
        return
    files = _files_of(path, suffixes, exclude)
    if not files:
        known = ", ".join(suffixes)
        raise ValueError(Errors.GP165.format(path=path, format=format, suffixes=known))
    yield from (replace(file, limit=limit) for file in files)


def _files_of(
    path: Path, suffixes: Sequence[str], exclude: Sequence[str]
) -> List[SourceFile]:
    files = list_files(path, exclude=exclude).items()
    return [
        SourceFile(file, name) for name, file in files if has_ending(name, suffixes)
    ]


def has_ending(name: str, suffixes: Sequence[str]) -> bool:
    """RETURNS (bool): Whether a name ends in one of the suffixes; .gz may follow."""
    return name.removesuffix(GZ).endswith(tuple(suffixes))


def find_endings(
    path: Path,
    suffixes: Sequence[str],
    spare: Sequence[str],
    *,
    exclude: Sequence[str] = (),
) -> Tuple[str, ...]:
    """Find the endings by which the files of a format in a folder are recognised.

    path (Path): The folder.
    suffixes (Sequence[str]): Endings of a format's files.
    spare (Sequence[str]): Endings that other formats have too. Each is used only if the
        folder has no file with an earlier ending.
    exclude (Sequence[str]): Patterns of names to leave out.
    RETURNS (Tuple[str, ...]): suffixes, or one of spare; all of them if there are no
        such files.
    """
    for endings in (suffixes, *((ending,) for ending in spare)):
        if _files_of(path, endings, exclude):
            return tuple(endings)
    return (*suffixes, *spare)


def other_files(
    path: Path, suffixes: Sequence[str], *, exclude: Sequence[str] = ()
) -> List[str]:
    """Find the files of a folder that are not of a format.

    path (Path): The folder; a single file has no others.
    suffixes (Sequence[str]): Endings of the format's files.
    exclude (Sequence[str]): Patterns of names to leave out.
    RETURNS (List[str]): Names of the other files that are not hidden, sorted.
    """
    if not path.is_dir():
        return []
    names = list_files(path, exclude=exclude)
    return sorted(name for name in names if not has_ending(name, suffixes))


def check_patterns(path: Path, exclude: Sequence[str]) -> None:
    """Warn about patterns of files to leave out that match no file. A typing error in a
    pattern would leave a file in.

    path (Path): The corpus: a folder, or a file.
    exclude (Sequence[str]): The patterns.
    """
    if not exclude:
        return
    listing = walk_folder(path) if path.is_dir() else Listing({path.name: path})
    names = sorted(listing.files)
    unused = [pattern for pattern in exclude if not listing.has_match(pattern)]
    if unused:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        patterns = ", ".join(map(repr, unused))
        fields = {"path": path, "patterns": patterns, "names": shown}
        warnings.warn(Warnings.GPW017.format(**fields), stacklevel=2)


def read_lines(
    file: SourceFile, *, encoding: str, format: str, longest: Optional[int] = None
) -> Iterator[Tuple[int, str]]:
    """Read a file line by line, with one line in memory.

    A line ends with "\\n" or "\\r\\n". No other character ends a line. A byte order
    mark is left out.

    file (SourceFile): The file; one that ends in .gz is unpacked.
    encoding (str): Its encoding.
    format (str): Name of the format, for messages.
    longest (Optional[int]): Highest size of a line, in MiB; None for `MAX_LINE`.
    YIELDS (Tuple[int, str]): Number from 1, and the line without its end.
    RAISES (ValueError): GP103 or GP104 for the encoding, GP160 for a line that is too
        long, GP169 for a damaged .gz.
    """
    lines = _whole_lines(file, encoding, format, longest or MAX_LINE)
    for number, line in enumerate(lines, start=1):
        text = line.removeprefix(BOM) if number == 1 else line
        yield number, text.removesuffix("\n").removesuffix("\r")


def read_text(file: SourceFile, *, encoding: str) -> str:
    """Read a whole file. Line ends and a byte order mark are kept.

    file (SourceFile): The file; one that ends in .gz is unpacked.
    encoding (str): Its encoding.
    RETURNS (str): The text.
    RAISES (ValueError): GP103, GP104, GP169, as `read_lines`; GP151 if it is larger
        than its limit.
    """
    name = check_encoding(encoding)
    try:
        return read_bytes(file).decode(name)
    except UnicodeDecodeError as err:
        raise _undecodable(file.path, encoding, err.start) from err


def read_bytes(file: SourceFile) -> bytes:
    """Read a whole file.

    file (SourceFile): The file; one that ends in .gz is unpacked.
    RETURNS (bytes): Its content.
    RAISES (ValueError): GP151 if it is larger than its limit, GP152 or GP169 for a
        damaged .gz.
    """
    blocks, size = [], 0
    with open_binary(file) as stream:
        guard = _Guard(file, stream)
        try:
            while block := stream.read(_BLOCK):
                size += len(block)
                guard.check(size)
                file.check_size(size)
                blocks.append(block)
        except (EOFError, zlib.error, gzip.BadGzipFile) as err:
            raise _damaged(file, err) from err
    return b"".join(blocks)


def read_blocks(file: SourceFile, *, encoding: str) -> Iterator[str]:
    """Read a file in blocks of bounded size, without a byte order mark.

    file (SourceFile): The file; one that ends in .gz is unpacked.
    encoding (str): Its encoding.
    YIELDS (str): Blocks that are not empty; together they are the text.
    RAISES (ValueError): GP103, GP104, GP169, as `read_lines`.
    """
    decoder = codecs.getincrementaldecoder(check_encoding(encoding))()
    place, raw = 0, b"-"
    with open_binary(file) as stream:
        guard = _Guard(file, stream)
        while raw:
            try:
                raw = stream.read(_BLOCK)
                pending = len(decoder.getstate()[0])
                text = decoder.decode(raw, final=not raw)
            except UnicodeDecodeError as err:
                position = place - pending + err.start
                raise _undecodable(file.path, encoding, position) from err
            except (EOFError, zlib.error, gzip.BadGzipFile) as err:
                raise _damaged(file, err) from err
            text = text if place else text.removeprefix(BOM)
            place += len(raw)
            guard.check(place)
            if text:
                yield text


def open_binary(file: SourceFile) -> BinaryIO:
    """RETURNS (BinaryIO): The content of a file, unpacked. RAISES (ValueError): GP150
    if it is not a file on a disk. RAISES (PermissionError): GP192 if it may not be
    read.
    """
    check_regular(file.path)
    try:
        if file.path.name.endswith(GZ):
            return cast(BinaryIO, gzip.open(file.path, "rb"))
        return open(file.path, "rb")
    except PermissionError as err:
        fields = {"path": file.path, "reason": err.strerror or err}
        raise PermissionError(Errors.GP192.format(**fields)) from err


def check_regular(path: Path) -> None:
    """Check that a path is not a device, a pipe or a socket. These may have no end, and
    cannot be read twice. A path that does not exist passes.

    path (Path): The path.
    RAISES (ValueError): GP150 if it is one.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        kind = kinds.get(stat.S_IFMT(mode), "a device")
        raise ValueError(Errors.GP150.format(path=path, kind=kind))


class _Guard:
    """Stops the reading of a packed file that unpacks to far more than any text. Such a
    file could fill the memory or take days.

    file (SourceFile): The file.
    stream (BinaryIO): Its unpacked content.
    """

    def __init__(self, file: SourceFile, stream: BinaryIO) -> None:
        self._file = file
        self._packed = stream.fileobj if isinstance(stream, gzip.GzipFile) else None
        self._next = _FREE

    def check(self, size: int) -> None:
        """RAISES (ValueError): GP152 if the bytes unpacked so far are too many."""
        if self._packed is None or size <= self._next:
            return
        self._next = _FREE + _MOST_UNPACKED * self._packed.tell()
        if size > self._next:
            fields = {"file": self._file.path, "ratio": _MOST_UNPACKED}
            raise ValueError(Errors.GP152.format(**fields))


def _whole_lines(
    file: SourceFile, encoding: str, format: str, longest: int
) -> Iterator[str]:
    name = check_encoding(encoding)
    most, place, number = file.within(longest), 0, 0
    limit = most * 2**20
    wide = "\n".encode(name)[-1:] != b"\n" or len("\n".encode(name)) > 1
    with open_binary(file) as binary:
        guard = _Guard(file, binary)
        stream = io.TextIOWrapper(binary, name, newline="\n") if wide else binary
        while True:
            number += 1
            try:
                raw = stream.readline(limit + 1)
                if not raw:
                    return
                line = raw if isinstance(raw, str) else raw.decode(name)
            except UnicodeDecodeError as err:
                raise _undecodable(file.path, encoding, place + err.start) from err
            except (EOFError, zlib.error, gzip.BadGzipFile) as err:
                raise _damaged(file, err) from err
            if len(raw) > limit:
                fields = {"file": file.name, "line": number, "limit": most}
                raise ValueError(Errors.GP160.format(**fields, format=format))
            place += len(raw)
            guard.check(place)
            yield line


def check_encoding(encoding: str) -> str:
    """RETURNS (str): Python's name of an encoding. Raise GP104 if there is no such
    encoding. The readers handle a byte order mark."""
    try:
        "".encode(encoding)  # refuses codecs that are not for text, such as hex
        name = codecs.lookup(encoding).name
    except LookupError as err:
        raise ValueError(Errors.GP104.format(encoding=encoding)) from err
    return "utf-8" if name == "utf-8-sig" else name


def _undecodable(path: Path, encoding: str, position: int) -> ValueError:
    fields = {"file": path, "encoding": encoding, "position": position}
    return ValueError(Errors.GP103.format(**fields))


def _damaged(file: SourceFile, reason: Exception) -> ValueError:
    return ValueError(Errors.GP169.format(file=file.path, reason=reason))


def malformed(source: Source, format: str, reason: object) -> ValueError:
    """RETURNS (ValueError): GP164, for a place that violates a rule of a format."""
    fields = {"source": source, "format": format, "reason": reason}
    return ValueError(Errors.GP164.format(**fields))


def is_malformed(err: ValueError) -> bool:
    """RETURNS (bool): Whether an error is one of `malformed`."""
    return str(err).startswith("[GP164]")
