"""Errors of the machine are told from those of the data."""

from __future__ import annotations

import errno
import shutil

import pytest

from spacy_globalpointer.machine_faults import (
    NoTemporaryFolder,
    explain,
    is_shortage,
    temporary_folder,
)

RUST = (
    'Error while serializing: IoError(Os { code: 28, kind: StorageFull, message: "" })'
)
COPY = shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")])


@pytest.mark.parametrize(
    "error,code,is_short",
    [
        (MemoryError(), "GP197", True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "GP197", True),
        (RuntimeError("[enforce fail] not enough memory: you tried"), "GP197", True),
        (RuntimeError("shape '[2]' is invalid"), None, False),
        (ValueError("out of memory"), None, False),
        (OSError(errno.ENOSPC, "No space left on device"), "GP196", True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "GP196", True),
        (OSError(errno.EFBIG, "File too large"), "GP196", True),
        (Exception("No space left on device (os error 28)"), "GP196", True),
        (Exception(RUST), "GP196", True),
        (COPY, "GP196", True),
        (OSError(errno.EXDEV, "Invalid cross-device link"), "GP199", False),
        (OSError(errno.EBUSY, "Device or resource busy"), "GP199", False),
        (PermissionError(errno.EACCES, "Permission denied"), "GP192", False),
        (OSError(errno.EROFS, "Read-only file system"), "GP192", False),
        (FileNotFoundError(errno.ENOENT, "No such file"), None, False),
        (NoTemporaryFolder("[GP198] none"), "GP198", True),
        (OSError("no number"), None, False),
    ],
)
def test_errors_of_the_machine_have_codes(error, code, is_short):
    text = explain(error)
    assert (text or "")[1:6] == (code or "")
    assert is_shortage(error) == is_short


def test_the_file_is_named():
    text = explain(OSError(errno.ENOSPC, "No space left on device", "some/file"))
    assert "some/file could not be written: No space left on device." in text


def test_temporary_folder_is_made_and_removed():
    with temporary_folder() as folder:
        (folder / "file").touch()
    assert not folder.exists()


def test_missing_temporary_folder_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(NoTemporaryFolder, match="GP198.*none"), temporary_folder():
        pass
