"""The Llama architecture in PyTorch, no more than training needs: RMSNorm, RoPE, grouped-query attention,
SwiGLU, an output head tied to the embedding. Runs on PyTorch 1.13 (CPU) and later.

Shapes: B rows of a batch, T positions, C width, H heads, G heads of keys and values, D width of a head.
"""

import math
from dataclasses import asdict, dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass(frozen=True)
class ModelShape:
    vocab: int
    width: int = 256
    layers: int = 8
    heads: int = 4
    kv_heads: int = 2
    ffn: int = 768
    context: int = 4096
    rope_theta: float = 10000.0
    norm_eps: float = 1e-5

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    def as_dict(self) -> dict:
        return asdict(self)


class RMSNorm(nn.Module):
    def __init__(self, width: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        scale = torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + self.eps)
        return (x.float() * scale).type_as(x) * self.weight.type_as(x)


def rope_tables(shape: ModelShape, device):
    """(cos, sin) of [context, D / 2], in f32."""
    half = shape.head_width // 2
    frequencies = shape.rope_theta ** (-torch.arange(half, device=device).float() / half)
    angles = torch.arange(shape.context, device=device).float()[:, None] * frequencies[None, :]
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    """x: [B, heads, T, D]; pairs are (i, i + D / 2), the order of Hugging Face checkpoints."""
    low, high = x.chunk(2, dim=-1)
    cos, sin = cos.type_as(x), sin.type_as(x)
    return torch.cat((low * cos - high * sin, high * cos + low * sin), dim=-1)


class Attention(nn.Module):
    def __init__(self, shape: ModelShape):
        super().__init__()
        self.shape = shape
        kv_width = shape.kv_heads * shape.head_width
        self.q_proj = nn.Linear(shape.width, shape.width, bias=False)
        self.k_proj = nn.Linear(shape.width, kv_width, bias=False)
        self.v_proj = nn.Linear(shape.width, kv_width, bias=False)
        self.o_proj = nn.Linear(shape.width, shape.width, bias=False)

    def forward(self, x, cos, sin):
        batch, length, width = x.shape
        heads, kv_heads, head_width = self.shape.heads, self.shape.kv_heads, self.shape.head_width
        widths = (width, kv_heads * head_width, kv_heads * head_width)
        # One product of the three matrices is faster than three.
        joined = F.linear(x, torch.cat((self.q_proj.weight, self.k_proj.weight, self.v_proj.weight)).type_as(x))
        q, k, v = (
            part.view(batch, length, -1, head_width).transpose(1, 2) for part in joined.split(widths, dim=-1)
        )
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        return self.o_proj(causal_attention(q, k, v).transpose(1, 2).reshape(batch, length, width))


# Queries that attend together where PyTorch has no kernel of its own.
QUERY_BLOCK = 128


def causal_attention(q, k, v):
    """q [B, H, T, D], k and v [B, G, T, D] -> [B, H, T, D]"""
    if hasattr(F, "scaled_dot_product_attention"):
        share = q.shape[1] // k.shape[1]
        return F.scaled_dot_product_attention(
            q, k.repeat_interleave(share, dim=1), v.repeat_interleave(share, dim=1), is_causal=True
        )
    length = q.shape[2]
    q = q * q.shape[-1] ** -0.5
    starts = range(0, length, QUERY_BLOCK)
    return torch.cat([attend(q, k, v, start, min(length, start + QUERY_BLOCK)) for start in starts], dim=2)


def attend(q, k, v, start: int, end: int):
    """The queries from `start` to `end` over the keys they see. Heads that share keys are rows of one product."""
    batch, heads, _, width = q.shape
    kv_heads, rows = k.shape[1], end - start
    queries = q[:, :, start:end].reshape(batch, kv_heads, -1, width)
    scores = (queries @ k[:, :, :end].transpose(-1, -2)).view(batch, heads, rows, end)
    hidden = torch.ones(rows, rows, dtype=torch.bool, device=q.device).triu(1)
    scores[..., start:].masked_fill_(hidden, float("-inf"))
    shares = scores.softmax(-1).view(batch, kv_heads, -1, end)
    return (shares @ v[:, :, :end]).view(batch, heads, rows, width)


class FeedForward(nn.Module):
    def __init__(self, shape: ModelShape):
        super().__init__()
        self.gate_proj = nn.Linear(shape.width, shape.ffn, bias=False)
        self.up_proj = nn.Linear(shape.width, shape.ffn, bias=False)
        self.down_proj = nn.Linear(shape.ffn, shape.width, bias=False)

    def forward(self, x):
        # One product of both matrices is faster than two.
        joined = F.linear(x, torch.cat((self.gate_proj.weight, self.up_proj.weight)).type_as(x))
        gate, up = joined.chunk(2, dim=-1)
        return self.down_proj(F.silu(gate) * up)


class Block(nn.Module):
    def __init__(self, shape: ModelShape):
        super().__init__()
        self.input_layernorm = RMSNorm(shape.width, shape.norm_eps)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = RMSNorm(shape.width, shape.norm_eps)
        self.mlp = FeedForward(shape)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    """Parameters carry the names that Hugging Face's `LlamaForCausalLM` gives them, less `model.`."""

    def __init__(self, shape: ModelShape):
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocab, shape.width)
        self.layers = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = RMSNorm(shape.width, shape.norm_eps)
        self.register_buffer("cos", torch.empty(0), persistent=False)
        self.register_buffer("sin", torch.empty(0), persistent=False)
        self.initialise()

    def initialise(self):
        nn.init.normal_(self.embed_tokens.weight, std=0.02)
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2 or name == "embed_tokens.weight":
                continue
            into_residual = name.endswith(("o_proj.weight", "down_proj.weight"))
            std = parameter.shape[1] ** -0.5 * (1 / math.sqrt(2 * self.shape.layers) if into_residual else 1)
            nn.init.normal_(parameter, std=0.5 * std)
        self.cos, self.sin = rope_tables(self.shape, self.embed_tokens.weight.device)

    def hidden(self, tokens):
        """tokens [B, T] -> [B, T, C], behind the last norm."""
        return self.hidden_through(self.layers)(tokens)

    def hidden_through(self, layers):
        """`hidden` by these layers, which may be compiled forms of the model's."""

        def hidden(tokens):
            length = tokens.shape[1]
            cos, sin = self.cos[:length], self.sin[:length]
            x = self.embed_tokens(tokens)
            for layer in layers:
                x = layer(x, cos, sin)
            return self.norm(x)

        return hidden

    def logits(self, hidden):
        """[..., C] -> [..., vocab]."""
        return F.linear(hidden, self.embed_tokens.weight.type_as(hidden))
