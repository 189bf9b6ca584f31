"""List the files of a corpus, for every command and reader."""

from __future__ import annotations

import errno
import os
import stat
import warnings
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatch
from operator import itemgetter
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Set, Tuple

from ..errors import Errors, Warnings
from ..wording import as_unicode

#: Highest number of names in a message.
_MOST = 5
#: Device and inode number: they identify a folder that has several paths.
_Identity = Tuple[int, int]


class _Kind(Enum):
    """Kind of a folder's entry that can be read."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link to a folder"


@dataclass
class Listing:
    """Content of a folder by names, as `walk_folder` finds it.

    Names are paths relative to the folder, with slashes. Names that are not UTF-8 have
    escapes, so that Docs and summaries can hold them.

    files (Dict[str, Path]): The files, in the order of their names.
    faults (Dict[str, str]): Reasons why other entries cannot be read: dangling links,
        and folders that may not be listed.
    repeated (List[str]): Links to folders that are read by another path, or that
        contain the link.
    hidden (List[str]): Files and folders that are not read because their names begin
        with a dot.
    """

    files: Dict[str, Path] = field(default_factory=dict)
    faults: Dict[str, str] = field(default_factory=dict)
    repeated: List[str] = field(default_factory=list)
    hidden: List[str] = field(default_factory=list)

    def has_match(self, pattern: str) -> bool:
        """RETURNS (bool): Whether a pattern of names to leave out matches any name."""
        others = (*self.faults, *self.repeated, *self.hidden)
        names = (*self.files, *others, *(f"{name}/" for name in others))
        return any(is_excluded(name, [pattern]) for name in names)


def list_files(path: Path, *, exclude: Sequence[str] = ()) -> Dict[str, Path]:
    """List the files of a folder, its subfolders, and folders that links lead to.

    Each folder is read once: a link to one that is read by another path is not
    followed, with a warning. Names that begin with a dot are left out.

    path (Path): The folder. A file is its own list.
    exclude (Sequence[str]): Patterns of names to leave out, such as "train/all.*".
    RETURNS (Dict[str, Path]): The files by their names, which are their paths relative
        to the folder, with slashes; in the order of the names.
    RAISES (ValueError): GP190 for a dangling link or a folder that may not be listed,
        unless it is left out.
    """
    if not path.is_dir():
        return {as_unicode(path.name): path}
    listing = walk_folder(path)
    faults = [
        f"{name} ({reason})"
        for name, reason in sorted(listing.faults.items())
        if not is_excluded(name, exclude) and not is_excluded(f"{name}/", exclude)
    ]
    if faults:
        raise ValueError(Errors.GP190.format(path=path, reasons=_first(faults)))
    repeated = [x for x in sorted(listing.repeated) if not is_excluded(x, exclude)]
    if repeated:
        names = _first(repeated)
        warnings.warn(Warnings.GPW126.format(path=path, names=names), stacklevel=1)
    files = listing.files.items()
    return {name: file for name, file in files if not is_excluded(name, exclude)}


def walk_folder(path: Path) -> Listing:
    """Find the files of a folder and its subfolders, without hidden ones.

    A folder that is found both by its own path and by links is listed by its own path.
    Links to other folders are followed in the order of their names.

    path (Path): The folder.
    RETURNS (Listing): The files, and the entries that cannot be read.
    """
    listing = Listing()
    seen: Set[_Identity] = set()
    links = _walk(path, "", listing, seen)
    for link, name in links:  # the list grows during the loop
        identity = _identity(link)
        if identity in seen or identity in _around(link):
            listing.repeated.append(name)
        else:
            links += _walk(link, f"{name}/", listing, seen)
    listing.files = dict(sorted(listing.files.items(), key=itemgetter(1)))
    return listing


def is_excluded(name: str, patterns: Sequence[str]) -> bool:
    """RETURNS (bool): Whether a path, or its last part, matches one of the patterns."""
    last = name.rpartition("/")[2]
    given = [as_unicode(pattern) for pattern in patterns]
    return any(fnmatch(n, pattern) for n in (name, last) for pattern in given)


def _walk(
    folder: Path, prefix: str, listing: Listing, seen: Set[_Identity]
) -> List[Tuple[Path, str]]:
    """Add the content of a folder and its own subfolders to a listing.

    RETURNS (List[Tuple[Path, str]]): The links to folders there, and their names.
    """
    links: List[Tuple[Path, str]] = []
    waiting = [(folder, prefix)]
    while waiting:
        folder, prefix = waiting.pop()
        try:
            identity = _identity(folder)
            if identity in seen:
                listing.repeated.append(prefix.rstrip("/"))
                continue
            seen.add(identity)
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError as error:
            listing.faults[prefix.rstrip("/") or "."] = _reason(error)
            continue
        for entry in entries:
            name = prefix + as_unicode(entry.name)
            kind = _kind_of(entry, name, listing)
            if kind is _Kind.FILE:
                listing.files[name] = folder / entry.name
            elif kind is _Kind.FOLDER:
                waiting.append((folder / entry.name, f"{name}/"))
            elif kind is _Kind.LINK:
                links.append((folder / entry.name, name))
    return sorted(links)


def _kind_of(entry: os.DirEntry[str], name: str, listing: Listing) -> Optional[_Kind]:
    """RETURNS (Optional[_Kind]): The kind of a folder's entry; None if it was added to
    the entries that are not read."""
    if entry.name.startswith("."):
        listing.hidden.append(name)
        return None
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        listing.faults[name] = _reason(error)
        return None
    if stat.S_ISDIR(mode):
        return _Kind.LINK if entry.is_symlink() else _Kind.FOLDER
    if stat.S_ISREG(mode):
        return _Kind.FILE
    listing.faults[name] = "neither a file nor a folder"
    return None


def _identity(folder: Path) -> _Identity:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _around(link: Path) -> Set[_Identity]:
    """RETURNS (Set[_Identity]): The folders that contain a link."""
    return {_identity(folder) for folder in link.parent.resolve().parents}


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "the link leads nowhere"
    if error.errno == errno.ELOOP:
        return "the links lead in a circle"
    return error.strerror or str(error)


def _first(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST])
    return f"{shown}, …" if len(names) > _MOST else shown
