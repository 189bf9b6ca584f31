"""`spacy global-pointer render`."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated, Iterator, List, Optional, Union

import spacy
from spacy.cli._util import Arg, Opt
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..corpus.docbin import read_docs
from ..corpus.formats.files import SourceFile
from ..corpus.plain_texts import is_plain, read_plain_texts
from ..errors import Errors
from ..report import render
from ..wording import number_of
from ._util import (
    AS_BEFORE,
    check_page,
    load_pipeline,
    reported_errors,
    write_text,
)
from .terminal import msg


def render_cli(
    model: Annotated[
        str, Arg(help="Pipeline to load: a folder or the name of a package")
    ],
    data: Annotated[
        Path,
        Arg(
            help="Texts: a .spacy file or a folder of them, a .jsonl file with one "
            "text per line, or a .txt file with one text; the last two also as .gz",
            exists=True,
        ),
    ],
    output: Annotated[Path, Arg(help="HTML file to write", dir_okay=False)],
    limit: Annotated[
        int, Opt("--limit", "-n", min=1, help="Show at most this many texts")
    ] = 5,
    spans_key: Annotated[
        str, Opt("--spans-key", "-k", help="Key of the spans in doc.spans")
    ] = "sc",
    gold: Annotated[
        bool, Opt("--gold", "-g", help="Compare with the gold spans of a .spacy file")
    ] = False,
    max_tokens: Annotated[
        Optional[int],
        Opt(
            "--max-tokens",
            "-m",
            min=1,
            help="Show about this many tokens of each text; no span is cut",
        ),
    ] = None,
) -> None:
    """Predict the spans of texts with a pipeline, and draw them on an HTML page.

    An earlier page is replaced; other files are not.
    """
    with reported_errors(AS_BEFORE):
        check_page(output)
        references = read_texts(data, limit, gold=gold)
        nlp = load_pipeline(model)
        shown = predict(nlp, references, gold=gold)
        picture = render(shown, spans_key=spans_key, max_tokens=max_tokens)
        write_text(str(picture), output)
    if not any(own.spans for own in picture.documents):
        msg.warn(f"There are no spans to show under doc.spans[{spans_key!r}]")
    msg.good(f"Saved {number_of(len(references), 'text')} to {output}")


def read_texts(path: Path, limit: int, *, gold: bool) -> List[Doc]:
    """Read the texts to show.

    path (Path): A .spacy file or a folder of them, a .jsonl file whose objects have a
        text, or a .txt file with one text. The last two are in utf-8, also as .gz.
    limit (int): Highest number of texts to read.
    gold (bool): Whether gold spans are needed.
    RETURNS (List[Doc]): The texts. Texts of plain files are only roughly tokenized.
    RAISES (ValueError): GP122 for another format, GP121 for plain texts if gold spans
        are needed, GP120 if there is no text, GP146 for a .jsonl file without texts.
    """
    plain = is_plain(path) and path.is_file()
    if not (plain or path.suffix == ".spacy" or path.is_dir()):
        raise ValueError(Errors.GP122.format(path=path))
    blank = spacy.blank("xx")
    if plain:
        if gold:
            raise ValueError(Errors.GP121.format(path=path))
        texts = read_plain_texts(SourceFile(path, path.name))
        docs = [
            _titled(blank.make_doc("".join(blocks)), title)
            for title, blocks in islice(texts, limit)
        ]
    else:
        docs = list(islice(read_docs(path, blank.vocab), limit))
    if not docs:
        raise ValueError(Errors.GP120.format(path=path))
    return docs


def _titled(doc: Doc, title: str) -> Doc:
    doc.user_data["title"] = title
    return doc


def predict(
    nlp: Language, references: List[Doc], *, gold: bool
) -> Iterator[Union[Doc, Example]]:
    """Predict the spans of texts.

    nlp (Language): The pipeline.
    references (List[Doc]): The texts.
    gold (bool): Whether to compare the predicted spans with the gold spans.
    YIELDS (Union[Doc, Example]): The texts to draw, with titles.
    """
    predicted = nlp.pipe([doc.text for doc in references])
    for number, (reference, doc) in enumerate(zip(references, predicted), start=1):
        doc.user_data["title"] = reference.user_data.get("title", f"Text {number}")
        yield Example(doc, reference) if gold else doc
