"""Encoders with a smaller vocabulary."""

from __future__ import annotations

import json
import sys

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_encoders import FAMILIES, SIZE, make_roberta
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizerFast,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaModel,
)
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.encoders.folders import load_encoder, save_encoder
from spacy_globalpointer.encoders.pretrained import Encoder
from spacy_globalpointer.encoders.trim import trim

LETTERS = "abcdefg北京大学"
WORDS = ["ab", "abc", "cde", "北京", "大学", "abcdefg", "the", "und"]
TEXTS = ["abc ab 北京", "ab (abc) 北京"]


def bert():
    """With word pieces that begin a word, and "##" pieces that continue one. The order
    is such that the special pieces get other numbers."""
    pieces = ["[PAD]", *WORDS, "[UNK]", *LETTERS, "(", "[CLS]", "[SEP]", "[MASK]"]
    pieces += [f"##{piece}" for piece in [*WORDS, *LETTERS]]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = BertTokenizerFast(tokenizer_object=_bert_backend(vocabulary))
    tokenizer.model_max_length = 64
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(pieces), max_position_embeddings=64, **SIZE)
    return Encoder(BertModel(config).eval(), tokenizer)


def _bert_backend(vocabulary):
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(handle_chinese_chars=False)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(name, vocabulary[name]) for name in ("[SEP]", "[CLS]")]
    backend.post_processor = processors.BertProcessing(*ends)
    return backend


def xlm_roberta():
    """It counts positions from the padding, which is piece 1."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [*special, "▁", *(f"▁{word}" for word in WORDS), *WORDS, *LETTERS, "("]
    scores = [0.0] * 4 + [-3.0] + [-4.0 - 0.1 * i for i in range(len(pieces) - 5)]
    backend = Tokenizer(models.Unigram(list(zip(pieces, scores)), unk_id=3))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = dict(zip(("bos", "pad", "eos", "unk"), special))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=62,
        mask_token="<mask>",
        **{f"{name}_token": piece for name, piece in names.items()},
    )
    torch.manual_seed(0)
    size = {"vocab_size": len(pieces) + 3, "max_position_embeddings": 64, **SIZE}
    return Encoder(XLMRobertaModel(XLMRobertaConfig(**size)).eval(), tokenizer)


@pytest.fixture(scope="module", params=[bert, xlm_roberta], ids=lambda x: x.__name__)
def encoder(request):
    return request.param()


def vectors(encoder, text):
    inputs = encoder.tokenizer(text, return_tensors="pt", return_token_type_ids=False)
    with torch.inference_mode():
        return encoder.module(**inputs).last_hidden_state


def pieces(encoder, text):
    tokenizer = encoder.tokenizer
    return tokenizer.convert_ids_to_tokens(tokenizer(text)["input_ids"])


def test_texts_of_kept_pieces_have_the_same_pieces_and_vectors(encoder):
    result = trim(encoder, TEXTS)
    assert len(result.kept) < len(encoder.tokenizer)
    for text in [*TEXTS, "ab", "北京abc", "a b 学"]:
        assert pieces(result.encoder, text) == pieces(encoder, text)
        difference = vectors(result.encoder, text) - vectors(encoder, text)
        assert difference.abs().max() < 1e-6


@given(text=st.text(st.sampled_from(LETTERS + " ("), max_size=12))
def test_no_text_is_unknown_that_was_known(encoder, text):
    smaller = trim(encoder, TEXTS).encoder
    ids = smaller.tokenizer(text)["input_ids"]
    assert smaller.tokenizer.unk_token_id not in ids
    spelled = "".join(pieces(smaller, text)[1:-1])
    for mark in ("##", "▁", "[UNK]"):
        spelled = spelled.replace(mark, "")
    assert spelled == text.replace(" ", "")


def test_removed_pieces_are_those_that_no_text_has(encoder):
    result = trim(encoder, TEXTS)
    vocabulary = set(result.encoder.tokenizer.get_vocab())
    before = set(encoder.tokenizer.get_vocab())
    assert vocabulary < before
    used = {piece for text in TEXTS for piece in pieces(encoder, text)}
    assert used <= vocabulary
    for piece in before - vocabulary:
        assert len(piece.removeprefix("##").removeprefix("▁")) > 1
    words = result.encoder.module.get_input_embeddings().weight
    assert words.shape[0] == len(result.kept) == result.encoder.module.config.vocab_size
    old = encoder.module.get_input_embeddings().weight
    assert torch.equal(words, old[torch.from_numpy(result.kept)])
    assert words.data_ptr() != old.data_ptr()


def test_pieces_are_counted(encoder):
    texts = ["ab x", "ж"]
    ids = [i for text in texts for i in encoder.tokenizer(text)["input_ids"][1:-1]]
    result = trim(encoder, texts)
    assert result.pieces == len(ids)
    assert result.unknown == ids.count(encoder.tokenizer.unk_token_id) > 0


def test_common_words_of_a_language_are_kept(encoder):
    def has(result, word):
        vocabulary = result.encoder.tokenizer.get_vocab()
        return word in vocabulary or f"▁{word}" in vocabulary

    assert not has(trim(encoder, TEXTS), "und")
    german = trim(encoder, TEXTS, languages=["de"])
    assert has(german, "und") and not has(german, "the")
    assert has(trim(encoder, TEXTS, languages=["de", "en"]), "the")


def test_pieces_inside_the_tokens_of_a_language_are_kept(encoder):
    """In Chinese, a token is a character, so 北 and 京 are pieces; in English,
    "abc(cde" is three tokens."""
    result = trim(encoder, ["北京 abc(cde"], languages=["en"])
    own = result.encoder.token_borders
    for word in ("abc", "cde", "("):
        for begins in (True, False):
            assert own._pieces_of(word, begins)


def test_it_is_saved_and_loaded(encoder, tmp_path):
    smaller = trim(encoder, TEXTS).encoder
    save_encoder(smaller, tmp_path / "small")
    again = load_encoder(str(tmp_path / "small"))
    assert again.max_window == encoder.max_window
    for text in [*TEXTS, "abcdefg"]:
        assert torch.equal(vectors(again, text), vectors(smaller, text))
    special = encoder.special
    for name in ("before", "after"):
        before = encoder.tokenizer.convert_ids_to_tokens(getattr(special, name))
        after = again.tokenizer.convert_ids_to_tokens(getattr(again.special, name))
        assert after == before


def test_twice_is_once(encoder):
    once = trim(encoder, TEXTS)
    twice = trim(once.encoder, TEXTS)
    assert numpy.array_equal(twice.kept, numpy.arange(len(once.kept)))


def test_special_pieces_may_be_undeclared(encoder):
    state = json.loads(encoder.tokenizer.backend_tokenizer.to_str())
    state["added_tokens"] = []
    backend = Tokenizer.from_str(json.dumps(state))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=62)
    given = Encoder(encoder.module, tokenizer)
    smaller = trim(given, TEXTS).encoder
    assert len(smaller.tokenizer) < len(tokenizer)
    for text in [*TEXTS, "ab ж"]:
        assert pieces(smaller, text) == pieces(given, text)
        assert (vectors(smaller, text) - vectors(given, text)).abs().max() < 1e-6


def test_added_pieces_without_a_vector_are_removed():
    encoder = bert()
    encoder.tokenizer.add_tokens(["xyz"])
    given = Encoder(encoder.module, encoder.tokenizer)
    smaller = trim(given, TEXTS).encoder
    assert "xyz" not in smaller.tokenizer.get_vocab()
    assert torch.equal(vectors(smaller, TEXTS[0]), vectors(given, TEXTS[0]))


def test_numbers_of_pieces_may_have_gaps():
    encoder = bert()
    n = len(encoder.tokenizer)
    vocabulary = {p: i + 5 * (i > n // 2) for p, i in encoder.tokenizer.vocab.items()}
    tokenizer = BertTokenizerFast(tokenizer_object=_bert_backend(vocabulary))
    encoder.module.resize_token_embeddings(n + 5)
    given = Encoder(encoder.module, tokenizer)
    smaller = trim(given, ["abg"]).encoder
    assert torch.equal(vectors(smaller, "abg"), vectors(given, "abg"))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_cut_or_refused(family, tmp_path):
    encoder = load_encoder(str(FAMILIES[family](tmp_path)))
    kind = type(encoder.tokenizer.backend_tokenizer.model).__name__
    if kind == "BPE":
        with pytest.raises(ValueError, match="GP049.*BPE"):
            trim(encoder, ["abc"])
        return
    smaller = trim(encoder, ["abc"]).encoder
    assert torch.equal(vectors(smaller, "abc"), vectors(encoder, "abc"))


@pytest.mark.parametrize("texts", [[], [""], ["ж ж"]], ids=["none", "empty", "unknown"])
def test_texts_without_a_known_piece_are_an_error(texts):
    with pytest.raises(ValueError, match="GP050"):
        trim(bert(), texts)


def test_a_language_that_spacy_does_not_have_is_an_error(encoder):
    with pytest.raises(ValueError, match="GP051.*'xy'"):
        trim(encoder, TEXTS, languages=["xy"])


def test_a_language_that_needs_a_package_is_an_error(encoder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pythainlp", None)
    with pytest.raises(ValueError, match="GP051.*'th'.*PyThaiNLP.*Install"):
        trim(encoder, TEXTS, languages=["th"])


def test_command(tmp_path):
    save_encoder(bert(), tmp_path / "bert")
    (tmp_path / "texts").mkdir()
    for i, text in enumerate(TEXTS):
        (tmp_path / f"texts/{i}.txt").write_text(text, encoding="utf-8")
    args = ["trim", tmp_path / "bert", tmp_path / "texts", tmp_path / "small"]
    args = [*map(str, args), "--lang", "de"]
    result = CliRunner().invoke(global_pointer_cli, args)
    assert result.exit_code == 0, result.output
    n = len(load_encoder(str(tmp_path / "small")).tokenizer)
    assert f"Kept {n} of {len(bert().tokenizer)} word pieces" in result.output
    result = CliRunner().invoke(global_pointer_cli, args)
    assert result.exit_code == 1 and "GP042" in result.output
    result = CliRunner().invoke(global_pointer_cli, [*args, "--force"])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "bert",
        "small",
        "texts",
    ]


def test_texts_in_a_language_that_the_encoder_does_not_know_give_a_warning(tmp_path):
    save_encoder(bert(), tmp_path / "bert")
    for name, text, warns in (("a", "ab abc", False), ("b", "ab жук", True)):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
        args = ["trim", tmp_path / "bert", tmp_path / f"{name}.txt", tmp_path / name]
        result = CliRunner().invoke(global_pointer_cli, list(map(str, args)))
        assert ("does not know the language" in result.output) == warns


def test_command_checks_the_output_before_it_reads(tmp_path):
    (tmp_path / "a.txt").write_text("abc", encoding="utf-8")
    (tmp_path / "small").mkdir()
    args = ["trim", tmp_path / "no encoder", tmp_path / "a.txt", tmp_path / "small"]
    result = CliRunner().invoke(global_pointer_cli, list(map(str, args)))
    assert result.exit_code == 1 and "GP042" in result.output


def test_only_an_encoder_is_replaced(tmp_path):
    (tmp_path / "small").mkdir()
    (tmp_path / "small/thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match="GP042"):
        save_encoder(bert(), tmp_path / "small", replace=True)
    assert [path.name for path in (tmp_path / "small").iterdir()] == ["thesis.txt"]


def test_command_refuses_a_byte_level_vocabulary(tmp_path):
    make_roberta(tmp_path / "roberta")
    (tmp_path / "a.txt").write_text("abc", encoding="utf-8")
    args = ["trim", tmp_path / "roberta", tmp_path / "a.txt", tmp_path / "small"]
    result = CliRunner().invoke(global_pointer_cli, list(map(str, args)))
    assert result.exit_code == 1 and "GP049" in result.output
    assert not (tmp_path / "small").exists()
