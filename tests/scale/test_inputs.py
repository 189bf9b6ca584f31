"""Documents of files: kinds, ids, columns, shards, and files that cannot be read."""

from __future__ import annotations

import gzip
import json

import pytest
import spacy
from corpus_helpers import save
from scale_helpers import numbered, write_jsonl

from spacy_globalpointer.scale import plan as module
from spacy_globalpointer.scale.column_types import ColumnType, convert
from spacy_globalpointer.scale.plan import make_plan, open_input, read_shards
from spacy_globalpointer.scale.settings import Settings

BIG = 10**9


def read(path, **settings):
    """Ids, texts and kept columns of all documents; also makes a plan."""
    source = open_input(path, Settings(**settings))
    plan = make_plan(source, BIG)
    rows = []
    for block in source.blocks():
        ids = block.ids or [block.place(row) for row in range(len(block))]
        kept = [list(values) for values in block.kept.values()]
        rows += zip(ids, block.texts, *kept)
    assert plan.documents == len(rows)
    return rows


def write(path, text):
    path.write_text(text, "utf-8")
    return path


def test_json_lines_keep_ids_and_columns(tmp_path):
    rows = [{"id": 5, "text": "a", "day": "mon"}, {"id": 4, "text": "b"}]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    assert read(path, keep=["day"]) == [(5, "a", "mon"), (4, "b", None)]
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read(packed) == [(5, "a"), (4, "b")]


def test_ids_are_made_of_file_and_line(tmp_path):
    write(tmp_path / "b.jsonl", '{"text": "a"}\n\n{"text": "b"}\n')
    assert read(tmp_path / "b.jsonl") == [("b.jsonl:1", "a"), ("b.jsonl:3", "b")]
    write(tmp_path / "b.csv", "text\na\nb\n")
    assert read(tmp_path / "b.csv") == [("b.csv:1", "a"), ("b.csv:2", "b")]


def test_texts_of_a_folder_have_their_names_as_ids(tmp_path):
    (tmp_path / "sub").mkdir()
    write(tmp_path / "b.txt", "second")
    write(tmp_path / "a.txt", "")
    write(tmp_path / "sub/c.txt", "third\n")
    write(tmp_path / "a.ann", "not a text")
    assert read(tmp_path) == [
        *(("a.txt", ""), ("b.txt", "second"), ("sub/c.txt", "third\n"))
    ]
    with pytest.raises(ValueError, match="GP258"):
        read(tmp_path, id="id")


def test_csv_cells_may_have_line_ends_and_ids_stay_texts(tmp_path):
    text = "x" * 200_000
    path = write(tmp_path / "a.csv", f'id,text\n007,"a\n""b"", c"\n8,{text}\n')
    assert read(path) == [("007", 'a\n"b", c'), ("8", text)]


def test_spacy_files_keep_names_and_metadata(tmp_path):
    nlp = spacy.blank("en")
    docs = [nlp("Mary left"), nlp("She left")]
    for i, doc in enumerate(docs):
        doc.user_data["title"] = f"letter {i}"
        doc.user_data["meta"] = {"year": 1850 + i}
    path = save(tmp_path / "a.spacy", docs)
    assert read(path, keep=["year"]) == [
        *(("letter 0", "Mary left", 1850), ("letter 1", "She left", 1851))
    ]
    bare = save(tmp_path / "bare.spacy", [nlp("Mary left")])
    assert read(bare) == [("bare.spacy:1", "Mary left")]


def test_parquet_keeps_ids_and_types(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    day = pa.array([0, 1, None], pa.timestamp("ns"))
    table = pa.table({"id": pa.array([3, 2, 1], pa.int32()), "text": ["a", None, "b"]})
    parquet.write_table(table.append_column("day", day), tmp_path / "a.parquet")
    [block] = open_input(tmp_path, Settings(keep=["day"])).blocks()
    assert (block.ids, block.texts) == ([3, 2, 1], ["a", None, "b"])
    assert block.kept["day"].type == pa.timestamp("ns")
    words = pa.array(["a", "b", "a"]).dictionary_encode()
    parquet.write_table(pa.table({"text": words}), tmp_path / "a.parquet")
    assert [text for _, text in read(tmp_path)] == ["a", "b", "a"]


def test_shards_cover_the_input_in_order(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", numbered(1203))
    source = open_input(path, Settings())
    plan = make_plan(source, 300)
    assert plan.shards == make_plan(source, 300).shards and len(plan.shards) > 50
    assert all(chars >= 300 for _, chars in plan.shards[:-1])
    shards = dict(read_shards(source, plan, done=[]))
    assert list(shards) == list(range(len(plan.shards)))
    ids = [id for shard in shards.values() for block in shard for id in block.ids]
    assert ids == list(range(1203))
    rest = dict(read_shards(source, plan, done=[0, 7]))
    assert set(shards) - set(rest) == {0, 7}
    assert [b.ids for b in rest[8]] == [b.ids for b in shards[8]]


def test_changed_input_raises_GP265(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", numbered(10))
    source = open_input(path, Settings())
    plan = make_plan(source, 100)
    write_jsonl(path, numbered(9))
    with pytest.raises(ValueError, match="GP265.*missing"):
        list(read_shards(source, plan, []))
    write_jsonl(path, [{"id": i, "text": "x"} for i in range(10)])
    with pytest.raises(ValueError, match="GP265.*lengths"):
        list(read_shards(source, plan, []))


@pytest.mark.parametrize("bad", [{}, {"id": None}, {"id": ""}, {"id": 2**63}])
def test_missing_id_raises_GP260(tmp_path, bad):
    rows = [{"id": 1, "text": "a"}, {"text": "b", **bad}]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    with pytest.raises(ValueError, match=r"GP260.*a.jsonl:2"):
        read(path)


def test_double_id_raises_GP261_with_both_places(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", numbered(5))
    write_jsonl(tmp_path / "b.jsonl", [{"id": 3, "text": "a"}])
    with pytest.raises(ValueError, match=r"GP261.*a.jsonl:4 and b.jsonl:1.*3"):
        read(tmp_path)


def test_ids_whose_hashes_are_equal_are_different_ids(tmp_path):
    assert hash(-1) == hash(-2)
    rows = [{"id": id, "text": "a"} for id in (-1, -2)]
    assert len(read(write_jsonl(tmp_path / "a.jsonl", rows))) == 2


def test_ids_of_two_types_raise_GP262(tmp_path):
    rows = [{"id": 1, "text": "a"}, {"id": "2", "text": "b"}]
    with pytest.raises(ValueError, match=r"GP262.*a.jsonl:2.*texts.*whole numbers"):
        read(write_jsonl(tmp_path / "a.jsonl", rows))


def test_other_schema_in_the_second_file_is_named(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", numbered(1))
    write_jsonl(tmp_path / "b.jsonl", [{"id": 9, "body": "a"}])
    with pytest.raises(ValueError, match=r"GP258.*b.jsonl:1.*'text'.*'id', 'body'"):
        read(tmp_path)


def test_other_types_in_the_second_parquet_file_raise_GP263(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    from spacy_globalpointer.scale.schema import parquet_fields

    parquet.write_table(pa.table({"id": [1], "text": ["a"]}), tmp_path / "a.parquet")
    other = pa.table({"id": ["1"], "text": ["a"]})
    parquet.write_table(other, tmp_path / "b.parquet")
    files = open_input(tmp_path, Settings()).files
    with pytest.raises(ValueError, match="GP263.*b.parquet.*string.*a.parquet.*int64"):
        parquet_fields(files, ["id"])
    with pytest.raises(ValueError, match="GP258.*b.parquet.*'day'"):
        parquet.write_table(other.append_column("day", [[1]]), tmp_path / "a.parquet")
        parquet_fields(files, ["day"])
    parquet.write_table(pa.table({"text": [1]}), tmp_path / "b.parquet")
    with pytest.raises(ValueError, match="GP263.*b.parquet.*int64.*string"):
        read(tmp_path / "b.parquet")


def test_missing_columns_raise_GP258(tmp_path):
    path = write(tmp_path / "a.csv", "id,text\n1,a\n")
    for settings in ({"text": "body"}, {"id": "nr"}, {"keep": ["day"]}):
        with pytest.raises(ValueError, match="GP258.*'id', 'text'"):
            read(path, **settings)
    path = write_jsonl(tmp_path / "a.jsonl", numbered(2))
    with pytest.raises(ValueError, match="GP258.*'day'"):
        read(path, keep=["day"])


def test_empty_files_raise_GP120_unless_others_have_documents(tmp_path):
    write(tmp_path / "a.jsonl", "")
    with pytest.raises(ValueError, match="GP120"):
        read(tmp_path / "a.jsonl")
    write_jsonl(tmp_path / "b.jsonl", numbered(2))
    assert [id for id, _ in read(tmp_path)] == [0, 1]
    with pytest.raises(ValueError, match="GP120"):
        read(write(tmp_path / "a.csv", ""))


def test_broken_rows_are_named(tmp_path):
    for name, text, code in (
        ("a.jsonl", '{"text": "a"}\n{"text": \n', "GP164.*a.jsonl:2"),
        ("a.csv", "id,text\n1,a\n2,b,c\n", "GP164.*a.csv:3.*3 cells"),
        ("b.csv", 'id,text\n1,"a\n', "GP164.*b.csv"),
        ("a.spacy", "no", "GP118"),
    ):
        with pytest.raises(ValueError, match=code):
            read(write(tmp_path / name, text))


def test_broken_row_in_parquet_raises_GP169(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    table = pa.table({"text": ["wordwordword"] * 100})
    parquet.write_table(table, path, use_dictionary=False, compression="none")
    data = path.read_bytes()
    with pytest.raises(ValueError, match="GP169"):  # bytes that are not UTF-8
        path.write_bytes(data.replace(b"wordwordword", b"word\xff\xfeword12", 50))
        read(path)
    with pytest.raises(ValueError, match="GP169"):
        path.write_bytes(data[:200])
        read(path)


def test_folder_of_several_kinds_raises_GP264(tmp_path):
    write(tmp_path / "a.txt", "a")
    write_jsonl(tmp_path / "a.jsonl", numbered(1))
    with pytest.raises(ValueError, match=r"GP264.*\.jsonl, \.txt"):
        read(tmp_path)
    with pytest.raises(ValueError, match="GP165"):
        read(write(tmp_path / "a.json", "[]"))


def test_large_text_is_read_up_to_the_limit(tmp_path):
    size = 3 * 2**20
    write(tmp_path / "a.txt", "x" * size)
    [(_, text)] = read(tmp_path / "a.txt", max_chars=1000)
    assert len(text) == 1001


def test_types_of_kept_columns_are_those_of_all_values(tmp_path):
    columns = {
        "int": [1, None, 2],
        "float": [1, 2.5, None],
        "text": ["a", "b", "c"],
        "flag": [True, False, None],
        "mixed": [1, "a", None],
        "deep": [{"a": 1}, [2], "c"],
        "long": [2**70, 1, 2],
    }
    rows = [dict(zip(columns, row)) for row in zip(*columns.values())]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    keep = list(columns)
    plan = make_plan(open_input(path, Settings(keep=keep)), BIG)
    assert plan.kept == {
        **{"int": "int64", "float": "double", "text": "string", "flag": "bool"},
        **{"mixed": "json", "deep": "json", "long": "json"},
    }
    assert module.Plan(**json.loads(json.dumps(vars(plan)))).documents == 3


def test_kept_column_cannot_have_the_name_of_made_ids(tmp_path):
    lines = [{"text": "a"}, {"text": "b", "id": 5}]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(ValueError, match="GP257.*keep.*'id'"):
        open_input(tmp_path / "x.jsonl", Settings(keep=["id"]))


def test_empty_texts_make_more_than_one_shard(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    (tmp_path / "x.jsonl").write_text('{"text": ""}\n' * 5)
    plan = make_plan(open_input(tmp_path / "x.jsonl", Settings()), BIG)
    assert plan.shards == [(2, 0), (2, 0), (1, 0)]


def test_whole_numbers_next_to_fractions_become_numbers_that_arrow_holds():
    column = ColumnType()
    column.add([2**53 + 1, 0.5, None])
    assert convert([2**53 + 1, 0.5, None], column.name) == [2.0**53, 0.5, None]
