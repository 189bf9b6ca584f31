"""Word pieces that stay inside spaCy's tokens, for texts in many scripts."""

from __future__ import annotations

import unicodedata

import numpy
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from small_encoders import make_bert
from spacy.tokens import Doc
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from spacy_globalpointer.encoders.pieces import split_pieces
from spacy_globalpointer.encoders.token_borders import TokenBorders
from spacy_globalpointer.encoders.transformer_model import build_transformer_model_v1

NLP = spacy.blank("xx")
#: Words of a few scripts: Chinese, Japanese, Thai, Arabic, Devanagari, Latin with
#: letters of one and of two characters, and emoji.
WORDS = [
    *("北京", "大学", "东京", "ひらがな", "カタカナ", "東京都", "ภาษาไทย", "กรุงเทพ"),
    *("محكمة", "النقض", "हिन्दी", "भाषा", "café", "cafe\u0301", "Ärzte", "don't"),
    *("😀👍🏽", "🇩🇪", "10mg", "straße", "n\u0303", "ﬁn", "½"),
]
CORPUS = [" ".join(WORDS[i:] + WORDS[:i]) for i in range(len(WORDS))] * 3
CORPUS += ["".join(WORDS[i : i + 3]) for i in range(len(WORDS))] * 3

#: A text, and whether each character but the last is the last of its token.
marked = st.lists(st.sampled_from([*WORDS, " ", "  ", "\n", "(", "-"]), max_size=8)
documents = marked.map("".join).flatmap(
    lambda text: st.tuples(
        st.just(text), st.lists(st.booleans(), min_size=len(text), max_size=len(text))
    )
)


def trained(model, trainer, normalizer, splitter, **settings):
    tokenizer = Tokenizer(model)
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, splitter
    tokenizer.train_from_iterator(CORPUS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **settings)


def word_piece():
    """As BERT's, but without its own borders around Chinese characters."""
    return trained(
        models.WordPiece(unk_token="[UNK]"),
        trainers.WordPieceTrainer(
            vocab_size=400, special_tokens=["[UNK]"], show_progress=False
        ),
        normalizers.BertNormalizer(handle_chinese_chars=False, lowercase=False),
        pre_tokenizers.BertPreTokenizer(),
        unk_token="[UNK]",
    )


def sentence_piece():
    """As XLM-R's."""
    return trained(
        models.Unigram(),
        trainers.UnigramTrainer(
            vocab_size=400,
            special_tokens=["<unk>"],
            unk_token="<unk>",
            show_progress=False,
        ),
        normalizers.NFKC(),
        pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
        ),
        unk_token="<unk>",
    )


def with_spaces_in_pieces():
    """As XLM-R's, but white space belongs to the piece after it."""
    tokenizer = sentence_piece()
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer


def byte_level():
    """As RoBERTa's."""
    return trained(
        models.BPE(),
        trainers.BpeTrainer(
            vocab_size=600,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
        None,
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    )


@pytest.fixture(
    scope="module",
    params=[word_piece, sentence_piece, with_spaces_in_pieces, byte_level],
    ids=lambda make: make.__name__,
)
def tokenizer(request):
    return request.param()


def make_doc(text, is_last):
    """Make a Doc with tokens that end where it is said, and at white space."""
    words, spaces, word = [], [], ""
    for char, ends in zip(text, is_last):
        if char == " " and words and not word and not spaces[-1]:
            spaces[-1] = True
            continue
        if char.isspace() and word:
            words.append(word)
            spaces.append(char == " ")
            word = "" if char == " " else char
        else:
            word += char
        if word and (ends or word.isspace()):
            words.append(word)
            spaces.append(False)
            word = ""
    if word:
        words.append(word)
        spaces.append(False)
    doc = Doc(NLP.vocab, words, spaces)
    assert doc.text == text
    return doc


def of_tokens(pieces):
    return numpy.split(pieces.indices, pieces.lengths.cumsum())[:-1]


@given(given=st.lists(documents, max_size=3))
def test_no_piece_belongs_to_two_tokens(tokenizer, given):
    docs = [make_doc(*one) for one in given]
    for pieces in split_pieces(tokenizer, docs, TokenBorders(tokenizer)):
        assert len(pieces.indices) == len(set(pieces.indices.tolist()))
        assert (numpy.diff(pieces.indices) > 0).all()
        # So a window can begin with each token's first piece.
        firsts = [own[0] for own in of_tokens(pieces) if len(own)]
        assert set(firsts) <= set(pieces.cuts.tolist())


@given(one=documents)
def test_the_pieces_of_a_token_spell_it(tokenizer, one):
    doc = make_doc(*one)
    [pieces] = split_pieces(tokenizer, [doc], TokenBorders(tokenizer))
    normalizer = tokenizer.backend_tokenizer.normalizer
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for token, own in zip(doc, of_tokens(pieces)):
        spelled = tokenizer.convert_ids_to_tokens(pieces.ids[own].tolist())
        if tokenizer.unk_token in spelled or token.is_space:
            continue
        text = token.text
        if normalizer is not None:
            text = normalizer.normalize_str(text)
        elif text:
            [(text, _)] = to_bytes.pre_tokenize_str(text)
        found = "".join(spelled).replace("▁", "").replace("##", "")
        assert found.removeprefix("Ġ") == "".join(text.split())


@given(one=documents)
def test_tokens_that_share_no_piece_keep_theirs(tokenizer, one):
    doc = make_doc(*one)
    [before] = split_pieces(tokenizer, [doc])
    [after] = split_pieces(tokenizer, [doc], TokenBorders(tokenizer))
    owners = numpy.bincount(before.indices, minlength=len(before.ids))
    for token, old, new in zip(doc, of_tokens(before), of_tokens(after)):
        around = token.text[:1] + doc.text[token.idx + len(token) :][:1]
        composes = any(map(unicodedata.combining, around))
        if len(old) and not composes and (owners[old] == 1).all():
            assert before.ids[old].tolist() == after.ids[new].tolist(), token


def test_a_token_begins_a_word_only_where_it_does():
    pieces = {}
    for make in (word_piece, sentence_piece, byte_level):
        tokenizer = make()
        doc = Doc(NLP.vocab, ["北", "京", "大学"], [False, True, False])
        [own] = split_pieces(tokenizer, [doc], TokenBorders(tokenizer))
        pieces[make] = tokenizer.convert_ids_to_tokens(own.ids.tolist())
    assert pieces[word_piece] == ["北", "##京", "大学"]
    assert pieces[sentence_piece][-2:] == ["京", "▁大学"]
    assert not pieces[byte_level][1].startswith("Ġ")
    assert "Ġ" in pieces[byte_level][-1]


def test_unknown_text_is_unknown_for_its_own_token_alone():
    tokenizer = word_piece()
    doc = Doc(NLP.vocab, ["北", "囧", "京"], [False] * 3)
    [shared] = split_pieces(tokenizer, [doc])
    assert tokenizer.convert_ids_to_tokens(shared.ids.tolist()) == ["[UNK]"]
    [own] = split_pieces(tokenizer, [doc], TokenBorders(tokenizer))
    assert tokenizer.convert_ids_to_tokens(own.ids.tolist()) == ["北", "[UNK]", "##京"]


def test_a_letter_and_its_accent_may_be_two_tokens():
    """The tokenizer makes one character of them."""
    tokenizer = sentence_piece()
    for words in (["cafe", "\u0301北"], ["n", "\u0303"], ["a", "\u0323", "\u0302"]):
        doc = Doc(NLP.vocab, words, [False] * len(words))
        [pieces] = split_pieces(tokenizer, [doc], TokenBorders(tokenizer))
        own = pieces.ids[of_tokens(pieces)[0]].tolist()
        assert "".join(tokenizer.convert_ids_to_tokens(own)) == "▁" + words[0]


def test_a_syllable_may_be_three_tokens():
    borders = TokenBorders(sentence_piece())
    doc = Doc(NLP.vocab, ["\u1112", "\u1161", "\u11ab"], [False] * 3)
    [pieces] = split_pieces(sentence_piece(), [doc], borders)
    assert (pieces.lengths > 0).all()


@pytest.mark.parametrize("mark", ["▁", "Ġ"])
def test_a_word_begins_though_a_is_no_piece(mark):
    pieces = ["<unk>", mark, "大", "北京", "北", "京", f"{mark}bc", f"{mark}b", "c"]
    backend = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces], 0))
    backend.pre_tokenizer = pre_tokenizers.Metaspace(replacement=mark)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>")
    doc = Doc(NLP.vocab, list("大北京bc"), [False, False, True, False, False])
    [own] = split_pieces(tokenizer, [doc], TokenBorders(tokenizer))
    found = tokenizer.convert_ids_to_tokens(own.ids.tolist())
    assert found == [mark, "大", "北", "京", f"{mark}b", "c"]


def test_a_token_that_is_too_long_for_a_word_is_unknown():
    tokenizer = word_piece()
    longest = tokenizer.backend_tokenizer.model.max_input_chars_per_word
    for size in (longest, longest + 1):
        doc = Doc(NLP.vocab, ["北", "京" * size], [False, False])
        [pieces] = split_pieces(tokenizer, [doc], TokenBorders(tokenizer))
        found = tokenizer.convert_ids_to_tokens(pieces.ids.tolist())
        assert found == ["北", *(["##京"] * size if size == longest else ["[UNK]"])]


def test_numbers_of_pieces_may_have_gaps():
    """As of a vocab.txt in which a line occurs twice."""
    model = models.WordPiece({"[UNK]": 0, "ab": 2, "a": 5, "##b": 9}, unk_token="[UNK]")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(model))
    doc = Doc(NLP.vocab, ["a", "b"], [False, False])
    [pieces] = split_pieces(tokenizer, [doc], TokenBorders(tokenizer))
    assert pieces.ids.tolist() == [5, 9]


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr("spacy_globalpointer.encoders.token_borders.MEMORY", 3)
    tokenizer = sentence_piece()
    borders, alone = TokenBorders(tokenizer), TokenBorders(tokenizer)
    for word in WORDS[:6] * 2:
        doc = Doc(NLP.vocab, list(word), [False] * len(word))
        [one] = split_pieces(tokenizer, [doc], borders)
        assert len(borders._memory) <= 3
        [other] = split_pieces(tokenizer, [doc], alone)
        assert one.ids.tolist() == other.ids.tolist()


@pytest.mark.parametrize("keep", [False, True])
def test_only_with_borders_do_tokens_of_a_word_differ(tmp_path, keep):
    folder = make_bert(tmp_path / "bert")
    text = (folder / "tokenizer.json").read_text("utf-8")
    (folder / "tokenizer.json").write_text(text.replace('"~":', '"ab":'), "utf-8")
    assert AutoTokenizer.from_pretrained(folder).tokenize("ab") == ["ab"]
    model = build_transformer_model_v1(str(folder), keep_token_borders=keep)
    model.initialize()
    doc = Doc(NLP.vocab, ["a", "b"], [False, False])
    output = model.predict([doc])
    rows = output.doc_data[0].align.dataXd.ravel().tolist()
    assert rows == ([0, 1] if keep else [0, 0])
