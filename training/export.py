"""A Hugging Face directory (`LlamaForCausalLM`) of a trained model: config.json, model.safetensors in F32,
and the tokeniser's files as the data has them. `turnwise convert` makes GGUF files of it."""

import json
import shutil
import struct
from pathlib import Path

import torch

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json")


def write_checkpoint(model, data: Path, folder: Path):
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items() if name not in ("cos", "sin")}
    write_safetensors(folder / "model.safetensors", tensors)
    (folder / "config.json").write_text(json.dumps(config_of(model.shape, data), indent=2) + "\n")
    for name in TOKENIZER_FILES:
        if (data / name).exists():
            shutil.copyfile(data / name, folder / name)


def config_of(shape, data: Path) -> dict:
    meta = json.loads((data / "dataset.json").read_text())
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "torch_dtype": "float32",
        "vocab_size": shape.vocab,
        "hidden_size": shape.width,
        "intermediate_size": shape.ffn,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_width,
        "hidden_act": "silu",
        "max_position_embeddings": shape.context,
        "rms_norm_eps": shape.norm_eps,
        "rope_theta": shape.rope_theta,
        "tie_word_embeddings": True,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": meta["beginToken"],
        "eos_token_id": meta["endToken"],
    }


def write_safetensors(path: Path, tensors: dict):
    """https://huggingface.co/docs/safetensors: u64 length, JSON header, then the tensors' bytes."""
    header, offset, parts = {}, 0, []
    for name, tensor in tensors.items():
        data = tensor.detach().to("cpu", torch.float32).contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
        parts.append(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        file.writelines(parts)
