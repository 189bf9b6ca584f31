"""Models with an encoder, for spaCy's `transformer` component and as a tok2vec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Tuple, cast

from spacy.tokens import Doc
from spacy_transformers.data_classes import FullTransformerBatch
from spacy_transformers.layers import split_trf_batch, trfs2arrays
from thinc.api import Model, chain
from thinc.types import Floats2d, Ragged
from thinc.util import torch2xp

from ..errors import Errors, is_coded
from ..machine_faults import is_shortage
from ..values import Setting, is_number, is_text, is_whole
from .batch_shapes import CALL_COST
from .batches import WindowBatch, batch_windows
from .encoder_shim import EncoderShim
from .folders import load_encoder
from .global_attention import GlobalAttention
from .output import EncodedBatch
from .pieces import Pieces, split_pieces, tokens_to_pieces
from .precision import check_name
from .pretrained import Encoder
from .remote_code import with_trust

#: Name of the architecture that `nlp.replace_listeners` makes from the model.
TOK2VEC = "spacy-globalpointer.Tok2VecTransformer.v1"


def build_transformer_model_v1(
    name: Setting,
    window: Setting = None,
    context: Setting = 16,
    max_pieces: Setting = 4096,
    precision: Setting = "auto",
    checkpointing: Setting = False,
    global_attention: Optional[GlobalAttention] = None,
    tokenizer_config: Setting = None,
    transformer_config: Setting = None,
    layer_decay: Setting = 1.0,
    frozen_layers: Setting = None,
    keep_token_borders: Setting = False,
) -> Model[List[Doc], FullTransformerBatch]:
    """Build `spacy-globalpointer.TransformerModel.v1`: an encoder for documents of any
    length, which replaces `spacy-transformers.TransformerModel.v3`.

    name (str): A folder with an encoder and its tokenizer, a model's name on a hub, or
        the folder of a trained pipeline.
    window (Optional[int]): Highest number of word pieces that the encoder reads at
        once; null for as many as it can.
    context (int): Word pieces of context that a window reads on each side of its own
        part, so that every piece is read with at least this many neighbours.
    max_pieces (int): Highest number of word pieces in a batch of windows.
    precision (str): "fp32", "bf16", "fp16", or "auto": bf16 where it is faster.
        Token vectors are float32 in any case.
    checkpointing (bool): Train with the memory of only one batch of windows, at the
        cost of another forward pass.
    global_attention (Optional[GlobalAttention]): Tokens that see their whole window,
        for encoders with sparse attention.
    tokenizer_config (Optional[Dict[str, Any]]): Settings for
        `AutoTokenizer.from_pretrained`.
    transformer_config (Optional[Dict[str, Any]]): Settings for
        `AutoConfig.from_pretrained`.
    layer_decay (float): Factor of the learning rate from a layer to the layer below,
        above 0 and at most 1.
    frozen_layers (Optional[int]): Number of the lowest layers that are not trained, in
        addition to the embeddings. 0 freezes only the embeddings, null nothing.
    keep_token_borders (bool): Whether each word piece is inside a single token. If not,
        tokens that share a piece share its vector, such as 北 and 京 the piece 北京.
    RETURNS (Model[List[Doc], FullTransformerBatch]): The model.
    RAISES (ValueError): GP012, GP030, GP045 or GP063 if a setting is of the wrong type
        or out of its range; GP065 if one asks to run code that is not trusted. Other
        checks need the encoder, and are made when it is loaded.
    """
    settings = Settings(
        name,
        window,
        context,
        max_pieces,
        global_attention,
        {} if tokenizer_config is None else tokenizer_config,
        {} if transformer_config is None else transformer_config,
        keep_token_borders,
    )
    settings.check()
    check_name(precision)
    _check_training(checkpointing, layer_decay, frozen_layers)
    shim = EncoderShim(precision, checkpointing, layer_decay, frozen_layers)
    layer: Model = Model("encoder", _run, shims=[shim])
    return TransformerModel(
        "transformer",
        forward,
        init=init,
        layers=[layer],
        dims={"nO": None},
        attrs={
            "settings": settings,
            "replace_listener": replace_listener,
            "replace_listener_cfg": replace_listener_cfg,
        },
    )


@dataclass(frozen=True)
class Settings:
    """Settings of `build_transformer_model_v1` that its forward pass needs. They come
    only from the config, and are not stored with the model."""

    name: str
    window: Optional[int]
    context: int
    max_pieces: int
    global_attention: Optional[GlobalAttention]
    tokenizer_config: Dict[str, Any]
    transformer_config: Dict[str, Any]
    keep_token_borders: bool = False

    def check(self) -> None:
        """Check the types of the settings.

        RAISES (ValueError): GP012, GP063 or GP065.
        """
        _check(
            "name",
            self.name,
            is_text(self.name),
            "the name of an encoder or its folder",
        )
        if self.window is not None and not is_whole(self.window, least=1):
            raise ValueError(Errors.GP012.format(name="window", value=self.window))
        if not is_whole(self.max_pieces, least=1):
            fields = {"name": "max_pieces", "value": self.max_pieces}
            raise ValueError(Errors.GP012.format(**fields))
        fits = is_whole(self.context)
        _check("context", self.context, fits, "a whole number of at least 0")
        fits = isinstance(self.keep_token_borders, bool)
        value = self.keep_token_borders
        _check("keep_token_borders", value, fits, "true or false")
        for key in ("tokenizer_config", "transformer_config"):
            value = getattr(self, key)
            _check(key, value, isinstance(value, dict), "a section of settings")
            with_trust(self.name, value)

    def window_of(self, encoder: Encoder) -> int:
        """Return the highest number of pieces of a window, including special ones.

        encoder (Encoder): The encoder that reads the windows.
        RETURNS (int): The number.
        RAISES (ValueError): GP032 if it is too small, or more than the encoder can
            read; GP036 if it is not known.
        """
        window = self.window or encoder.max_window
        n_special = len(encoder.special.before) + len(encoder.special.after)
        if not window:
            raise ValueError(Errors.GP036.format(name=self.name))
        fits = not encoder.max_window or window <= encoder.max_window
        if self.context < 0 or window <= n_special + 2 * self.context or not fits:
            raise ValueError(
                Errors.GP032.format(
                    window=window,
                    context=self.context,
                    lowest=n_special + 2 * max(0, self.context) + 1,
                    limit=encoder.max_window or "any number of",
                )
            )
        return window

    def split(self, encoder: Encoder, docs: List[Doc]) -> List[Pieces]:
        """Split documents into pieces.

        encoder (Encoder): The encoder that reads the pieces.
        docs (List[Doc]): The documents, of any length.
        RETURNS (List[Pieces]): The pieces of each document.
        """
        borders = encoder.token_borders if self.keep_token_borders else None
        return split_pieces(encoder.tokenizer, docs, borders)


def _check_training(
    checkpointing: bool, layer_decay: float, frozen_layers: Optional[int]
) -> None:
    fits = isinstance(checkpointing, bool)
    _check("checkpointing", checkpointing, fits, "true or false")
    if not is_number(layer_decay) or not 0 < layer_decay <= 1:
        raise ValueError(Errors.GP045.format(value=layer_decay))
    fits = frozen_layers is None or is_whole(frozen_layers, least=0)
    _check(
        "frozen_layers", frozen_layers, fits, "a whole number of at least 0, or null"
    )


def _check(name: str, value: object, is_right: bool, rule: str) -> None:
    if not is_right:
        raise ValueError(Errors.GP063.format(name=name, value=value, rule=rule))


class TransformerModel(Model):
    """Model of the encoder. It stores its width and the encoder, which must match."""

    def from_bytes(self, bytes_data: bytes) -> TransformerModel:
        """Load the result of `to_bytes`.

        bytes_data (bytes): The bytes.
        RETURNS (TransformerModel): The model.
        RAISES (ValueError): GP038 if the bytes are damaged; GP034, GP035 or GP065 if
            the encoder cannot be used.
        """
        try:
            super().from_bytes(bytes_data)
        except Exception as error:  # msgpack and Thinc raise many kinds of errors
            if is_coded(error) or is_shortage(error):
                raise
            raise ValueError(Errors.GP038.format(reason=error)) from error
        encoder = get_shim(self).encoder
        if encoder is not None and self.maybe_get_dim("nO") != encoder.width:
            reason = (
                f"its vectors should have the width {self.maybe_get_dim('nO')}, "
                f"but have {encoder.width}"
            )
            raise ValueError(Errors.GP038.format(reason=reason))
        return self


def build_tok2vec_transformer_v1(
    name: Setting,
    pooling: Model[Ragged, Floats2d],
    grad_factor: float = 1.0,
    window: Setting = None,
    context: Setting = 16,
    max_pieces: Setting = 4096,
    precision: Setting = "auto",
    checkpointing: Setting = False,
    global_attention: Optional[GlobalAttention] = None,
    tokenizer_config: Setting = None,
    transformer_config: Setting = None,
    layer_decay: Setting = 1.0,
    frozen_layers: Setting = None,
    keep_token_borders: Setting = False,
) -> Model[List[Doc], List[Floats2d]]:
    """Build `spacy-globalpointer.Tok2VecTransformer.v1`: the same encoder inside a
    single component, without a `transformer` before it. The other settings are those of
    `build_transformer_model_v1`.

    pooling (Model[Ragged, Floats2d]): Layer that makes a token's vector from those of
        its pieces.
    grad_factor (float): Factor of the gradient that reaches the encoder.
    RETURNS (Model[List[Doc], List[Floats2d]]): The model.
    """
    encoder = build_transformer_model_v1(
        name,
        window,
        context,
        max_pieces,
        precision,
        checkpointing,
        global_attention,
        tokenizer_config,
        transformer_config,
        layer_decay,
        frozen_layers,
        keep_token_borders,
    )
    # A replaced listener has the same form.
    return chain(replace_listener(encoder), trfs2arrays(pooling, grad_factor))


def replace_listener(model: Model) -> Model:
    """Make the model that `nlp.replace_listeners` uses instead of a listener."""
    return chain(model, cast(Any, split_trf_batch()))


def replace_listener_cfg(
    model_cfg: Dict[str, Any], listener_cfg: Dict[str, Any]
) -> Dict[str, Any]:
    """Make the config of the model that `nlp.replace_listeners` uses instead of a
    listener."""
    result = {**model_cfg, "@architectures": TOK2VEC}
    for key in ("pooling", "grad_factor"):
        if key in listener_cfg:
            result.setdefault(key, listener_cfg[key])
    return result


def init(model: Model, X: Any = None, Y: Any = None) -> None:
    """Load the encoder, unless a stored one has been loaded."""
    shim = get_shim(model)
    shim.check_trainable()
    if shim.encoder is not None:
        return
    settings: Settings = model.attrs["settings"]
    encoder = load_encoder(
        settings.name, settings.tokenizer_config, settings.transformer_config
    )
    settings.window_of(encoder)
    _check_global_attention(settings, encoder)
    shim.encoder = encoder
    model.set_dim("nO", encoder.width)


def get_shim(model: Model) -> EncoderShim:
    """Return the shim that holds the model's encoder."""
    return cast(EncoderShim, model.layers[0].shims[0])


def _check_global_attention(settings: Settings, encoder: Encoder) -> None:
    if settings.global_attention and not encoder.has_global_attention:
        kind = encoder.module.config.model_type
        raise ValueError(Errors.GP040.format(name=settings.name, kind=kind))


def forward(
    model: Model[List[Doc], FullTransformerBatch], docs: List[Doc], is_train: bool
) -> Tuple[FullTransformerBatch, Callable]:
    """Compute the vectors of the documents' pieces, without leaving out any."""
    encoder = get_shim(model).encoder
    if encoder is None:
        raise ValueError(Errors.GP039)
    pieces = model.attrs["settings"].split(encoder, docs)
    batches = _plan(model, encoder, docs, pieces, is_train)
    vectors, backprop_encoder = model.layers[0](batches, is_train)
    special, strings = encoder.special, encoder.strings
    output = EncodedBatch.from_vectors(docs, pieces, vectors, strings, special.pad)

    def backprop(d_output: FullTransformerBatch) -> List[Doc]:
        for gradient in d_output.model_output.values():
            backprop_encoder(gradient)
        return docs

    return output, backprop


def _plan(
    model: Model,
    encoder: Encoder,
    docs: List[Doc],
    pieces: List[Pieces],
    is_train: bool,
) -> List[WindowBatch]:
    settings: Settings = model.attrs["settings"]
    shim = get_shim(model)
    rule = settings.global_attention
    is_global = None
    if rule is not None:
        _check_global_attention(settings, encoder)
        is_global = [tokens_to_pieces(own, rule(doc)) for own, doc in zip(pieces, docs)]
    return batch_windows(
        pieces,
        encoder.special,
        window=settings.window_of(encoder),
        context=settings.context,
        max_pieces=settings.max_pieces,
        max_filling=CALL_COST if shim.device.type == "cpu" else settings.max_pieces,
        coarseness=_coarseness(shim, is_train),
        is_global=is_global,
        first_is_global=rule is not None and rule.first,
    )


def _coarseness(shim: EncoderShim, is_train: bool) -> int:
    """Choose the coarseness of the batches: few shapes save memory on a CPU."""
    if shim.device.type != "cpu":
        return 0
    if not shim.computes_exactly:
        return 2
    return 0 if is_train else 1  # training in float32 stores little per shape


def _run(
    model: Model[List[WindowBatch], Floats2d],
    batches: List[WindowBatch],
    is_train: bool,
) -> Tuple[Floats2d, Callable]:
    """Compute the vectors of the pieces of batches of windows."""
    shim = cast(EncoderShim, model.shims[0])
    if not batches:
        width = cast(Encoder, shim.encoder).width
        return model.ops.alloc2f(0, width), lambda gradient: None
    vectors, backprop = shim(batches, is_train)
    return cast(Floats2d, torch2xp(vectors)), backprop
