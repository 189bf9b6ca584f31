"""Reader for the standoff format of brat: NAME.txt with NAME.ann beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple, Union

from ..errors import Errors
from .annotations import AnnotatedText, Reason, Reject, Source, TextSpan, find_fault

BOM = "\ufeff"
# "T1<TAB>LABEL 0 5<TAB>text"; a discontinuous span has "0 5;10 15".
SPAN_LINE = re.compile(
    r"T\S*\t(\S+) (-?[0-9]{1,18}) (-?[0-9]{1,18})((?:;-?[0-9]+ -?[0-9]+)*)\t(.*)", re.S
)
# Relations, events, attributes (M in old files), normalizations; notes, equivalences.
OTHER_LINE = re.compile(r"[REAMN]\d\S*\t|#|\*\t")

Document = Tuple[AnnotatedText, List[Reject]]


def read_brat(path: Union[str, Path], *, encoding: str = "utf-8") -> Iterator[Document]:
    """Read a brat corpus, one document at a time.

    Offsets count Unicode code points of the file, as brat does: "\\r\\n" is two of
    them, and a byte order mark is one. The mark itself is not part of the text that
    is returned; the offsets are shifted accordingly. A .txt without .ann is a
    document without annotations. An .ann without .txt is a document with the empty
    text, and all its lines are rejects.

    path (Union[str, Path]): A folder, read with its subfolders in the order of the
        names; or a single .txt or .ann file, whose partner is read with it. Files
        and folders whose name begins with a dot are left out.
    encoding (str): Encoding of both kinds of files.
    YIELDS (Tuple[AnnotatedText, List[Reject]]): The document, and the annotations
        that are not spans of its text. Each line that is not blank is one or the
        other.
    RAISES (ValueError): No such files, or not in this encoding.
    """
    root, files = _find_files(Path(path))
    for name in sorted(files):
        yield _read_document(root, name, files[name], encoding)


def _find_files(path: Path) -> Tuple[Path, Dict[str, Dict[str, Path]]]:
    """RETURNS (Tuple[Path, Dict[str, Dict[str, Path]]]): The folder, and by document
    name and suffix the files."""
    if path.is_dir():
        root, candidates = path, sorted(path.rglob("*"))
    elif path.suffix in (".txt", ".ann"):
        stem = path.name[: -len(path.suffix)]
        root = path.parent
        candidates = [root / f"{stem}.txt", root / f"{stem}.ann"]
    else:
        raise ValueError(Errors.GP101.format(path=path))
    files: Dict[str, Dict[str, Path]] = {}
    for file in candidates:
        local = file.relative_to(root)
        hidden = any(part.startswith(".") for part in local.parts)
        if file.suffix in (".txt", ".ann") and not hidden and file.is_file():
            name = local.as_posix()[: -len(file.suffix)]
            files.setdefault(name, {})[file.suffix] = file
    if not files:
        raise ValueError(Errors.GP102.format(path=path))
    return root, files


def _read_document(
    root: Path, name: str, files: Dict[str, Path], encoding: str
) -> Document:
    text: Optional[str] = None
    lines: List[Tuple[Source, str]] = []
    if ".txt" in files:
        text = _decode(files[".txt"], encoding)
    if ".ann" in files:
        file = files[".ann"].relative_to(root).as_posix()
        # Not splitlines(): a span's copy of the text may hold other line ends.
        content = _decode(files[".ann"], encoding).removeprefix(BOM).split("\n")
        numbered = enumerate((line.rstrip("\r") for line in content), start=1)
        lines = [(Source(file, i), line) for i, line in numbered if line.strip()]
    return _parse_lines(name, text, lines)


def _decode(file: Path, encoding: str) -> str:
    """Read a file and leave its line ends and its byte order mark as they are."""
    encoding = "utf-8" if encoding.lower() in ("utf-8-sig", "utf_8_sig") else encoding
    try:
        return file.read_bytes().decode(encoding)
    except UnicodeDecodeError as err:
        message = Errors.GP103.format(file=file, encoding=encoding, position=err.start)
        raise ValueError(message) from err
    except LookupError as err:
        raise ValueError(Errors.GP104.format(encoding=encoding)) from err


def _parse_lines(
    name: str, text: Optional[str], lines: List[Tuple[Source, str]]
) -> Document:
    shift = 1 if text and text.startswith(BOM) else 0
    annotated = AnnotatedText(name, (text or "")[shift:], n_read=len(lines))
    rejects = []
    for source, line in lines:
        fate: Union[TextSpan, Reason] = Reason.MISSING_TEXT
        if text is not None:
            fate = _parse_line(annotated.text, source, line, shift)
        if isinstance(fate, TextSpan):
            annotated.spans.append(fate)
        else:
            rejects.append(Reject.at(source, line, fate))
    return annotated, rejects


def _parse_line(
    text: str, source: Source, line: str, shift: int
) -> Union[TextSpan, Reason]:
    """Parse an annotation. RETURNS (Union[TextSpan, Reason]): Its one fate."""
    if OTHER_LINE.match(line):
        return Reason.NOT_A_SPAN
    match = SPAN_LINE.fullmatch(line)
    if match is None:
        return Reason.BAD_LINE
    label, first, last, fragments, copy = match.groups()
    if fragments:
        return Reason.DISCONTINUOUS
    start, end = int(first) - shift, int(last) - shift
    fault = find_fault(text, start, end)
    # brat writes line ends as spaces, and editors strip them at the line's end.
    if fault is None and text[start:end].split() != copy.split():
        fault = Reason.TEXT_MISMATCH
    return fault or TextSpan(label, start, end, source)
