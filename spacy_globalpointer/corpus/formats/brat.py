"""The standoff format of brat: NAME.txt with NAME.ann next to it."""

from __future__ import annotations

import os
import re
import sys
from itertools import count
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple, Union

from ...errors import Errors
from ...wording import as_unicode
from ..annotations import (
    AnnotatedText,
    Document,
    Reason,
    Reject,
    Source,
    TextSpan,
    find_fault,
)
from ..listing import is_excluded, list_files, walk_folder
from ..words import Words
from .files import BOM, SourceFile, read_text
from .format import Format

NAME = "brat"
# "T1<TAB>LABEL 0 5<TAB>text"; a discontinuous span has "0 5;10 15".
SPAN_LINE = re.compile(
    r"(T\S*)\t(\S+) (-?[0-9]{1,18}) (-?[0-9]{1,18})"
    r"((?:;[0-9]{1,18} [0-9]{1,18})*)\t(.*)",
    re.S,
)
#: Bytes of a file's name without its ending, and of a path to a file's folder.
_LONGEST_NAME, _LONGEST_FOLDER = 251, 1000
_SPACE = re.compile(r"\s")
# Relations, events, attributes (M in old files), normalizations; notes, equivalences.
OTHER_LINE = re.compile(r"[REAMN]\d\S*\t|#|\*\t")


def read_brat(
    path: Union[str, Path],
    *,
    encoding: str = "utf-8",
    exclude: Sequence[str] = (),
    limit: int = 0,
) -> Iterator[Document]:
    """Read a brat corpus, one document at a time.

    Offsets count Unicode code points of the file, as brat does: "\\r\\n" is two of
    them, and a byte order mark is one. The text that is returned lacks the mark, and
    its offsets are shifted accordingly. A .txt without .ann was not annotated and is to
    be skipped: it may not even belong to the corpus. A .txt with an empty .ann is a
    document without spans. An .ann without .txt is a document with an empty text, and
    all its lines are rejects.

    path (Union[str, Path]): A folder, read with its subfolders in the order of the
        names; or a single .txt or .ann file, whose partner is read with it. Files
        and folders whose name begins with a dot are left out.
    encoding (str): Encoding of both kinds of files.
    exclude (Sequence[str]): Patterns of names to leave out.
    limit (int): Largest size of a file in MiB; 0 for no limit.
    YIELDS (Tuple[AnnotatedText, List[Reject]]): The document, and the annotations that
        are not spans of its text. Each line that is not blank becomes a span or a
        reject.
    RAISES (ValueError): No such files, or not in this encoding.
    """
    files = _find_files(Path(path), exclude)
    for name in sorted(files):
        yield _read_document(name, files[name], encoding, limit)


def _find_files(path: Path, exclude: Sequence[str]) -> Dict[str, Dict[str, Path]]:
    """RETURNS (Dict[str, Dict[str, Path]]): The files by document name and suffix."""
    if path.is_dir():
        candidates = list_files(path, exclude=exclude)
    elif path.suffix in (".txt", ".ann"):
        both = (path.with_suffix(".txt"), path.with_suffix(".ann"))
        candidates = {as_unicode(x.name): x for x in both if os.path.lexists(x)}
    else:
        raise ValueError(Errors.GP101.format(path=path))
    files: Dict[str, Dict[str, Path]] = {}
    for local, file in candidates.items():
        if file.suffix in (".txt", ".ann") and not is_excluded(local, exclude):
            name = local[: -len(file.suffix)]
            files.setdefault(name, {})[file.suffix] = file
    if not files:
        raise ValueError(Errors.GP102.format(path=path))
    return files


def _read_document(
    name: str, files: Dict[str, Path], encoding: str, limit: int
) -> Document:
    text: Optional[str] = None
    lines: List[Tuple[Source, str]] = []
    source = Source(f"{name}.txt" if ".txt" in files else f"{name}.ann", 1)
    if ".txt" in files:
        file = SourceFile(files[".txt"], f"{name}.txt", limit)
        text = read_text(file, encoding=encoding)
    if ".ann" in files:
        file = SourceFile(files[".ann"], f"{name}.ann", limit)
        # Not splitlines(): a span's copy of the text may hold other line ends.
        content = read_text(file, encoding=encoding).removeprefix(BOM).split("\n")
        numbered = enumerate((line.rstrip("\r") for line in content), start=1)
        lines = [(Source(file.name, i), line) for i, line in numbered if line.strip()]
    document, rejects = _parse_lines(name, source, text, lines)
    document.skip = ".ann" not in files
    return document, rejects


def _parse_lines(
    name: str,
    source: Source,
    text: Optional[str],
    lines: List[Tuple[Source, str]],
) -> Document:
    shift = 1 if text and text.startswith(BOM) else 0
    annotated = AnnotatedText(
        name, (text or "")[shift:], n_read=len(lines), source=source
    )
    rejects = []
    words = Words(annotated.text)
    for place, line in lines:
        fate: Union[TextSpan, Reason] = Reason.MISSING_TEXT
        if text is not None:
            fate = _parse_line(annotated.text, words, place, line, shift)
        if isinstance(fate, TextSpan):
            annotated.spans.append(fate)
        else:
            rejects.append(Reject.at(place, line, fate))
    return annotated, rejects


def _parse_line(
    text: str, words: Words, source: Source, line: str, shift: int
) -> Union[TextSpan, Reason]:
    """Parse an annotation. RETURNS (Union[TextSpan, Reason]): The span, or the reason
    why it is not one."""
    if OTHER_LINE.match(line):
        return Reason.NOT_A_SPAN
    match = SPAN_LINE.fullmatch(line)
    if match is None:
        return Reason.BAD_LINE
    id, label, first, last, fragments, copy = match.groups()
    numbers = [int(first), int(last), *map(int, re.findall("[0-9]+", fragments))]
    start, end = numbers[0] - shift, numbers[-1] - shift
    gaps = zip(numbers[1::2], numbers[2::2])
    # brat itself makes fragments of a span where its text has line ends.
    if any(b < a or words.within(a - shift, b - shift) for a, b in gaps):
        return Reason.DISCONTINUOUS
    fault = find_fault(text, start, end)
    # brat writes line ends as spaces, and editors strip them at the line's end.
    if fault is None and not words.are(start, end, copy.split()):
        fault = Reason.TEXT_MISMATCH
    return fault or TextSpan(label, start, end, source, id)


def write_brat(documents: Iterable[AnnotatedText], path: Path) -> None:
    """Write documents as NAME.txt and NAME.ann, as brat does.

    Characters of a document's name that some file systems do not allow become "_", and
    so does white space in a label. Two labels never become the same. A name that is too
    long is cut, and equal names are numbered. Each span has its own line. It keeps its
    id if that has brat's form (T1) and no other span of the document has it. A span
    whose text has line ends is written in fragments.

    documents (Iterable[AnnotatedText]): The documents.
    path (Path): The folder, which is made.
    RAISES (ValueError): GP175 for an empty label, GP189 for two labels that would be
        written in the same way.
    """
    path.mkdir(parents=True, exist_ok=True)
    taken: Dict[str, int] = {}
    labels: Dict[str, str] = {}
    for document in documents:
        name = _file_name(document.name, taken)
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        _check_labels(document, labels)
        lines = _ann_lines(document)
        for suffix, content in ((".txt", document.text), (".ann", "".join(lines))):
            (path / f"{name}{suffix}").write_bytes(content.encode("utf-8"))


def _file_name(name: str, taken: Dict[str, int]) -> str:
    """Make the name of a document's files.

    name (str): The document's name.
    taken (Dict[str, int]): For each name that was made, in lower case, the number of
        those that would be equal.
    RETURNS (str): A path within the folder that no other document has.
    """
    parts = [re.sub(r"[^\w.,+@-]", "_", _encodable(part)) for part in name.split("/")]
    # An empty part would begin at the root, and one with a dot would be hidden. A
    # folder must not have the name of another document's file.
    parts = [re.sub(r"^(\.|$)", "_", part) for part in parts]
    parts[:-1] = [re.sub(r"(?i)(?<=\.)(txt|ann)$", r"\1_", x) for x in parts[:-1]]
    folder = "".join(f"{_cut(part)}/" for part in parts[:-1])
    if len(folder.encode("utf-8")) > _LONGEST_FOLDER:
        folder, parts = "", ["_".join(parts)]
    plain = unique = folder + _cut(parts[-1])
    n = taken.get(plain.lower(), 0)
    while unique.lower() in taken:
        unique = folder + _cut(parts[-1], f"-{n}")
        n += 1
    taken[unique.lower()] = 1
    taken[plain.lower()] = max(n, 1)
    return unique


def _encodable(part: str) -> str:
    """RETURNS (str): A name with "?" for the characters that the system does not
    allow."""
    encoding = sys.getfilesystemencoding()
    return part.encode(encoding, "replace").decode(encoding)


def _cut(part: str, ending: str = "") -> str:
    """RETURNS (str): A name with an ending; it is cut if it is too long for a file."""
    most = _LONGEST_NAME - len(ending)
    return part.encode("utf-8")[:most].decode("utf-8", "ignore") + ending


def _check_labels(document: AnnotatedText, labels: Dict[str, str]) -> None:
    """Check that no two labels are written in the same way, and remember those of a
    document."""
    for span in document.spans:
        fields = {"name": document.name, "format": NAME}
        if not span.label:
            raise ValueError(Errors.GP175.format(what="label", value="", **fields))
        written = _written(span.label)
        first = labels.setdefault(written, span.label)
        if first != span.label:
            fields.update(label=span.label, first=first, written=written)
            raise ValueError(Errors.GP189.format(**fields))


def _written(label: str) -> str:
    return _SPACE.sub("_", label)


def _ann_lines(document: AnnotatedText) -> Iterator[str]:
    used: Set[str] = set()
    own = {span.id for span in document.spans}
    fresh = (id for id in map("T{}".format, count(1)) if id not in own)
    for span in document.spans:
        fits = re.fullmatch(r"T[0-9]+", span.id) and span.id not in used
        id = span.id if fits else next(fresh)
        used.add(id)
        pieces = [
            (span.start + m.start(), span.start + m.end())
            for m in re.finditer(r"[^\r\n]+", document.text[span.start : span.end])
        ] or [(span.start, span.end)]
        places = ";".join(f"{start} {end}" for start, end in pieces)
        copy = " ".join(document.text[start:end] for start, end in pieces)
        copy = copy.replace("\n", " ").replace("\r", " ")
        yield f"{id}\t{_written(span.label)} {places}\t{copy}\n"


def looks_like(path: Path, head: str) -> bool:
    """RETURNS (bool): Whether a folder or file has an .ann."""
    if path.is_dir():
        return any(name.endswith(".ann") for name in walk_folder(path).files)
    return path.suffix in (".ann", ".txt") and path.with_suffix(".ann").is_file()


BRAT = Format(
    NAME,
    "brat standoff: a folder of NAME.txt and NAME.ann",
    read_brat,
    looks_like,
    (".txt", ".ann"),
    write_brat,
    writes_folder=True,
)
