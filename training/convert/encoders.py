"""CLIP's vision transformer from its Hugging Face `config.json` and weights."""

from typing import Any

from training.convert.architecture import ClipVit
from training.convert.tensors import Tensors, Weights

# On values of 0..1, as CLIP's published preprocessing has them.
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

_LAYER = {
    "attn_norm": "layer_norm1",
    "q": "self_attn.q_proj",
    "k": "self_attn.k_proj",
    "v": "self_attn.v_proj",
    "o": "self_attn.out_proj",
    "ffn_norm": "layer_norm2",
    "up": "mlp.fc1",
    "down": "mlp.fc2",
}


def read_clip(config: dict[str, Any], class_token: bool) -> ClipVit:
    """From the configuration of a vision model, or of a whole CLIP. IDEFICS calls the width `embed_dim`.

    Raises:
        ValueError: an activation that is neither GELU nor QuickGELU.
    """
    c = config.get("vision_config", config)
    activation = c.get("hidden_act", "quick_gelu")
    if activation not in ("quick_gelu", "gelu"):
        raise ValueError(
            f'the encoder has the activation "{activation}"; known are gelu, quick_gelu'
        )
    return ClipVit(
        size=c.get("image_size", 224),
        patch=c.get("patch_size", 14),
        width=c["embed_dim"] if "embed_dim" in c else c["hidden_size"],
        layers=c["num_hidden_layers"],
        heads=c["num_attention_heads"],
        ffw=c["intermediate_size"],
        activation=activation,
        class_token=class_token,
        norm_eps=c.get("layer_norm_eps", 1e-5),
    )


def clip_weights(spec: ClipVit, tensors: Tensors) -> Weights:
    """The encoder's weights under the names of `training/graphs/family/vision.py`."""
    prefix = tensors.prefix(r"embeddings\.class_embedding")
    out = Weights(
        {
            "class": tensors[f"{prefix}embeddings.class_embedding"],
            "patches.weight": tensors[f"{prefix}embeddings.patch_embedding.weight"],
            "places.weight": tensors[f"{prefix}embeddings.position_embedding.weight"],
            # The misspelling is the published name.
            "norm.weight": tensors[f"{prefix}pre_layrnorm.weight"],
            "norm.bias": tensors[f"{prefix}pre_layrnorm.bias"],
        }
    )
    for i in range(spec.layers):
        for ours, theirs in _LAYER.items():
            for leaf in ("weight", "bias"):
                name = f"{prefix}encoder.layers.{i}.{theirs}.{leaf}"
                out[f"layers.{i}.{ours}.{leaf}"] = tensors[name]
    return out
