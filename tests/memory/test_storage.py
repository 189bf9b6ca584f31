"""Files of a mention memory."""

from __future__ import annotations

import json
import pickle
import struct
from dataclasses import replace

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import normalize

from spacy_globalpointer.memory.entries import Entries, Mention
from spacy_globalpointer.memory.mention_memory import MentionMemory
from spacy_globalpointer.memory.storage import from_files, to_files
from spacy_globalpointer.memory.whitening import Whitening

WIDTH = 3
TEXTS = ["Ada of Leith", "a\nb\r\nc\u2028d\x85e\x0bf\x1cg é 👩‍🔬\ud800"]
DIGEST = "12ab:34cd"


def memory_of(mentions, seed=0, annotated=None):
    generator = torch.Generator().manual_seed(seed)
    keys = torch.randn(len(mentions), WIDTH, generator=generator)
    matrix = torch.randn(WIDTH, 5, generator=generator).T  # not contiguous
    whitening = Whitening(torch.randn(5, generator=generator), matrix)
    return MentionMemory(
        Entries.of(mentions, normalize(keys, dim=1)), whitening, DIGEST, annotated or {}
    )


MENTIONS = [
    Mention("ORG", "x", TEXTS[0], 0, 3),
    Mention(None, "x", TEXTS[0], 0, 3),
    Mention("PER", "", TEXTS[0], 4, 12),
    Mention("PER", "x", TEXTS[1], 2, 9),
]


def files_of(mentions=MENTIONS):
    return to_files(memory_of(mentions))


def read(data, lines):
    return from_files(data, lines, name="global_pointer", source="folder")


def assert_damaged(data, lines, code="GP070"):
    with pytest.raises(
        ValueError, match=rf"^\[{code}\] The memory of 'global_poi"
    ) as e:
        read(data, lines)
    assert "folder" in str(e.value)


@given(
    st.lists(
        st.builds(
            Mention,
            label=st.sampled_from([None, "ORG", "null", "Ö\n"]),
            source=st.text(st.characters(), max_size=3),
            text=st.sampled_from(TEXTS) | st.text(st.characters(), min_size=9),
            start=st.integers(0, 4),
            end=st.integers(5, 9),
        ),
        max_size=9,
    ),
    st.integers(0, 2**16),
    st.dictionaries(
        st.text(max_size=3),
        st.frozensets(st.sampled_from(["ORG", "null", "Ö\n"])),
        max_size=3,
    ),
)
def test_round_trip_keeps_every_field(mentions, seed, annotated):
    memory = memory_of(mentions, seed, annotated)
    data, lines = to_files(memory)
    again = read(data, lines)
    entries, found = memory.entries, again.entries
    assert found.mentions == entries.mentions
    assert found.ids.dtype == "int64" and found.ids.tolist() == entries.ids.tolist()
    assert found.keys.dtype == torch.float32 and torch.equal(found.keys, entries.keys)
    assert torch.equal(again.whitening.mean, memory.whitening.mean)
    assert torch.equal(again.whitening.matrix, memory.whitening.matrix)
    assert (again.digest, again.annotated) == (DIGEST, annotated)
    assert to_files(again) == (data, lines)


def test_files_do_not_depend_on_the_order_of_adding():
    memory = memory_of(MENTIONS, annotated={"x": frozenset("BA"), "": frozenset("AB")})
    entries = memory.entries
    own = [(entries.mentions[i], entries.keys[i]) for i in (2, 0, 3, 1)]
    mentions, keys = zip(*own)
    moved = Entries.of(mentions, torch.stack(keys))
    annotated = {"": frozenset("BA"), "x": frozenset("AB")}
    other = replace(memory, entries=moved, annotated=annotated)
    assert to_files(other) == to_files(memory)


def test_memory_without_stated_labels_is_stored_as_before_they_could_be_stated():
    size = int.from_bytes(files_of()[0][:8], "little")
    header = json.loads(files_of()[0][8 : 8 + size])
    about = json.loads(header["__metadata__"]["memory"])
    assert about == {"format": "1", "digest": DIGEST}
    assert read(with_tensors(), files_of()[1]).annotated == {}


def test_each_text_of_a_source_has_one_line_of_ascii():
    lines = files_of()[1]
    assert lines.isascii() and lines.endswith(b"\n") and b"\r" not in lines
    rows = [json.loads(line) for line in lines.split(b"\n")[:-1]]
    assert rows == [
        {"text": TEXTS[0], "source": "", "spans": [[4, 12, "PER"]]},
        {"text": TEXTS[0], "source": "x", "spans": [[0, 3, "ORG"], [0, 3, None]]}
        if rows[1]["spans"][0][2]
        else {"text": TEXTS[0], "source": "x", "spans": [[0, 3, None], [0, 3, "ORG"]]},
        {"text": TEXTS[1], "source": "x", "spans": [[2, 9, "PER"]]},
    ]


def test_lines_may_have_other_ends_and_another_order():
    data, lines = files_of()
    rows = lines.splitlines()
    found = read(data, b"\r\n".join(reversed(rows))).entries
    assert found.mentions == memory_of(MENTIONS).entries.mentions


def test_lines_may_be_utf_8():
    data, lines = files_of(MENTIONS[:3])
    text = json.dumps(json.loads(lines.splitlines()[0]), ensure_ascii=False)
    rest = b"\n".join(lines.splitlines()[1:])
    assert len(read(data, text.encode("utf-8") + b"\n" + rest)) == 3


def with_tensors(**changes):
    """The file of tensors with other ones; None drops one."""
    data = files_of()[0]
    tensors = {**safetensors.torch.load(data), **changes}
    tensors = {name: x for name, x in tensors.items() if x is not None}
    about = json.dumps({"format": "1", "digest": DIGEST})
    return safetensors.torch.save(tensors, metadata={"memory": about})


def with_about(about):
    data = files_of()[0]
    tensors = safetensors.torch.load(data)
    return safetensors.torch.save(tensors, metadata=about)


def tensors_of(mentions=MENTIONS):
    return safetensors.torch.load(files_of(mentions)[0])


def test_helper_that_damages_tensors_leaves_whole_ones_whole():
    assert len(read(with_tensors(), files_of()[1])) == 4


def infinite(name):
    x = tensors_of()[name].clone()
    x.flatten()[0] = torch.inf
    return x


TENSORS = tensors_of()
IDS, KEYS, MEAN, MATRIX = (TENSORS[x] for x in ("ids", "keys", "mean", "matrix"))


@pytest.mark.parametrize(
    "changes",
    [
        *({name: None} for name in ("ids", "keys", "mean", "matrix")),
        *({name: infinite(name)} for name in ("keys", "mean", "matrix")),
        *({name: TENSORS[name].double()} for name in ("keys", "mean", "matrix")),
        *({name: TENSORS[name].half()} for name in ("keys", "mean", "matrix")),
        *({name: TENSORS[name].long()} for name in ("keys", "mean", "matrix")),
        {"keys": KEYS.to(torch.float8_e4m3fn)},
        {"keys": KEYS * 1.01},
        {"keys": KEYS * 1e30},
        {"keys": KEYS.nan_to_num(0.0) * torch.nan},
        {"keys": KEYS[:3]},
        {"keys": KEYS[:, :2].contiguous()},
        {"keys": KEYS.flatten()},
        {"matrix": MATRIX[:4]},
        {"matrix": MATRIX.flatten()},
        {"matrix": torch.tensor(1.0)},
        {"mean": MEAN[:4]},
        {"mean": torch.tensor(1.0)},
        {"ids": IDS.flip(0)},
        {"ids": IDS + 1},
        {"ids": IDS[:3]},
        {"ids": IDS.double()},
        {"ids": IDS.int()},
        {"ids": IDS[None]},
        {"ids": IDS[:3], "keys": KEYS[:3]},
    ],
    ids=lambda changes: "-".join(
        f"{name}_{None if x is None else (x.dtype, *x.shape)}"
        for name, x in changes.items()
    ),
)
def test_damaged_tensors_raise_GP070(changes):
    assert_damaged(with_tensors(**changes), files_of()[1])


@pytest.mark.parametrize(
    "about",
    [
        None,
        {},
        {"memory": ""},
        {"memory": "[]"},
        {"memory": "1"},
        {"memory": "null"},
        {"memory": '"format"'},
        {"memory": "{}"},
        {"memory": '{"format": "1"}'},
        {"memory": '{"digest": ""}'},
        {"memory": "[" * 100_000},
        {"memory": '{"format": "1", "digest": ""'},
        *(
            {"memory": f'{{"format": "1", "digest": "", "annotated": {x}}}'}
            for x in ("null", "[]", '{"x": "ORG"}', '{"x": [1]}', '{"x": [""]}')
        ),
    ],
)
def test_damaged_metadata_raises_GP070(about):
    assert_damaged(with_about(about), files_of()[1])


@pytest.mark.parametrize("found", ["2", "", 1, None, [], {}])
def test_other_format_raises_GP071(found):
    about = json.dumps({"format": found, "digest": DIGEST})
    assert_damaged(with_about({"memory": about}), files_of()[1], "GP071")


def test_every_cut_of_the_tensors_raises_GP070():
    data, lines = files_of()
    for end in [*range(0, 120), *range(120, len(data), 7), len(data) - 1]:
        assert_damaged(data[:end], lines)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 64,
        struct.pack("<Q", 2**63),
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        b"PK\x03\x04" + b"\0" * 60,
        pickle.dumps({"ids": 1}),
    ],
)
def test_file_of_another_kind_raises_GP070(data):
    assert_damaged(data, files_of()[1])


def test_every_cut_of_the_lines_raises_GP070():
    data, lines = files_of()
    assert len(read(data, lines[:-1])) == 4  # the last line end is not needed
    for end in range(len(lines) - 1):
        assert_damaged(data, lines[:end])


GOOD = {"text": "Leith", "source": "", "spans": [[0, 5, "ORG"]]}


@pytest.mark.parametrize(
    "row",
    [
        "",
        " ",
        "{",
        "[]",
        "1",
        "null",
        '"text"',
        "NaN",
        "[" * 100_000,
        "1" * 5000,
        json.dumps(GOOD) + json.dumps(GOOD),
        {"text": "Leith", "source": ""},
        {"source": "", "spans": []},
        {"text": "Leith", "spans": []},
        {**GOOD, "spans": None},
        {**GOOD, "spans": 1},
        {**GOOD, "spans": [1]},
        {**GOOD, "spans": ["abcd"]},
        {**GOOD, "spans": [[0, 5]]},
        {**GOOD, "spans": [[0, 5, "ORG", 1]]},
    ],
)
def test_damaged_line_raises_GP070(row):
    data, lines = files_of()
    line = row if isinstance(row, str) else json.dumps(row)
    assert_damaged(data, lines + line.encode() + b"\n")


def test_texts_that_are_no_text_raise_GP070():
    data, lines = files_of([Mention("ORG", "", "Leith", 0, 5)])
    for other in (b"5", b'["L", "e", "i", "t", "h"]', b"null"):
        with pytest.raises(ValueError, match="GP070"):
            read(data, lines.replace(b'"Leith"', other))


@pytest.mark.parametrize(
    "change",
    [
        {"source": None},
        {"source": 1},
        {"label": 1},
        {"label": True},
        {"label": ""},
        {"label": "\ud800"},
        {"label": ["ORG"]},
        {"start": 0.0},
        {"start": False},
        {"end": True},
        {"start": -1},
        {"end": 6},
        {"start": 3, "end": 3},
        {"start": 4, "end": 3},
        {"end": 10**30},
    ],
    ids=repr,
)
def test_invalid_mention_raises_GP070_even_with_its_id(change):
    mention = Mention("ORG", "", "Leith", 0, 5)
    assert len(read(*files_of([mention]))) == 1
    data, lines = files_of([mention._replace(**change)])
    with pytest.raises(ValueError, match="GP070.*(is no mention|not in its text)"):
        read(data, lines)


@pytest.mark.parametrize(
    "row", [GOOD, {**GOOD, "spans": [[4, 12, "PER"]], "text": TEXTS[0]}]
)
def test_more_mentions_than_keys_raise_GP070(row):
    data, lines = files_of()
    assert_damaged(data, lines + json.dumps(row).encode() + b"\n")


def test_mention_twice_raises_GP070_even_with_its_id():
    memory = memory_of(MENTIONS)
    entries, lines = memory.entries, to_files(memory)[1]
    rows = [0, *range(len(entries))]
    twice = Entries(
        entries.ids[rows], entries.keys[rows], tuple(entries.mentions[i] for i in rows)
    )
    data, lines = to_files(replace(memory, entries=twice))
    assert_damaged(data, lines)


@pytest.mark.parametrize("lines", [b"\xff\n", b"\xef\xbb\xbf{}\n", b"\0\0\0\n", b"\n"])
def test_bytes_that_are_no_text_raise_GP070(lines):
    data, own = files_of()
    assert_damaged(data, own + lines)


def test_files_of_different_memories_raise_GP070():
    assert_damaged(files_of()[0], files_of(MENTIONS[:3])[1])
    assert_damaged(files_of(MENTIONS[:3])[0], files_of()[1])
    assert_damaged(files_of()[0], b"")


def test_no_entries_are_read_again():
    found = read(*files_of([])).entries
    assert len(found) == 0 and found.keys.shape == (0, WIDTH)
