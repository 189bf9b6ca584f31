"""`spacy global-pointer debug`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from corpus_helpers import NLP, doc_with, save
from thinc.api import Config
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.types import LOST_GOLD

DEFAULT = Path(__file__).parent.parent.parent / "configs" / "default.cfg"


def debug(*args):
    return CliRunner().invoke(global_pointer_cli, ["debug", *map(str, args)])


def rows(result):
    return [tuple(line.split()) for line in result.output.splitlines()]


def said(result):
    """The output without line breaks."""
    return " ".join(result.output.split())


@pytest.fixture
def train(tmp_path):
    spans = [(0, 6, "ORG"), (1, 3, "GPE"), (2, 4, "GPE")]
    docs = [doc_with(list("abcdefgh"), spans), doc_with(["x"], key="other")]
    return save(tmp_path / "train.spacy", docs)


@pytest.fixture
def dev(tmp_path):
    doc = doc_with(["a", "\n", "b"], [(0, 2, "ORG")])
    doc.user_data[LOST_GOLD] = [[0, 1, "PER"]]
    return save(tmp_path / "dev.spacy", [doc])


def test_numbers_of_files_are_printed_next_to_each_other(train, dev):
    result = debug(train, dev)
    assert result.exit_code == 0, result.output
    expected = [
        ("Data", "train", "dev"),
        ("Documents", "2", "1"),
        ("without", "the", "key", "1", "0"),
        ("Tokens", "9", "3"),
        ("Spans", "3", "1"),
        ("GPE", "2", "0"),
        ("ORG", "1", "1"),
        ("Gold", "lost", "in", "conversion", "0", "1"),
        ("Span", "length,", "50", "%", "(tokens)", "2", "2"),
        ("Longest", "span", "(tokens)", "6", "2"),
        ("Nesting", "depth", "2", "1"),
        ("Crossing", "pairs", "1", "0"),
        ("Whitespace", "at", "an", "edge", "0", "1"),
    ]
    assert set(rows(result)).issuperset(expected)


def test_notes_are_printed(train, dev):
    found = said(debug(train, dev))
    assert "dev has no span with these labels: GPE" in found
    assert "train has no span" not in found
    assert "train: 1 of 2 documents have no doc.spans['sc']" in found
    assert "the scorer leaves them out" in found
    assert "dev: 1 of 1 spans begin or end with white space" in found
    assert "dev: 1 of 2 gold spans could not be aligned" in found


def test_spans_lost_by_settings_are_counted(train, dev):
    found = said(debug(train, dev, "--max-span-length", 2, "--overlap", "nested"))
    assert "train: 1 of 3 gold spans are longer than 2 tokens" in found
    assert "dev: 0 of 1 gold spans are longer than 2 tokens" in found
    assert "train: overlap = 'nested' loses 1 of 3 gold spans" in found
    found = said(debug(train, "--overlap", "flat"))
    assert "train: overlap = 'flat' loses 2 of 3 gold spans" in found
    assert " loses " not in said(debug(train))


def test_policy_for_flat_gold_is_recommended(train, dev):
    advice = "No two gold spans overlap"
    assert advice in said(debug(dev, "--overlap", "nested"))
    assert advice not in said(debug(dev, "--overlap", "flat"))
    assert advice not in said(debug(dev, train, "--overlap", "nested"))


def test_files_with_the_same_name_are_distinguished(train, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    copy = other / train.name
    copy.write_bytes(train.read_bytes())
    found = debug(train, copy).output
    assert str(train) in found and str(copy) in found


def test_files_without_the_key_are_reported(train):
    result = debug(train, "--spans-key", "missing")
    assert result.exit_code == 1
    assert "GP119" in result.output
    assert "keys found: other, sc" in said(result)


def test_empty_file_is_reported(tmp_path):
    result = debug(save(tmp_path / "x.spacy", []))
    assert result.exit_code == 1 and "GP120" in result.output


def test_damaged_file_is_reported(tmp_path):
    (tmp_path / "x.spacy").write_bytes(b"junk")
    result = debug(tmp_path / "x.spacy")
    assert result.exit_code == 1 and "GP118" in result.output
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    "options", [["--overlap", "some"], ["--max-span-length", 0], ["none.spacy"]]
)
def test_invalid_options_are_reported(train, options):
    assert debug(train, *options).exit_code == 2


def made(text, *spans, title=None):
    """A Doc as the tokenizer makes it, with (start, end, label) in characters."""
    doc = NLP.make_doc(text)
    doc.spans["sc"] = [doc.char_span(a, b, label=label) for a, b, label in spans]
    if title is not None:
        doc.user_data["title"] = title
    return doc


@pytest.fixture
def bank(tmp_path):
    text = "The Bank of Leith paid Mary."
    doc = made(text, (0, 17, "ORG"), (12, 17, "PLACE"), title="bank")
    return save(tmp_path / "bank.spacy", [doc])


@pytest.fixture
def config(tmp_path, bert_folder):
    """The default config, with a small encoder in windows of 40."""
    text = DEFAULT.read_text("utf-8").replace("window = 160", "window = 40")
    path = tmp_path / "train.cfg"
    path.write_text(text.replace("encoders/minilm", bert_folder.as_posix()), "utf-8")
    return path


def test_documents_in_two_files_are_reported(bank, tmp_path):
    docs = [
        made("the BANK of Leith  paid Mary.", (24, 28, "PERSON"), title="copy"),
        made("Mary paid.", title="short"),
        made("Mary  paid.", title="again"),
    ]
    other = save(tmp_path / "other.spacy", docs)
    result = debug(bank, other)
    found = said(result)
    assert ("other", "in", "bank", "1", "0", "0.0") in rows(result)
    assert ("more", "than", "once", "0", "1") in rows(result)
    assert "other: 1 document is also in bank (bank = copy)" in found
    assert "other: 1 document has the same text as another one" in found
    assert "(short = again)" in found
    assert "No document and no long sentence" not in found


def test_shared_sentences_are_reported(tmp_path):
    sentence = "The Bank of Leith paid the Mayor of Leith and his clerk in May."
    one = save(tmp_path / "one.spacy", [made(f"New. {sentence}", (9, 13, "ORG"))])
    two = save(tmp_path / "two.spacy", [made(f"{sentence} Old.", (4, 8, "ORG"))])
    assert "two: 1 of 1 long sentences (100.0 %) are also in one. Put" in said(
        debug(one, two)
    )


def test_files_without_shared_texts_are_reported(bank, train):
    assert "No document and no long sentence is in more than one file" in said(
        debug(bank, train)
    )
    assert "is in more than one file" not in said(debug(bank))


def test_settings_of_a_config_are_used(bank, config):
    result = debug(bank, "--config", config)
    assert result.exit_code == 0, result.output
    found = said(result)
    assert "overlap = 'nested', max_span_length = null, chunk_size = 128" in found
    assert "window = 40, context = 16" in found
    assert "bank: overlap = 'nested' loses 0 of 2 gold spans" in found
    assert "bank: the pipeline's tokenizer gives the tokens of the file" in found
    expected = [
        ("longer", "than", "a", "chunk", "(128)", "0"),
        ("Documents", "tokenized", "differently", "0"),
        ("Word", "pieces", "23"),
        ("Windows", "1"),
    ]
    assert set(rows(result)).issuperset(expected)


@pytest.mark.parametrize("weights", ["inverse_sqrt", {}])
def test_weights_by_number_are_printed(train, dev, tmp_path, weights):
    config = Config().from_disk(DEFAULT, interpolate=False)
    config["paths"]["encoder"] = None
    config["components"]["global_pointer"]["loss"]["label_weights"] = weights
    config.to_disk(tmp_path / "weighted.cfg")
    result = debug(train, dev, "--config", tmp_path / "weighted.cfg")
    assert result.exit_code == 0, result.output
    expected = {
        ("Weights,", '"inverse_sqrt",', "if", "trained", "on"),
        ("GPE", "1.00", "–"),
        ("ORG", "1.41", "1.00"),
    }
    assert expected & set(rows(result)) == (expected if weights else set())


def test_settings_of_unknown_labels_are_reported(train, bank, config):
    settings = {"components.global_pointer.thresholds": {"ORG": 0.3, "PRE": 0.3}}
    Config().from_disk(config, overrides=settings).to_disk(config)
    result = debug(train, bank, "--config", config)
    assert "thresholds names labels that no file has: PRE." in said(result)
    assert "GP016" not in said(debug(train, bank))


def test_options_override_the_config(bank, config):
    options = ["--overlap", "flat", "--chunk-size", 3, "--window", 12, "--context", 2]
    result = debug(bank, "--config", config, *options, "-m", 2, "--lang", "zh")
    found = said(result)
    assert (
        "overlap = 'flat' loses 1 of 2 gold spans. Set overlap to \"nested\"" in found
    )
    assert "1 of 2 gold spans are longer than 2 tokens. Raise" in found
    assert "1 of 2 gold spans are longer than a chunk of 3 tokens" in found
    assert "bank: 1 of 2 gold spans have more word pieces than a window of 12" in found
    assert "splits 1 of 1 documents differently ('The Bank of' in the file" in found
    assert ("spans", "misaligned", "by", "that", "0") in rows(result)


def test_misaligned_spans_of_the_tokenizer_are_counted(tmp_path):
    words, spaces = ["Leith.", "Mary", "cannot"], [True, True, False]
    doc = doc_with(words, [(2, 3, "X"), (1, 2, "X")], spaces=spaces)
    path = save(tmp_path / "x.spacy", [doc])
    assert "0 of 2 gold spans do not begin and end" in said(debug(path, "--lang", "en"))
    halves = doc_with(["can", "not"], [(0, 1, "X")], spaces=[False, False])
    chinese = save(tmp_path / "y.spacy", [doc_with(["a"], [(0, 1, "X")]), halves])
    assert "They cannot be learned" not in said(debug(chinese, "--lang", "en"))
    cut = doc_with(["Le", "ith"], [(0, 1, "X")], spaces=[False, False])
    found = said(debug(save(tmp_path / "z.spacy", [cut]), "--lang", "en"))
    assert "1 of 1 gold spans do not begin and end at tokens. They cannot" in found
    assert "tokenized differently" not in debug(path).output


def test_pieces_of_an_encoder_are_counted(tmp_path, bert_folder):
    doc = made("Leith \u200b 北京", (0, 5, "PLACE"))
    result = debug(save(tmp_path / "x.spacy", [doc]), "--encoder", bert_folder)
    found = said(result)
    assert ("unknown", "2") in rows(result)
    assert ("unknown,", "share", "28.57", "%") in rows(result)
    assert "x: 2 unknown word pieces (28.57 %) in 1 token, most often" in found
    assert "'北京' (1). Use an encoder that knows them" in found
    assert "x: 1 token has no word piece, most often '\\u200b' (1)" in found


def test_small_fraction_of_unknown_pieces_is_not_shown_as_zero(tmp_path, bert_folder):
    doc = doc_with(["a"] * 19_999 + ["北"], [(0, 1, "X")])
    result = debug(save(tmp_path / "x.spacy", [doc]), "--encoder", bert_folder)
    assert ("unknown", "1") in rows(result)
    assert ("unknown,", "share", "<", "0.01", "%") in rows(result)
    assert "1 unknown word piece (< 0.01 %) in 1 token, most often" in said(result)


def test_many_pieces_per_token_are_reported(bank, bert_folder):
    found = said(debug(bank, "--encoder", bert_folder))
    assert "a token has 3.3 word pieces on average" in found


@pytest.mark.parametrize(
    "size,window,said_of_it",
    [
        (3, 40, "fewer spans are found. Set window = 12 or about chunk_size = 11"),
        (11, 40, "A chunk of 11 tokens has about 36 word pieces, and a window of 40"),
        (60, 40, "a chunk needs several. About chunk_size = 11 fills one"),
    ],
)
def test_chunks_and_windows_are_compared(
    tmp_path, bert_folder, size, window, said_of_it
):
    text = " ".join(["The Bank of Leith paid Mary."] * 9)
    path = save(tmp_path / "x.spacy", [made(text, (0, 17, "ORG"))])
    options = ["--encoder", bert_folder, "--window", window, "--chunk-size", size]
    assert said_of_it in said(debug(path, *options, "--context", 2))


def test_short_documents_are_not_cut(bank, bert_folder):
    options = ["--encoder", bert_folder, "--chunk-size", 10]
    assert "fewer spans are found" not in said(debug(bank, *options))


def test_windows_of_another_architecture_are_not_checked(bank, config):
    text = config.read_text("utf-8")
    ours, others = "spacy-globalpointer.Transf", "spacy-transformers.Transf"
    config.write_text(text.replace(ours, others), "utf-8")
    result = debug(bank, "--config", config)
    assert "unknown for this architecture, not checked" in said(result)
    assert "Word pieces" in result.output and "Windows" not in result.output
    assert "Windows" in debug(bank, "--config", config, "--window", 40).output


def test_config_without_an_encoder_is_accepted(bank, config):
    text = config.read_text("utf-8").splitlines()
    lines = ["encoder = null" if "encoder = " in line else line for line in text]
    config.write_text("\n".join(lines), "utf-8")
    result = debug(bank, "--config", config)
    assert result.exit_code == 0, result.output
    assert "unknown; name one with --encoder" in said(result)
    assert "Word pieces" not in result.output


def test_no_word_pieces_are_counted_for_a_tok2vec(bank, tmp_path):
    config = DEFAULT.with_name("tok2vec.cfg")
    result = debug(bank, "--config", config, "--encoder", tmp_path / "nothing")
    assert result.exit_code == 0, result.output
    assert "encoder = spaCy's tok2vec" in said(result)
    assert "--encoder, --window and --context have no effect here" in said(result)
    assert "no effect" not in debug(bank, "--config", config).output


@pytest.mark.parametrize(
    "options,code",
    [
        (["--component", "x"], "GP158"),
        (["--window", 3], "GP158"),
        (["--lang", "xx-none"], "E048"),
        (["--config", DEFAULT, "--component", "x"], "GP156"),
    ],
)
def test_invalid_combinations_of_options_are_reported(bank, options, code):
    result = debug(bank, *options)
    assert result.exit_code == 1 and code in result.output
    assert isinstance(result.exception, SystemExit)


def test_encoder_that_cannot_be_loaded_is_reported(bank, tmp_path):
    (tmp_path / "nothing").mkdir()
    result = debug(bank, "--encoder", tmp_path / "nothing")
    assert result.exit_code == 1 and "GP033" in result.output


def test_window_that_exceeds_the_encoder_is_reported(bank, bert_folder):
    result = debug(bank, "--encoder", bert_folder, "--window", 65)
    assert result.exit_code == 1 and "GP032" in result.output


def test_python_file_of_the_user_is_imported(bank, config, tmp_path):
    code = tmp_path / "mine.py"
    code.write_text(
        "import spacy\n"
        "from spacy.tokens import Doc\n"
        "@spacy.registry.tokenizers('debug_words.v1')\n"
        "def make():\n"
        "    return lambda nlp: lambda text: Doc(nlp.vocab, text.split(' '))\n"
    )
    text = config.read_text("utf-8")
    tokenizer = '[nlp.tokenizer]\n@tokenizers = "debug_words.v1"\n\n[components]\n'
    config.write_text(text.replace("[components]\n", tokenizer, 1), "utf-8")
    found = said(debug(bank, "--config", config, "--code", code))
    assert "'Mary .' in the file, 'Mary.' by the tokenizer" in found


def test_torch_is_imported_only_for_an_encoder(bank):
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from typer.testing import CliRunner\n"
        "from spacy_globalpointer.cli.app import global_pointer_cli\n"
        f"command = ['debug', {str(bank)!r}]\n"
        "sys.exit(CliRunner().invoke(global_pointer_cli, command).exit_code)\n"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
