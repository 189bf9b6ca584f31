"""Functions that several commands use."""

from __future__ import annotations

import pytest

from spacy_globalpointer.cli._util import fail


def test_line_ends_of_an_error_are_kept(capsys):
    with pytest.raises(SystemExit) as exits:
        fail(ValueError("[GP000] Two things differ:\n- one\n- other\nChoose."))
    lines = capsys.readouterr().out.split("\n")
    assert exits.value.code == 1
    assert "[GP000] Two things differ:" in lines[0] and "one" not in lines[0]
    assert lines[1:] == ["- one", "- other", "Choose.", ""]


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_error_without_a_message_shows_its_class(text, capsys):
    with pytest.raises(SystemExit):
        fail(OSError(text))
    assert "OSError" in capsys.readouterr().out
