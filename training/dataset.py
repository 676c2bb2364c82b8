"""The packed conversations that `write-dataset` makes: `NAME.bin` (uint16 tokens), `NAME.roles` (one byte a
token: who wrote it). A conversation begins at each begin-of-text token. Batches hold conversations of about
the same length, padded: no conversation sees another."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

OTHER, SYSTEM, USER, ASSISTANT = 0, 1, 2, 3

# Conversations that are sorted by length together; large enough that a batch wastes few positions.
POOL = 4096


@dataclass
class Batch:
    tokens: torch.Tensor  # int64 [B, T + 1]
    roles: torch.Tensor  # uint8 [B, T + 1]; OTHER where there is only padding


class Conversations:
    def __init__(self, folder: Path, name: str, begin_token: int, longest: int):
        self.tokens = np.memmap(folder / f"{name}.bin", dtype=np.uint16, mode="r")
        self.roles = np.memmap(folder / f"{name}.roles", dtype=np.uint8, mode="r")
        if len(self.tokens) != len(self.roles):
            raise SystemExit(f"{folder / name}: {len(self.tokens)} tokens and {len(self.roles)} roles")
        starts = np.flatnonzero(np.asarray(self.tokens) == begin_token)
        if len(starts) == 0:
            raise SystemExit(f"{folder / name}.bin: no conversation begins (token {begin_token})")
        ends = np.append(starts[1:], len(self.tokens))
        fitting = ends - starts <= longest
        self.starts, self.lengths = starts[fitting], (ends - starts)[fitting]
        self.left_out = int((~fitting).sum())

    def __len__(self) -> int:
        return len(self.starts)

    def batches(self, positions: int, seed: int, first: int = 0, stride: int = 1):
        """Endless; about `positions` positions each. The same for the same seed: each `stride`-th from `first` on."""
        index = 0
        epoch = 0
        while True:
            for rows in self.epoch_rows(positions, np.random.default_rng((seed, epoch))):
                if index >= first and (index - first) % stride == 0:
                    yield self.batch(rows)
                index += 1
            epoch += 1

    def epoch_rows(self, positions: int, random):
        order = random.permutation(len(self.starts))
        for at in range(0, len(order), POOL):
            pool = order[at : at + POOL]
            pool = pool[np.argsort(self.lengths[pool], kind="stable")]
            groups = list(split_by_positions(pool, self.lengths, positions))
            for group in random.permutation(len(groups)):
                yield groups[group]

    def batch(self, rows) -> Batch:
        width = int(self.lengths[rows].max())
        tokens = np.zeros((len(rows), width), dtype=np.int64)
        roles = np.zeros((len(rows), width), dtype=np.uint8)
        for i, row in enumerate(rows):
            start, length = self.starts[row], self.lengths[row]
            tokens[i, :length] = self.tokens[start : start + length]
            roles[i, :length] = self.roles[start : start + length]
        return Batch(torch.from_numpy(tokens), torch.from_numpy(roles))


def split_by_positions(rows, lengths, positions: int):
    group = []
    for row in rows:
        # Sorted by length: the newest is the longest, and all are padded to it.
        if group and (len(group) + 1) * lengths[row] > positions:
            yield np.array(group)
            group = []
        group.append(row)
    if group:
        yield np.array(group)
