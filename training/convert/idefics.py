"""IDEFICS: one Hugging Face folder with everything in it."""

import numpy as np

from training.convert.architecture import Flamingo, IdeficsBlocks, Resampler, every_first
from training.convert.encoders import clip_weights, read_clip
from training.convert.languages import language_weights, read_decoder
from training.convert.source import Places, Source, Tokens, open_tokenizer, start_token
from training.convert.tensors import Floats, Read, Tensors, Weights, open_tensors, put, read_config
from training.prompts import Prompt

FAKE, IMAGE = "<fake_token_around_image>", "<image>"
INSTRUCT_END = "<end_of_utterance>"
PROMPTS = {
    "caption": Prompt("<image>Caption:", 30),
    "question": Prompt("<image>Question: {question} Answer:", 16),
}
INSTRUCT_PROMPTS = {
    "question": Prompt("User:<image>{question}<end_of_utterance>\nAssistant:", 64),
    "describe": Prompt("User:<image>Describe this image.<end_of_utterance>\nAssistant:", 96),
}
_RESAMPLER = {
    "media_norm": "0.context_layer_norm",
    "latents_norm": "0.latents_layer_norm",
    "q_norm": "0.q_layer_norm",
    "k_norm": "0.k_layer_norm",
    "q": "0.q_proj",
    "k": "0.k_proj",
    "v": "0.v_proj",
    "out": "0.output_proj",
    "ff_norm": "1.ln",
    "up": "1.fc",
    "down": "1.c_proj",
}
_BLOCK = {
    "norm": "input_layernorm",
    "q": "cross_attn.q_proj",
    "k": "cross_attn.k_proj",
    "v": "cross_attn.v_proj",
    "out": "cross_attn.o_proj",
    "q_norm": "cross_attn.q_layer_norm",
    "k_norm": "cross_attn.k_layer_norm",
    "ff_norm": "post_attention_layernorm",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
}
_GATES = {"attn_gate": "alpha_cross_attn", "ff_gate": "alpha_dense"}


def read_idefics(config: dict) -> Flamingo:
    """The architecture of a `config.json`.

    Raises:
        ValueError: an IDEFICS without a resampler, which was never published.
    """
    if not config.get("use_resampler"):
        raise ValueError("this IDEFICS has no resampler: its media tokens would differ in number")
    decoder = read_decoder({**config, "model_type": "llama"})
    encoder = read_clip({"hidden_act": "gelu", **config["vision_config"]}, class_token=True)
    perceiver = config["perceiver_config"]
    return Flamingo(
        decoder,
        encoder,
        Resampler(
            depth=perceiver["resampler_depth"],
            width=encoder.width,
            latents=perceiver["resampler_n_latents"],
            heads=perceiver["resampler_n_heads"],
            head_size=perceiver["resampler_head_dim"],
            ffw=encoder.width * 4,
            activation="relu",
            qk_norm=bool(perceiver.get("qk_layer_norms_perceiver")),
        ),
        IdeficsBlocks(
            layers=every_first(decoder.layers, config["cross_layer_interval"]),
            heads=decoder.heads,
            head_size=decoder.head_size,
            ffw=decoder.ffw,
            norm_eps=decoder.norm_eps,
            qk_norm=bool(config.get("qk_layer_norms")),
            vector_gates=config.get("alpha_type", "float") == "vector",
        ),
    )


def _bridge(model: Flamingo, tensors: Tensors) -> Weights:
    perceiver = "model.perceiver_resampler"
    out = Weights({"perceiver.latents": tensors[f"{perceiver}.latents"]})
    put(out, "perceiver.norm", tensors, f"{perceiver}.layer_norm")
    for i in range(model.resampler.depth):
        for ours, theirs in _RESAMPLER.items():
            put(out, f"perceiver.{i}.{ours}", tensors, f"{perceiver}.blocks.{i}.{theirs}")
    for i in range(len(model.blocks.layers)):
        name = f"model.gated_cross_attn_layers.{i}"
        for ours, theirs in _BLOCK.items():
            put(out, f"blocks.{i}.{ours}", tensors, f"{name}.{theirs}")
        for ours, theirs in _GATES.items():
            out[f"blocks.{i}.{ours}"] = tensors[f"{name}.{theirs}"]
    return out


def _joined(tensors: Tensors, base: str, more: str) -> Read:
    """A decoupled table as one: the vocabulary's rows, then those of the new tokens."""

    def rows() -> Floats:
        extra = [tensors[more]()] if more in tensors else []
        return np.concatenate([tensors[base](), *extra])

    return rows


def open_idefics(places: Places) -> Source:
    """`--checkpoint FOLDER`: nothing else is needed."""
    config = read_config(places.checkpoint)
    tensors = open_tensors(places.checkpoint)
    model = read_idefics(config)
    language = language_weights(model.language, tensors)
    table = "model.embed_tokens"
    language["embed.weight"] = _joined(
        tensors, f"{table}.weight", f"{table}.additional_embedding.weight"
    )
    language["head.weight"] = _joined(tensors, "lm_head.weight", "lm_head.additional_fc.weight")
    tokenizer = open_tokenizer(places.checkpoint)
    ids = {name: tokenizer.token_to_id(name) for name in (FAKE, IMAGE, INSTRUCT_END, "</s>")}
    if ids[FAKE] is None or ids[IMAGE] is None:
        raise ValueError(f"the tokenizer lacks {FAKE} or {IMAGE}: is it IDEFICS's?")
    end = ids[INSTRUCT_END]
    instruct = end is not None
    return Source(
        kind="idefics",
        model=model,
        language=language,
        bridge=_bridge(model, tensors),
        vision=clip_weights(model.encoder, tensors),
        tokenizer=tokenizer,
        tokens=Tokens(
            start=start_token(tokenizer),
            image=ids[IMAGE],
            end=end if end is not None else ids["</s>"],
            banned=(ids[IMAGE], ids[FAKE]),
            picture=(ids[FAKE], ids[IMAGE], ids[FAKE]),
            at=1,
            shared=True,
            markup={INSTRUCT_END: end} if end is not None else {},
        ),
        prompts=INSTRUCT_PROMPTS if instruct else PROMPTS,
        resize="stretch",
        licence="new weights MIT; language model LLaMA-1 (non-commercial research)",
    )
