"""The frozen parts are what their packages hold, read right."""

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from transformers import LlamaConfig, LlamaForCausalLM

from training.frozen.efficientnet import EfficientNetLite2, load_efficientnet
from training.frozen.smollm2 import LlamaWeights, load_smollm2
from training.model.language import Decoder
from training.pixels import pixels


@pytest.fixture(scope="module")
def weights() -> LlamaWeights:
    return load_smollm2()


@pytest.fixture(scope="module")
def encoder() -> EfficientNetLite2:
    return load_efficientnet()


def reference(weights: LlamaWeights) -> LlamaForCausalLM:
    """transformers' Llama with the same dequantised weights."""
    c = weights.config
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=c.vocabulary,
            hidden_size=c.width,
            intermediate_size=c.ffw,
            num_hidden_layers=c.layers,
            num_attention_heads=c.heads,
            num_key_value_heads=c.kv_heads,
            rms_norm_eps=c.norm_eps,
            rope_parameters={"rope_type": "default", "rope_theta": c.rope_base},
            tie_word_embeddings=True,
            max_position_embeddings=8192,
        )
    )
    state = {"model.norm.weight": weights.norm, "model.embed_tokens.weight": None}
    state["model.embed_tokens.weight"] = weights.embedding.dequantise()
    for i, layer in enumerate(weights.layers):
        prefix = f"model.layers.{i}"
        state[f"{prefix}.input_layernorm.weight"] = layer.attn_norm
        state[f"{prefix}.post_attention_layernorm.weight"] = layer.ffn_norm
        for ours, theirs in (
            ("q", "q_proj"),
            ("k", "k_proj"),
            ("v", "v_proj"),
            ("o", "o_proj"),
        ):
            state[f"{prefix}.self_attn.{theirs}.weight"] = getattr(layer, ours).dequantise()
        for part in ("gate", "up", "down"):
            state[f"{prefix}.mlp.{part}_proj.weight"] = getattr(layer, part).dequantise()
    missing, unexpected = model.load_state_dict(
        {name: torch.from_numpy(value) for name, value in state.items()}, strict=False
    )
    assert set(missing) <= {"lm_head.weight"} and not unexpected
    model.tie_weights()
    return model.eval()


def test_logits_equal_transformers(weights: LlamaWeights) -> None:
    """Largest difference of any logit over 64 random tokens: at most 1e-3."""
    torch.manual_seed(0)
    ids = torch.randint(0, weights.config.vocabulary, (2, 64))
    with torch.inference_mode():
        ours = Decoder(weights)(ids)
        theirs = reference(weights)(ids).logits
    assert (ours - theirs).abs().max() < 1e-3


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("chelsea", {281, 282, 285}),  # tabby, tiger cat, Egyptian cat
        ("coffee", {967, 968}),  # espresso, cup
        ("rocket", {657, 744, 812}),  # missile, projectile, space shuttle
        (
            "china.jpg",
            {538, 698, 663, 668, 410, 580},
        ),  # dome, palace, monastery, mosque, apiary …
        (
            "flower.jpg",
            {985, 986, 308, 309, 723, 984, 115},
        ),  # daisy … or what sits on flowers
    ],
)
def test_encoder_classifies_photos(
    encoder: EfficientNetLite2, name: str, classes: set[int]
) -> None:
    """One of the fitting ImageNet classes is among the five most likely."""
    if name.endswith(".jpg"):
        sample = load_sample_images()
        names = [path.rsplit("/", 1)[-1] for path in sample.filenames]
        array = sample.images[names.index(name)]
    else:
        array = getattr(skimage.data, name)()
    tiles = torch.from_numpy(pixels(Image.fromarray(np.asarray(array))))
    with torch.inference_mode():
        top = encoder.classify(tiles)[0].topk(5).indices.tolist()
    assert classes & set(top), f"{name}: {top}"
