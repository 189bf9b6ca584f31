"""Every message a user can meet, with its code.

Codes are stable: tests and search engines find a message by its code. ``GP0xx``
are errors of the component, its model and the encoder, ``GP1xx`` of the corpus tools,
of tuning and of evaluation, ``GP2xx`` of training and its configs. ``GPW0xx``,
``GPW1xx`` and ``GPW2xx`` are the warnings of the same areas. A message says what was
found, with the value; what is allowed; and what to do.
"""

from __future__ import annotations

from typing import Any


class _Coded(type):
    """Metaclass that puts its code before each text: ``Errors.GP001`` reads
    "[GP001] …"."""

    def __getattribute__(cls, name: str) -> Any:
        value = super().__getattribute__(name)
        if name.startswith("GP") and isinstance(value, str):
            return f"[{name}] {value}"
        return value


def is_coded(error: BaseException) -> bool:
    """Check whether an error's message has a code of this package.

    error (BaseException): The error.
    RETURNS (bool): Whether it has.
    """
    return str(error).startswith("[GP")


class Errors(metaclass=_Coded):
    """Texts for exceptions, by code. ``str.format`` fills in the fields."""

    # The component, its model and the encoder
    GP001 = (
        "Pointer states do not fit together: the shapes of queries, keys, start and "
        "end are {shapes}, and the document lengths are {lengths}. Queries and keys "
        "must have the same shape (tokens, heads, width), with one head or one per "
        "label. The other terms must have the shape (tokens, labels), and the lengths "
        "must sum to the tokens. Correct the states that were passed."
    )
    GP002 = (
        "Gold span {span} (document, label, first token, last token) is not among the "
        "spans that are scored. The documents have {lengths} tokens, there are "
        "{n_labels} labels, and max_span_length is {max_span_length}. Leave the span "
        "out, or raise max_span_length."
    )
    GP003 = (
        "The head got n_input={n_input}, n_labels={n_labels} and "
        "head_width={head_width}. All three must be at least 1, and head_width must be "
        "even. Change the value in the component's [model] section."
    )
    GP004 = (
        "The stored {part} could not be read: {reason}. The model file is damaged, or "
        "a newer version wrote it. Copy the file again from its source, or train the "
        "pipeline again."
    )
    GP005 = (
        "The stored head is {stored}, but the config asks for {wanted}. "
        "@architectures, head_width, rope and the presence of label_bias cannot change "
        "after training. Restore their values in the config's [model] section."
    )
    GP006 = (
        "The loss got {given} for a batch of {n_labels} labels and documents of "
        "{lengths} tokens. A teacher must score the same tokens and labels. There must "
        "be one degree per gold span, above 0 and at most 1. balance must be from -1 "
        "to 1. Correct the argument."
    )
    GP007 = (
        "The search got {n} thresholds for {n_labels} labels. Pass one threshold per "
        "label, in the order of the labels."
    )
    GP010 = (
        "Threshold {name!r} is {value!r}. A threshold must be a probability: a number "
        "from 0 to 1. Correct the setting. The probability 0.5 corresponds to the "
        "score 0 of the GlobalPointer paper."
    )
    GP011 = "overlap is {value!r}. It must be one of: {known}. Correct the setting."
    GP012 = (
        "{name} is {value!r}. It must be a whole number of at least 1, or null for no "
        "limit. Correct the setting."
    )
    GP013 = (
        "'{name}' got the label {label}. A label must be a string of valid Unicode "
        "that is not empty. Correct the label in the data or in the config."
    )
    GP014 = (
        "'{name}' found no label: none of the {n} documents of the training data has a "
        "span under doc.spans[{key!r}] (keys found: {keys}). Set spans_key to the key "
        "of your data, or convert the data to that key. You can also pass the labels "
        "in [initialize.components.{name}.labels]."
    )
    GP015 = (
        "'{name}' listens ({node}) to a component that is not in the pipeline, so the "
        "width of the token vectors is unknown. Add a 'transformer' before it, or a "
        "'tok2vec' for a Tok2VecListener. Then initialize the whole pipeline with "
        "nlp.initialize()."
    )
    GP016 = (
        "The setting {setting} names {unknown}, but the labels are {labels}. Correct "
        "the spelling, or remove the entry."
    )
    GP017 = (
        "The training data has a span with the label {label!r}, but the labels of "
        "'{name}' are {labels}. Correct the label in the data, or add it to the "
        "component. If you continue from a trained pipeline (`source` in a config, "
        "nlp.resume_training), call nlp.get_pipe({name!r}).add_label({label!r}) on "
        "that pipeline and save it first. If the training initializes the component, "
        "list all labels in [initialize.components.{name}.labels]. `spacy init labels` "
        "collects them."
    )
    GP018 = (
        "The model of '{name}' could not be loaded from {source}: {reason}. The file "
        "is damaged, or belongs to another config. Copy it again from its source, or "
        "train the pipeline again."
    )
    GP019 = (
        "The model of '{name}' scores nO = {nO} labels, but the labels are {labels}. "
        "Remove nO from the component's [model] section: it is set automatically."
    )
    GP020 = (
        "The setting {setting} names the label {label!r}, which cannot be a key in a "
        "config file. A key must not be empty, and must not begin or end with white "
        "space. It must not contain a line end, ':' or '=', or begin with '#', ';', "
        "'[' or '@'. Rename the label, or remove the entry."
    )
    GP021 = (
        "The loss of '{name}' is {loss}. Training has diverged, or a weight is not a "
        "number. Lower the learning rate ([training.optimizer.learn_rate]), or clip "
        "gradients ([training.optimizer] grad_clip = 1.0)."
    )
    GP030 = (
        "precision is {value!r}. It must be one of: auto, bf16, fp16, fp32. Set auto "
        "to use bf16 where it is faster."
    )
    GP031 = (
        "precision is {value!r}, but matrix products in it do not work on this "
        'machine\'s {device}, or could not be tested. Set precision = "auto" or '
        '"fp32" in the encoder\'s section. Or load the pipeline with spacy.load(path, '
        'config={{"components.transformer.model.precision": "auto"}}).'
    )
    GP032 = (
        "A window of {window} word pieces does not work with {context} pieces of "
        "context on each side. The context must not be negative. A window must have "
        "from {lowest} to {limit} pieces. It holds the special pieces, the context on "
        "both sides and at least one more piece, and the encoder must be able to read "
        "it. Change window or context in the encoder's section."
    )
    GP033 = (
        "The encoder {name!r} could not be loaded: {reason}. Pass a folder with "
        "config.json, the weights and the tokenizer's files. Or pass the name of a "
        "model on a hub that can be reached, or the folder of a trained pipeline."
    )
    GP034 = (
        "The tokenizer of {name!r} is a {kind}, which does not report where in the "
        "text its pieces are. A fast tokenizer is needed. Pass a folder with a "
        "tokenizer.json, as save_pretrained of a fast tokenizer writes it."
    )
    GP035 = (
        "{name!r} is a {kind} model, which cannot be used. Its vectors ignore the text "
        "that follows, its decoder needs a second text, or it accepts no attention "
        "mask. Use an encoder such as BERT, RoBERTa, ELECTRA or Longformer."
    )
    GP036 = (
        "Neither the encoder {name!r} nor its tokenizer states how many word pieces it "
        "can read at once. Set window in the encoder's section, such as window = 512."
    )
    GP037 = (
        "The rules for global attention cannot be used: {reason}. Set first = true, "
        "patterns (token patterns of spaCy's Matcher) or spans_key."
    )
    GP038 = (
        "The stored encoder could not be read: {reason}. The file is damaged, or is "
        "not the model of a transformer. Copy it again from its source, or train the "
        "pipeline again."
    )
    GP039 = (
        "The transformer has no encoder yet. Initialize the pipeline with "
        "nlp.initialize(), or load a trained one with spacy.load."
    )
    GP040 = (
        "global_attention is set, but {name!r} is a {kind} model, in which every piece "
        "sees its whole window. Use a Longformer, or remove the setting. `spacy "
        "global-pointer lengthen` makes a Longformer from a BERT, RoBERTa or ELECTRA "
        "encoder."
    )
    GP041 = (
        "The encoder cannot be lengthened: {reason}. Use a BERT, RoBERTa or ELECTRA "
        "encoder, an even attention window, and more positions than the encoder has."
    )
    GP042 = (
        "{path} exists and is not overwritten. Remove it, or name another folder. "
        "`trim` and `cut` replace an encoder with --force."
    )
    GP043 = (
        "The model was run for prediction, so it kept nothing to compute a gradient "
        "with. Call begin_update instead of model(docs, is_train=False)."
    )
    GP044 = (
        "temperature is {value!r}. It must be a number above 0. Set 1.0 to keep the "
        "probabilities that the model gives."
    )
    GP045 = (
        "layer_decay is {value!r}. It must be a number above 0 and at most 1. Each "
        "layer of the encoder has the learning rate of the layer above it, times "
        "layer_decay. Correct the setting."
    )
    GP046 = (
        "frozen_layers is {value!r}, but the encoder has {layers} layers with "
        "parameters of their own. Set a number from 0 (only the embeddings) to "
        "{layers} (the whole encoder), or null to train the whole encoder."
    )
    GP047 = (
        "{setting} is set, but the names of the encoder's parameters do not show its "
        "layers. Some of the names are {names}. Leave {setting} at its default."
    )
    GP048 = (
        "The loss got the weights {weights} for a batch of {n_labels} labels. Pass one "
        "weight per label, finite and above 0."
    )
    GP049 = (
        "The vocabulary of the encoder is of the kind {kind}, in which each word piece "
        "is made of shorter ones, so no piece can be removed. Use an encoder whose "
        "tokenizer is a Unigram or WordPiece model, such as XLM-R or BERT."
    )
    GP050 = (
        "The texts have no word piece that the encoder's tokenizer knows: {unknown:,} "
        "pieces are unknown. Pass texts that are not empty, in a language of the "
        "encoder."
    )
    GP051 = (
        "spaCy cannot make a pipeline of the language {code!r}: {reason}. Install what "
        "it needs, or pass another code, such as en, de or zh."
    )
    GP060 = (
        "{path} is missing. It holds {what} of '{name}', which cannot be used without "
        "it. Copy the whole pipeline again from its source, or train it again."
    )
    GP061 = (
        "{source} has {what} = {value!r} for '{name}', but {what} must be {rule}. The "
        "file is damaged, or was changed by hand. Copy it again from its source, or "
        "train the pipeline again."
    )
    GP062 = (
        "{source} is not as '{name}' saved it: {names} in it do not match the digest "
        "next to them. The file is damaged, or was changed by hand. Copy it again from "
        "its source. What a model has learned cannot be edited. To rename a label, "
        "rename it in the corpus (`spacy global-pointer convert` has --rename) and "
        "train again."
    )
    GP063 = (
        "{name} is {value!r}, but must be {rule}. Correct it in the config. The config "
        "of a saved pipeline is its config.cfg."
    )
    GP064 = (
        "{source} has {n} labels for '{name}', {labels}, but its model scores {nO}. "
        "The files belong to different pipelines, or were changed by hand. Copy the "
        "whole pipeline again from its source, or train it again."
    )
    GP065 = (
        "The encoder {name!r} needs code that does not come with transformers: "
        "{reason}. The code was not run. Use an encoder that transformers knows. Or "
        "read the code, and set the environment variable {variable}=1 if you trust it."
    )
    GP066 = (
        "{path} of the pipeline {model} is missing. Copy the whole pipeline again from "
        "its source, or train it again."
    )
    GP070 = (
        "The memory of {name!r} in {source} is damaged: {reason}. Save the pipeline "
        "again, or delete the files of the memory there to load it without."
    )
    GP071 = (
        "The memory of {name!r} in {source} has the format {found!r}, but this version "
        "reads {known!r}. Install the version that saved it."
    )
    GP072 = "{name} is {value!r}, but must be {rule}. Nothing was remembered."
    GP073 = (
        "{which}: there is no gold span in reference.spans[{key!r}], so there is "
        "nothing to remember. Put the gold spans there; an example that has none needs "
        "an empty group. Nothing was remembered."
    )
    GP074 = (
        "The span {span!r} of {which} does not align with the tokens, so that it has "
        "no vectors. Correct its characters or the tokenizer. The memory is unchanged."
    )
    GP075 = (
        "The memory of {name!r} would have {n} entries with a label, but memory_limit "
        "is {limit}. Raise it, or forget some. Nothing was remembered."
    )
    GP076 = (
        "The memory of {name!r} was made with other weights of the component or its "
        "encoder, because they were trained since. Read its texts again with "
        "refresh_memory() or `spacy global-pointer memory FOLDER --refresh`, or remove "
        "it with forget(everything=True)."
    )
    GP077 = (
        "The memory of {name!r} has no entry{wanted}. Its labels are {labels}, and its "
        "sources are {sources}. Nothing was forgotten."
    )
    GP078 = (
        "{name!r} does not know its pipeline, so it cannot read texts for its memory: "
        "it was taken out of the pipeline that made it, or copied to another one. Save "
        "the pipeline, load it, and use nlp.get_pipe({name!r}) of that one."
    )
    GP080 = (
        "The model scores {old} labels and cannot be resized to {new}: labels can be "
        "added, but not removed. Train a new pipeline on data without these labels."
    )
    GP081 = (
        "The stored memory has the settings {stored}, but the config asks for "
        "{wanted}. slots, heads, head_width and top_k cannot change after training. "
        "Restore their values in the section of spacy-globalpointer.ExternalMemory.v1."
    )
    GP090 = (
        "The model of '{name}' computes values that are not finite numbers (NaN or "
        "infinity), so it cannot find spans. Weights with such values: {weights}. "
        "Training diverged, the file is damaged, or half precision overflowed. Load an "
        "earlier model, or train again with a lower learning rate. Against an "
        'overflow, set precision = "fp32" in the transformer\'s [model] section.'
    )

    # The corpus tools, tuning, evaluation and the machine
    GP101 = (
        "{path} cannot be read as brat: it is not a folder, and its name does not end "
        "in .txt or .ann. Pass a folder with such files, or one such file."
    )
    GP102 = (
        "{path} contains no .txt and no .ann file. Pass the folder of the annotated "
        "texts. Its subfolders are read too."
    )
    GP103 = (
        "{file} is not {encoding}: the byte at position {position} cannot be decoded. "
        "Convert the files to utf-8, or name their encoding (`spacy global-pointer "
        "convert` has --encoding)."
    )
    GP104 = (
        "There is no encoding {encoding!r}. Use a name that Python knows, such as "
        "utf-8, latin-1 or cp1252."
    )
    GP105 = "{name} is {value!r}. It must be one of: {known}. Correct the value."
    GP106 = (
        "{source}: the span {span} does not begin and end at token boundaries, and "
        "on_misaligned is 'error'. Correct the offsets, or pass --on-misaligned "
        "reject, expand, contract or split-token."
    )
    GP107 = (
        "The tokenizer changed the text of document {name!r}, so character offsets are "
        "no longer valid. Use a tokenizer with doc.text == text, such as those that "
        "come with spaCy."
    )
    GP108 = (
        "Document {name!r} has {length} characters, more than nlp.max_length = "
        "{limit}. Split the document, or raise nlp.max_length."
    )
    GP109 = (
        "--splits is {value}, which are not valid fractions. Pass the fractions of "
        "train, dev and test: up to three numbers above 0 with sum 1, separated by "
        "commas, such as 0.8,0.1,0.1. Or pass the path of a JSON file that maps splits "
        'to lists of documents, such as {{"train": ["a"], "dev": ["b"]}}.'
    )
    GP110 = (
        "The splits file {path} is not valid: {reason}. It must be a JSON object that "
        "maps each split to a list of documents or files, or to a fraction of the "
        'others. Correct it, for example: {{"train": 0.9, "dev": 0.1, "test": '
        '["test.jsonl"]}}.'
    )
    GP111 = (
        "The splits leave out {documents}: {names}. Every document must be in a split. "
        "List the documents or their files in the splits file, or leave files out with "
        "--exclude. To split the remaining documents, give a split a fraction instead "
        'of a list, such as {{"train": 0.9, "dev": 0.1, "test": ["a"]}}.'
    )
    GP112 = (
        "The splits file names {documents} that the corpus does not have: {names}. An "
        "entry can be a document's id, a file with its ending, or a pattern of them "
        "such as 'train/*'. In brat, a document's id is its path without the ending. "
        "Correct the entries, or remove them."
    )
    GP113 = (
        "Document {name!r} is in more than one split, or twice in one: {splits}. Name "
        "every document once."
    )
    GP114 = (
        "Split {split!r} would be empty: the fractions {fractions} of {documents} give "
        "it none. Use fewer splits or a larger fraction. A corpus can be one file with "
        "one document, such as a .conll file without -DOCSTART- lines. Then --option "
        "documents=sentence makes more documents."
    )
    GP115 = (
        "Internal error in split {split!r}: {read} annotations were read, but {kept} "
        "were kept and {rejected} rejected. Nothing was written. Please report this "
        "with the file that caused it."
    )
    GP116 = (
        "The corpus has no path. Set [paths.train] and [paths.dev] in the config, or "
        "pass --paths.train and --paths.dev on the command line."
    )
    GP117 = (
        "{name} is {value!r}. It must be a whole number of at least {least}. (Where 0 "
        "is allowed, it means no limit.) Correct the setting."
    )
    GP118 = (
        "{path} cannot be read as spaCy's binary format: {reason}. Pass a file that "
        "DocBin.to_disk or `spacy global-pointer convert` wrote."
    )
    GP119 = (
        "{path} has no span under doc.spans[{key!r}] (keys found: {keys}). Set "
        "--spans-key to the key of your data, or save the spans under {key!r}."
    )
    GP120 = "{path} contains no document. Pass a corpus with at least one document."
    GP121 = (
        "--gold is set, but {path} contains plain texts, which have no gold spans. "
        "Pass a .spacy file, or remove --gold."
    )
    GP122 = (
        "{path} does not end in .spacy, .jsonl or .txt. Pass Docs as .spacy, one text "
        'as .txt, or one text per line as .jsonl: {{"text": "..."}}. The last two may '
        "also be packed as .gz."
    )
    GP123 = (
        "Could not tell which column of {file} holds the tokens. The first column has "
        "ids or a counter, and no other one clearly has words. An example of a line is "
        "{example!r}. Name the column, counted from 0, such as --option token=1."
    )
    GP124 = (
        "Could not tell which column of {file} holds the tags: {reason}. Name the "
        "column, counted from 0, such as --option tags={column}. If the tag of tokens "
        "outside all spans is not O, name it too, such as --option outside={outside}."
    )
    GP125 = (
        "{source}: could not tell whether {cell!r} is one tag or several. Several tags "
        "must be complete ones, such as I-ORG|B-GPE. If it is one tag, pass --option "
        "tag_separator=none. If it is several, name their separator, such as --option "
        "tag_separator=space."
    )
    GP126 = (
        "Another process is changing a memory of {path}. Wait until it ends, and run "
        "the command again."
    )
    GP127 = (
        "{path} is JSON, but its format could not be detected: {source} has {found}. "
        "If the format is one of {known}, name it with --format. Otherwise convert the "
        "file to one of these, such as jsonl, which docs/formats.md describes."
    )
    GP128 = (
        "{path} is not in one format: {records} {format}, but {source} is not. It has "
        "{found}. Correct or remove the records of another format. Or pass --format "
        "{format}, which reads the file or reports the error in more detail."
    )
    GP129 = (
        "{file}: the offsets can be read as {readings}, and the texts do not show "
        "which reading is right ({example}). Name the right one with {option}."
    )
    GP130 = (
        "The pipeline runs no component {name!r}. It runs: {names}. Pass the name of a "
        "global_pointer with --component."
    )
    GP131 = (
        "The component {name!r} is a {kind}, not a global_pointer. The global_pointer "
        "components of the pipeline are: {names}. Pass one of these names with "
        "--component."
    )
    GP132 = (
        "There is no gold span to tune '{name}' with: no document has one under "
        "doc.spans[{key!r}]. Pass annotated documents, converted to that key."
    )
    GP133 = (
        "'{name}' finds no span with a probability of at least {lowest} in the "
        "documents, so there is nothing to choose from. Train it longer, or pass texts "
        "that are like its training data."
    )
    GP134 = (
        "{path} is not a saved pipeline: it has no config.cfg. Pass the folder of a "
        "trained pipeline, such as training/model-best."
    )
    GP135 = "{path} is inside the pipeline's folder {model}. Name a folder outside it."
    GP136 = (
        "{name} is {value!r}. It must be a number above 0{limit}. Correct the value."
    )
    GP137 = (
        "{path} cannot hold the settings {settings} of '{name}': they would be read "
        "back as other values. Nothing was written. Rename labels with special "
        "characters, or use one threshold for all labels (--overall-only)."
    )
    GP138 = (
        "The temperature of {name!r} cannot be fitted while it has a memory of spans, "
        "whose probabilities have none. Leave out --temperature, or fit it before "
        "anything is remembered."
    )
    GP139 = (
        "Nothing was written: the documents have {gold}, fewer than --min-gold "
        "{least}. Thresholds chosen on so few spans say little about other spans. Tune "
        "on more documents, or pass --min-gold {n} to write the thresholds anyway."
    )
    GP140 = (
        "{path} has no gold span under doc.spans[{key!r}], which is the key that the "
        "component writes (keys found: {keys}). Pass annotated documents, or convert "
        "them to that key."
    )
    GP141 = (
        "{path} is not a pipeline: it has no config.cfg. Pass the folder of a trained "
        "pipeline, such as training/mine/model-best, or the name of a package."
    )
    GP142 = (
        "{file} has no column {value}, which --option {option} names. Separated by "
        "{separator}, its lines have {columns}, counted from 0 to {last}, such as "
        "{example!r}. Name one of these columns. Or name their separator with --option "
        "separator=tab, space, comma or semicolon."
    )
    GP143 = (
        "There is no splits file {path} in {folder}. Correct the path of the JSON "
        'file. Or pass fractions for train, dev and test, such as "0.8,0.1,0.1".'
    )
    GP144 = (
        "{name!r} remembers nothing, so there is nothing to weight. Leave out "
        "--memory, or run `spacy global-pointer remember` first."
    )
    GP145 = (
        "{path} exists and is not {kind}, so it was not replaced. Name another file, "
        "or remove this one."
    )
    GP146 = (
        "{source}: {reason}. A .jsonl file of texts must have one JSON object per "
        'line, such as {{"text": "..."}}. Correct the line.'
    )
    GP147 = (
        "{inputs} more than one annotation in {path}, such as {example}. The "
        "annotators are {names}. Choose whose spans to use with --annotator NAME. Or "
        "use the spans of all with --annotators union (every span) or --annotators "
        "agreement (the spans that all of them marked). If a file is a copy of another "
        "one, leave it out with --exclude."
    )
    GP148 = (
        "No annotation in {path} is by {names}. The annotators there are: {known}. "
        "Name one of these with --annotator, or remove the option."
    )
    GP150 = (
        "{path} is {kind}, not a file or folder on a disk. It was not read: a corpus "
        "is read twice, and {kind} may have no end. Save its content to a file, and "
        "pass that file."
    )
    GP151 = (
        "{file} has a document of more than {limit} MiB. A .spacy file counts as a "
        "whole, unpacked. Split the document, or raise the limit: `spacy "
        "global-pointer convert` has --max-document-size, in MiB."
    )
    GP152 = (
        "{file} was not read: it unpacks to more than {ratio} times its size, which no "
        "annotated text does. If you trust the file, unpack it and pass the result."
    )
    GP153 = "{path} cannot be remembered, and nothing was written: {reason}"
    GP154 = (
        "It is not clear what to forget. Name a label, a source or both (--label and "
        "--source), to forget the entries that have them. To forget everything, pass "
        "everything=True (--all), and nothing else. Nothing was forgotten."
    )
    GP155 = (
        "{path} cannot be read as a config: {reason}. Pass a training config, or the "
        "folder of a pipeline."
    )
    GP156 = (
        "Could not tell which component of {path} you mean: --component is {given}, "
        "and the global_pointer components are: {names}. Name one of these, or pass a "
        "config that has one."
    )
    GP157 = (
        "The component '{name}' of {path} comes from the pipeline {source!r}, which is "
        "neither a folder nor an installed package. Install that package, or pass the "
        "pipeline's own folder as --config."
    )
    GP158 = (
        "{option} is set, but it does nothing without {needed}. Pass {needed} as well, "
        "or remove {option}."
    )
    GP160 = (
        "{file}:{line}: the line has more than {limit} MiB. Check that {format!r} is "
        "the right format. If it is, split the text into documents."
    )
    GP161 = (
        "{documents} the same name as another document: {copies}. Names must be "
        "different. Correct the ids, or remove the copies."
    )
    GP162 = (
        "The format of {path} could not be detected. An error in the first lines can "
        "be the reason: {fault}. Correct it, or name the format with --format: {known}."
    )
    GP163 = "There is no format {value!r}. The formats are: {known}. Name one of these."
    GP164 = (
        "{source}: this is not {format}: {reason}. Correct the file, or name another "
        "format with --format."
    )
    GP165 = (
        "{path} has no file to read as {format}. Files of this format end in "
        "{suffixes}; text files can also be packed as .gz. Subfolders are read too, "
        "but names that begin with a dot are not. Pass such a file, or a folder with "
        "such files."
    )
    GP166 = (
        "The format {format!r} has no option {name!r}. Its options are: {known}. Pass "
        "them as --option NAME=VALUE."
    )
    GP167 = (
        "The option {name!r} of the format {format!r} is {value!r}. It must be {rule}. "
        "Correct the option."
    )
    GP168 = (
        "The format {format!r} can be read, but not written. The formats that can be "
        "written are: {known}. Name one of these."
    )
    GP169 = (
        "{file} is damaged: {reason}. Nothing was written. Download the file again, or "
        "pack it again."
    )
    GP170 = (
        "{file} is a Parquet file. Reading it needs pyarrow, which is not installed. "
        "Install it with: pip install pyarrow"
    )
    GP171 = (
        "Could not tell which columns of {file} hold the tags. Name them, counted from "
        "0, with --option tags=1, or tags=1,2 for layers. Name the column of the "
        "tokens with --option token=0. Name the separator of columns with --option "
        "separator=tab, space, comma or semicolon. If the file is not part of the "
        "corpus, leave it out with --exclude."
    )
    GP172 = (
        "The span {span} of document {name!r} cannot be written as {format}: it has no "
        "token, for example because it is only white space. Correct the span, or "
        "remove it."
    )
    GP173 = (
        "The label {label!r} in document {name!r} cannot be written as a tag in "
        "{format}. A tag must not be empty or contain white space that separates "
        "columns. Rename the label (convert's --rename), or set --option separator=tab."
    )
    GP174 = (
        "{source}: the tags in {column!r} are class ids, and their names are unknown. "
        "Name them in their order with --option labels=O,B-PER,I-PER, or put the data "
        "set's dataset_info.json next to the file."
    )
    GP175 = (
        "The {what} {value!r} of document {name!r} cannot be written as {format!r}: it "
        "would break the lines of the format. Change the {what}, or write another "
        "format."
    )
    GP176 = (
        "The span {span} of document {name!r} cannot be written. Offsets of {format!r} "
        "are counted in {unit} here, and the span begins or ends inside such a unit. "
        "Correct the span, or set the option offsets to another unit."
    )
    GP180 = (
        "{source}: document {name!r} has no spans under the key {key!r} (keys found: "
        "{keys}). Name the key, or use doc.ents where the key is missing. With "
        "convert, pass --option spans_key=KEY or --option ents=true. With export, pass "
        "--spans-key KEY or --ents."
    )
    GP181 = (
        "{source}: doc.user_data[{key!r}] of document {name!r} is not a list of "
        "[start, end, label]. Convert the corpus again."
    )
    GP182 = (
        "{path} exists and is not overwritten, because it might contain corrections. "
        "Name another output, or pass --force."
    )
    GP183 = (
        "{path} is {found}, but {format!r} is written as {wanted}. Name another output."
    )
    GP184 = (
        "min_score is {value!r}. It must be a number from 0 to 1. Correct the value."
    )
    GP185 = (
        "A rule for labels is not valid: {reason}. Name each label once, either to "
        "rename it (--rename OLD=NEW) or to drop it (--drop LABEL)."
    )
    GP186 = (
        "You asked to rename or drop these labels, but no span has them: {names}. The "
        "corpus has: {known}. Correct the labels."
    )
    GP187 = (
        "{path} changed while it was read: the second reading gave another number of "
        "documents. Nothing was written. Convert it again."
    )
    GP188 = (
        "{option} {value} is not of the form NAME=VALUE, or names NAME twice. Pass "
        "every NAME once, as NAME=VALUE."
    )
    GP189 = (
        "The labels {first!r} and {label!r} (in document {name!r}) would both be "
        "written as {written!r} in {format}, and become one label. Rename one of them "
        "(convert's --rename), or write another format."
    )
    GP190 = (
        "Parts of {path} cannot be read: {reasons}. Files are never left out silently. "
        "Repair these parts or remove them. `spacy global-pointer convert` can leave "
        "them out with --exclude."
    )
    GP191 = (
        "Another process is converting into {path}. Wait until it ends, or name "
        "another output folder."
    )
    GP192 = (
        "{path}: {reason}. You do not have the permission to read or write there. "
        "Change the permissions, or name another place."
    )
    GP193 = (
        "The corpus {source} and the output folder {output} are the same, or one is "
        "inside the other. Files of the corpus would be replaced, or the output would "
        "be read as part of it. Name an output folder next to the corpus."
    )
    GP194 = (
        "{path} is not the summary of a conversion, and would be replaced. Name "
        "another output folder, or remove the file."
    )
    GP195 = (
        "{path} has files that are not written as {format!r} and would be lost: "
        "{names}. Name another folder, or move these files."
    )
    GP196 = (
        "{path} could not be written: {reason}. The disk is full, or your quota on it "
        "is used up. No incomplete file was left. Free some space, or name a place on "
        "another disk."
    )
    GP197 = (
        "There is not enough memory: {reason}. No incomplete file was left. Close "
        "other programs, or give the command less at once: several shorter files, "
        "smaller batches or shorter windows."
    )
    GP198 = (
        "There is no folder for temporary files: {reason}. Set the environment "
        "variable TMPDIR to a folder that you can write to."
    )
    GP199 = (
        "{path}: {reason}. It cannot be replaced as a whole: it is in use, or is a "
        "separate disk, such as a volume of a container. Name a file or folder inside "
        "it."
    )

    # Pre-training, training and configs
    GP200 = (
        "The tokenizer of the {name} encoder has no mask piece, such as [MASK], which "
        "the generator needs. Use an encoder that was trained with one."
    )
    GP201 = (
        "{path} is not a file or folder of texts. The name of a file must end in .txt, "
        ".txt.gz, .jsonl, .jsonl.gz or .spacy. Rename or unpack it, or pass other "
        "files."
    )
    GP202 = (
        "The texts give {n} different sequences of up to {length} word pieces, but at "
        "least {least} are needed. Pass more text, or a shorter --length."
    )
    GP203 = (
        "{path} exists. Remove it, or name another folder. --force replaces only a "
        "folder with a {note}, which this command writes."
    )
    GP204 = (
        "{path} has no checkpoint to continue from: {reason}. Start again without "
        "--resume. --force removes what is there."
    )
    GP205 = (
        "{path} belongs to another run, with different values: {others}. Pass the same "
        "encoder, texts and settings to the command, or start again with --force."
    )
    GP206 = (
        "{path} has the checkpoint of an interrupted run. Continue with --resume, or "
        "start again with --force."
    )
    GP207 = (
        "The loss of step {step}, or its gradient, is not a finite number. Continue "
        "from the last checkpoint on another device, or start again with a lower "
        "learning rate."
    )
    GP208 = "{name} is {value!r}. It must be {rule}. Correct the value."
    GP209 = (
        "A {kind} encoder cannot be pre-trained: its embeddings are not laid out like "
        "those of BERT. Use an encoder of the family of BERT, ELECTRA, RoBERTa, ALBERT "
        "or Longformer."
    )
    GP210 = (
        "{path} contains a training or its pipelines ({held}), which would be lost. "
        "Pass --resume to continue the training, --force to remove it and start again, "
        "or another --output."
    )
    GP211 = (
        "The training in {path} cannot be continued, because these things have "
        "changed:{changes}\nRestore them, pass --force to remove the training and "
        "start again, or name another --output. (Files may be elsewhere if their "
        "content is the same, and [training.logger] may change.)"
    )
    GP212 = (
        "{path} is damaged: {reason}. Nothing was changed. Copy it again from a "
        "backup, or pass --force to start again. model-best and model-last next to it "
        "are complete."
    )
    GP213 = (
        "The checkpoint {path} has the format {format!r}, but this version reads "
        "{known!r}. Continue with the version that wrote it, or pass --force to start "
        "again."
    )
    GP214 = (
        "The training corpus does not give the same batches as before the interruption "
        "(detected after {step} of {steps} steps). With the same files and random "
        "numbers, its reader, batcher and augmenter must give the same batches each "
        "time. Correct them, or pass --force to start again."
    )
    GP215 = (
        "{path} contains {held}, but no checkpoint, so there is nothing to continue. "
        "The checkpoint was removed, or the pipelines were made elsewhere. Pass "
        "--force to remove the pipelines and start again, or name another --output."
    )
    GP216 = (
        "The optimizer updates {n} parameters that are not in the model of any "
        "component: {names}. Their state cannot be stored. Give the component that has "
        "them an attribute `model` that holds them, or train with `spacy train`."
    )
    GP217 = (
        "The checkpoint has {n} parameters that the pipeline lacks. The first is "
        "{first!r}. The code of a component or of an architecture has changed. Restore "
        "that code, or pass --force to start again."
    )
    GP218 = (
        "Another process is training in {path}. Wait until it ends, or name another "
        "--output."
    )
    GP219 = (
        "--resume continues a training, and --force removes it. Pass only one of them."
    )
    GP220 = (
        "output_file of the training's logger is {path}, which is a folder. Name a "
        "file in it, such as log.jsonl."
    )
    GP221 = (
        "output_file of the training's logger is {path}, but the logger did not write "
        "line {line} of that file. Name another file, or remove that one."
    )
    GP222 = (
        "The corpus spacy-globalpointer.RareLabelsCorpus.v1 cannot be streamed "
        "(training.max_epochs = -1), because its repeated examples would not be "
        "shuffled. Set max_epochs to 0 or more, or use another corpus."
    )
    GP225 = (
        "{name} of the schedule spacy-globalpointer.cosine.v1 is {value!r}. It must be "
        "{rule}. Correct it in the config."
    )
    GP226 = (
        "{name} of the loss spacy-globalpointer.SpanLoss.v1 is {value!r}. It must be "
        "{rule}. Correct it in the config."
    )
    GP227 = (
        "least_share is {value!r}. It must be above 0 and at most 1. A label is rare "
        "if fewer examples than this fraction have it. Correct it in the config."
    )
    GP228 = (
        "There is no recipe {name!r}. The recipes are {known}. `spacy global-pointer "
        "config` lists them with their encoders."
    )
    GP229 = "{path} exists. Name another file, or pass --force to replace it."
    GP230 = (
        "The recipe {name!r} has no encoder, but {encoder!r} was given. Remove the "
        "encoder, or use a recipe of the encoder's family."
    )
    GP231 = (
        "{path} is damaged, so it is unknown what the encoder next to it was made "
        "from. Name another folder, or pass --force to make the encoder again."
    )
    GP232 = (
        "The runner {kind} needs the module {module}, which could not be imported: "
        "{reason}. Install it, in a clone: pip install '.[{kind}]'"
    )
    GP233 = (
        "The encoder cannot be accelerated: {reason}. Keep it in torch, with precision "
        '= "auto" in the config, or try another runner.'
    )
    GP234 = (
        "The accelerated pipeline ({runner}) loses {loss:.2f} points of {measure} on "
        "the sample. At most {limit} points are allowed, so nothing was changed or "
        "written. Choose a precision that is more exact (f32, then bf16 and "
        "int8-weights), or allow more with max_drop (--max-drop)."
    )
    GP235 = (
        "The encoder is accelerated: it has no weights to train, change or save. Use "
        "the pipeline that it was made from, and accelerate the result again."
    )
    GP236 = (
        "The encoder of {name!r} cannot be accelerated: {reason}. Accelerate a "
        "pipeline whose encoder is spacy-globalpointer.TransformerModel.v1, as it was "
        "trained."
    )
    GP237 = (
        "There is no runner {kind!r} with the precision {precision!r}. The runners and "
        "their precisions are {known}. Choose one of them."
    )
    GP238 = (
        "The sample has no text with a token. It is needed to check the accelerated "
        "pipeline. Pass texts like those that the pipeline will read."
    )
    GP239 = (
        "The encoder is accelerated by {kind}, which computes on the CPU, but {device} "
        "was chosen. Use the pipeline without spacy.require_gpu() or --gpu-id, or the "
        "pipeline that it was made from."
    )
    GP240 = (
        "Line {line} of {path}, which holds the metrics of the pre-training, is "
        "damaged: {reason}. Remove the file to continue without the earlier metrics, "
        "or start again with --force."
    )
    GP241 = (
        "{option} is {value!r}, which a config cannot hold: it contains {what}. Use "
        "another name. If it is a folder, rename it, or make a link to it."
    )
    GP242 = (
        "The layers {layers} were chosen, but the encoder has {n} layers, 0 to {last}. "
        "Pass some of these numbers, each once and in ascending order."
    )
    GP243 = (
        "The layers of this {kind} encoder cannot be separated: {reason}. Use an "
        "encoder each of whose layers has weights of its own, such as BERT, RoBERTa, "
        "ELECTRA, DistilBERT or Longformer."
    )
    GP244 = (
        "The pipeline {pipeline} could not be loaded: {reason}. Name the folder of a "
        "pipeline, or a package that is installed, and try it with spacy.load."
    )
    GP245 = (
        "The pipeline {pipeline} failed while it was timed: {reason}. Nothing was "
        "written. Run the pipeline on the texts with spacy.load to see where it fails."
    )
    GP246 = (
        "{whose} have no words, so there is nothing to time. Name files with texts in "
        "the pipeline's language with --texts."
    )
    GP247 = (
        "On the sample, torch finds no {kind}, so the check could not see any loss. "
        "The sample must have at least one {kind} that the pipeline finds before it is "
        "accelerated. Pass more texts like those that the pipeline will read, or train "
        "the pipeline first."
    )
    GP248 = (
        "The memory is being changed, and the examples or sources that are read for "
        "that try to change it again. Only one change at a time is possible. Pass "
        "lists instead of a generator that calls remember, forget or refresh_memory."
    )
    GP249 = (
        "{whose} runs no global_pointer named {name!r}; its components of this kind: "
        "{names}. Student and teachers need one of the same name. Name it with "
        "--component, or use another pipeline."
    )
    GP250 = (
        "The teacher {path} has the labels {teacher}, and the student and its gold "
        "spans have {student}. They must be the same. Use a teacher that was trained "
        "with these labels, or rename or drop the others in the corpus."
    )
    GP251 = (
        "The teacher {path} is for the language {teacher!r}, and the student for "
        "{student!r}. They must have the same language, because the teacher reads the "
        "student's tokens. Set [nlp] lang in the student's config to {teacher!r}."
    )
    GP252 = (
        "The tokenizers of the teacher {path} and of the student make different tokens "
        "of the same text: {teacher!r} and {student!r}. They must make the same. Use "
        "the teacher's [nlp.tokenizer] settings in the student's config, and copy the "
        "tokenizer in [initialize.before_init] if the teacher's was changed."
    )
    GP253 = (
        "The teacher {path} and the output folder {output} contain each other. The "
        "training would replace the teacher. Choose another --output."
    )
    GP254 = (
        "{n} teachers were given with a weight of vectors or of queries and keys. "
        "Only one teacher's can be imitated. Set --vector-weight and --pointer-weight "
        "to 0, or give one teacher."
    )
    GP255 = (
        "There is nothing to learn from: {reason}. Name raw texts that are not empty "
        "with --texts, or annotated ones with --paths.train."
    )
    GP256 = (
        "The student cannot imitate the teacher's {what}: the teacher has {teacher}, "
        "the student {student}. Heads must be of the same kind and width, and the "
        "student's token vectors must not be wider. Set --pointer-weight or "
        "--vector-weight to 0, or change the student's config."
    )

    # Annotating many documents
    GP257 = "The setting {name} is {value!r}, but must be {rule}. Pass another value."
    GP258 = (
        "{source} has no {name!r}, which was named as a column of the documents. It "
        "has {known}. Name the column of the texts with --text, that of the ids with "
        "--id, and others to copy with --keep."
    )
    GP259 = (
        "The pipeline {pipeline} failed in a worker process: {reason}. Finished shards "
        "were kept. Run the pipeline on some of the texts with spacy.load to see where "
        "it fails, and run the same command again to continue."
    )
    GP260 = (
        "{source} has no id in {name!r}: {value!r}. Each document must have an id "
        "there, a whole number of 64 bits or a text that is not empty. Add the missing "
        "ids, or name another column with --id."
    )
    GP261 = (
        "The documents {first} and {second} have the same id, {value!r}. Ids must be "
        "unique, because results are found by them. Remove the copy, or name another "
        "column with --id."
    )
    GP262 = (
        "The id of {source} in {name!r} is {value!r}, {found}, but earlier ids are "
        "{known}. All ids must be whole numbers of 64 bits, or all must be texts. "
        "Write them in one form."
    )
    GP263 = (
        "{file} has the column {name!r} of type {found}, but {first} has it of type "
        "{known}. All files must have the same types. Convert one of the files, or "
        "annotate them in separate runs."
    )
    GP264 = (
        "{path} has files of several kinds: {kinds}. A run reads files of one kind. "
        "Move each kind into a folder of its own, and annotate the folders in separate "
        "runs."
    )
    GP265 = (
        "{path} changed while it was read: {reason}. Results would belong to other "
        "documents. Let no program write there, and run the same command again."
    )
    GP266 = (
        "The text is {found}. It must be a string of valid characters. The document "
        "was not annotated. Correct the text."
    )
    GP267 = (
        "The text has more than {limit:,} characters (max_chars). The document was not "
        "annotated. Split it, or allow more characters if there is enough memory."
    )
    GP268 = (
        "The pipeline failed on this text: {reason}. The document was not annotated. "
        "Run the pipeline on the text alone to see where it fails."
    )
    GP269 = (
        "The system ended the worker process twice while it read this text alone "
        "({reason}), usually for lack of memory. The document was not annotated. Split "
        "it, or annotate it on a machine with more memory."
    )
    GP270 = (
        "{reason}, so it is not known which spans to return. The pipeline's components "
        "are {names}. Name the key of the spans in doc.spans with --spans-key, or as "
        "spans_key in Python."
    )
    GP271 = (
        "{path} has the results of another run: {changes}. Results of different runs "
        "must not be mixed. Choose another output folder, repeat the earlier command "
        "to continue that run, or remove the folder."
    )
    GP272 = (
        "{path} cannot be used as output folder: {reason}. Choose a folder that is "
        "new, empty or that an earlier run of the same command wrote."
    )
    GP273 = (
        "Another process annotates into {path}. Wait until it has ended, or choose "
        "another output folder."
    )
    GP274 = (
        "The system ended worker processes again and again at shard {shard} (documents "
        "{first} to {last} of the input): {reason}. Finished shards were kept. Use "
        "fewer workers, or a machine with more memory, and run the same command again."
    )
    GP275 = (
        "{what} needs {module}, which is not installed. Install it, in a clone: pip "
        "install '.[{extra}]'{otherwise}"
    )


class Warnings(metaclass=_Coded):
    """Texts for ``warnings.warn``, by code. ``str.format`` fills in the fields."""

    # The component, its model, the encoder, tuning and evaluation
    GPW001 = (
        "'{name}' got no vector for any of the {n} tokens of a batch, so it cannot "
        "find spans. The transformer (or tok2vec) that it listens to is disabled or "
        "missing, or drops all their characters. Enable it, or replace the listener "
        "with nlp.replace_listeners."
    )
    GPW002 = (
        "'{name}' got no vector for {n} of the {total} tokens of a batch, so it will "
        "miss spans there. The encoder cut the tokens off at its maximum length, or "
        "its tokenizer drops their characters. Use "
        "spacy-globalpointer.TransformerModel.v1, which cuts off nothing, or shorter "
        "windows ([components.transformer.model.get_spans]). Further batches are not "
        "reported."
    )
    GPW003 = (
        "'{name}' cannot learn {n} of {n_spans} gold spans under doc.spans[{key!r}]: "
        "they do not begin and end at token boundaries. The evaluation counts them as "
        "missed. `spacy global-pointer convert` lists them in rejects.jsonl."
    )
    GPW004 = (
        "'{name}' found {n} spans above the threshold in a document and kept the "
        "{limit} most probable (max_spans_per_doc). This is normal with a threshold "
        "near 0 or an untrained model. Otherwise raise max_spans_per_doc. Further "
        "documents are not reported."
    )
    GPW005 = (
        "[training.score_weights] counts {weights}, but '{name}' writes its scores as "
        "{mine}f, {mine}p and {mine}r. The training would not choose the best model by "
        "these scores. Set {mine}f = 1.0 in [training.score_weights]."
    )
    GPW006 = (
        "'{name}' cannot learn {n} of {n_spans} gold spans under doc.spans[{key!r}]: "
        "they are longer than max_span_length = {bound} (the longest has {longest} "
        "tokens). The evaluation counts them as missed. Raise max_span_length, or set "
        "it to null."
    )
    GPW007 = (
        "'{name}': {n} of {n_docs} documents have no doc.spans[{key!r}]. Training uses "
        "them as documents without spans, but the scorer leaves them out. Set "
        "doc.spans[{key!r}] = [] on documents that were annotated and have no spans."
    )
    GPW008 = (
        "The settings {changed} of '{name}' were changed at run time. They are not "
        "saved: the config holds the settings. Assign them as attributes of the "
        "component (nlp.get_pipe({name!r}).SETTING = VALUE), which changes the config "
        "too. If the component was sourced from another pipeline, also set "
        'nlp.get_pipe_config({name!r})["SETTING"] = VALUE. You can also load the '
        'pipeline with spacy.load(path, config={{"components.{name}.SETTING": '
        "VALUE}}), or edit its config.cfg."
    )
    GPW009 = (
        "'{name}' cannot return about {n} of {n_spans} gold spans under "
        "doc.spans[{key!r}], because overlap = {overlap!r} does not allow them "
        "together with the others. The evaluation counts them as missed. Set overlap "
        'to "any", or to "nested" if no two spans cross.'
    )
    GPW012 = (
        "The present thresholds {thresholds} of '{name}' are below {lowest}, the "
        "lowest probability of a span that was considered. Their scores are those of "
        "the threshold {lowest}. Pass a smaller --lowest to see their own scores."
    )
    GPW013 = (
        "The best threshold of '{name}' keeps all spans that were considered, so one "
        "below {lowest} may be better. Pass a smaller --lowest."
    )
    GPW014 = (
        "{n} of {total} documents have no doc.spans[{key!r}] and are left out as not "
        "annotated. Set doc.spans[{key!r}] = [] on documents that were annotated and "
        "have no spans."
    )
    GPW015 = (
        "There are only {gold} in {documents}. Thresholds chosen on so few spans say "
        "little about other spans. Tune on more documents, or keep the present "
        "thresholds."
    )
    GPW016 = (
        "'{name}' weights labels by their number of gold spans, but saw none of "
        "{labels} when it was initialized. (From a streamed corpus it sees only 100 "
        "examples.) These labels have the weight 1. Set label_weights for each label "
        "instead."
    )
    GPW017 = (
        "No file of {path} matches --exclude {patterns}. A pattern is compared with a "
        "file's path in the corpus and with its name, and * matches any text. The "
        "corpus has: {names}. Correct the pattern, or remove it."
    )
    GPW018 = (
        "transformer_config sets {setting!r}, which the {kind} of the encoder {name} "
        "does not have, so it does nothing. Settings with similar names are: {near}. "
        "Correct the name, or remove the setting."
    )
    GPW040 = (
        "Groups of doc.spans give different scores to the same span: {keys}. A Span "
        "does not know its group, so span._.span_score is None. Read the scores of one "
        "group with spacy_globalpointer.span_scores(doc.spans[KEY])."
    )
    GPW043 = (
        "This CPU has neither VNNI nor AMX, which the precision int8 needs. The "
        "pipeline is hardly faster here than in float32. If it was accelerated on "
        "another kind of CPU, sums may overflow, and spans may be wrong. Run `spacy "
        "global-pointer accelerate` on this machine, which checks the spans."
    )
    GPW044 = (
        "This CPU has no instructions for the precision {precision}, so OpenVINO "
        "computes in float32 instead. The spans are right, but the pipeline is slower "
        "than on a CPU with AVX512-BF16, VNNI or AMX."
    )
    GPW045 = (
        "On the sample, the accelerated pipeline reads {own:,.0f} words per second, "
        "and the pipeline in torch {torch:,.0f}. An accelerated pipeline is of use "
        "only if it is faster. Use the pipeline that it was made from, or try another "
        "precision."
    )
    GPW046 = (
        "The texts have fewer tokens than the lengths {lengths}, so texts of these "
        "lengths repeat parts of the text. Pass more text for times like those of your "
        "own documents."
    )
    GPW047 = (
        "{threads} threads were asked for, but this process may use {cpus} CPUs. More "
        "threads than CPUs are not useful, and their times say little. Pass fewer."
    )
    GPW048 = (
        "The teacher {path} revises its scores with a memory. The student learns the "
        "scores of the teacher's model, without it. If the memory matters, let the "
        "student remember the same spans after its training."
    )
    GPW050 = (
        "'{name}' has no setting {given!r}, so assigning it changes nothing. Did you "
        "mean {near!r}?"
    )
    GPW051 = (
        "{documents} no annotation with a span. There are predictions, but they were "
        "not used. To convert the predictions, pass --option predictions=true."
    )
    GPW052 = (
        "'{name}' was trained after spans were remembered, so predictions do without "
        "its memory. After the training, nlp.get_pipe({name!r}).refresh_memory() reads "
        "the remembered texts again, and forget(everything=True) removes them."
    )
    GPW053 = (
        "{n:,} of {total:,} documents were not annotated. Their rows have no spans, "
        "and say why in the column error. The first one is {name!r}: {reason}"
    )

    # The corpus tools
    GPW115 = (
        "{file}: the offsets are read as {chosen}, because {spans} the texts only in "
        "this reading. The format usually has {first}. If this reading is wrong, "
        "correct the offsets, or name how to read them with the format's options "
        "(docs/formats.md)."
    )
    GPW125 = (
        "An earlier process was killed while it replaced {path}, or files in it. The "
        "replacement was undone, and the earlier content is back."
    )
    GPW126 = (
        "These links in {path} lead to folders that are read by another path, or that "
        "contain the links. They were not read again: {names}."
    )
    GPW129 = (
        "{format} has its own fields with these names, so metadata with these names "
        "was not written: {keys}. Rename them, or choose a format that keeps metadata "
        "separate, such as jsonl."
    )

    # Training and configs
    GPW210 = (
        "The training was interrupted on another machine: {changes}. The last digits "
        "of the weights may differ from those of a training without interruption."
    )
    GPW211 = (
        "The best pipeline so far, model-best, is missing from {path}. The training "
        "writes a new one only if a later evaluation is better than all before."
    )
    GPW212 = (
        "The encoder {encoder} does not exist yet, but the config names it. Make sure "
        "that it exists when you train. A relative path starts in the folder where "
        "`spacy train` is run."
    )
    GPW213 = (
        "spaCy has no language with the code {lang!r}. Pass one such as en, de or zh, "
        "or xx for any language. If you defined the language yourself, pass its Python "
        "file to `spacy train` with --code."
    )
