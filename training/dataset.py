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


# A batch's rows are padded to a multiple of this many positions: few shapes, which a GPU's libraries look up once each.
WIDTH_STEP = 32


@dataclass
class Batch:
    """B conversations, T positions of each, of which N have a target that is learnt."""

    tokens: torch.Tensor  # int64 [B, T]
    places: torch.Tensor  # int64 [N], in the flattened [B, T]
    targets: torch.Tensor  # int64 [N], the token behind each place
    is_assistant: torch.Tensor  # bool [N], whether the assistant wrote the target
    count: int  # tokens of conversations

    def pinned(self) -> "Batch":
        """In memory that a GPU reads directly."""
        parts = (self.tokens, self.places, self.targets, self.is_assistant)
        return Batch(*(part.pin_memory() for part in parts), self.count)


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

    def batches(self, positions: int, seed: int, other_share: float, first: int = 0, stride: int = 1):
        """Endless; at most `positions` positions each. The same for the same seed: each `stride`-th from `first` on.
        Of the tokens that are not the assistant's, a random share is a target: they weigh little, and the output
        head costs as much for each."""
        index = 0
        epoch = 0
        while True:
            for rows in self.epoch_rows(positions, np.random.default_rng((seed, epoch))):
                if index >= first and (index - first) % stride == 0:
                    yield self.batch(rows, positions, other_share, np.random.default_rng((seed, epoch, index)))
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

    def batch(self, rows, positions: int, other_share: float, random) -> Batch:
        width = padded(int(self.lengths[rows].max()) - 1)
        # As many rows for one width always, the last ones empty where there are too few.
        count = max(len(rows), positions // width)
        lengths = np.zeros(count, dtype=np.int64)
        starts = np.zeros(count, dtype=np.int64)
        lengths[: len(rows)], starts[: len(rows)] = self.lengths[rows], self.starts[rows]
        place = np.arange(width + 1)
        inside = place < lengths[:, None]
        where = np.where(inside, starts[:, None] + place, 0)
        tokens = np.where(inside, self.tokens[where], 0).astype(np.int64)
        roles = np.where(inside, self.roles[where], OTHER)[:, 1:]
        is_assistant = roles == ASSISTANT
        drawn = (roles != OTHER) & (random.random(roles.shape, dtype=np.float32) < other_share)
        places = np.flatnonzero(is_assistant | drawn)
        return Batch(
            torch.from_numpy(np.ascontiguousarray(tokens[:, :-1])),
            torch.from_numpy(places),
            torch.from_numpy(tokens[:, 1:].reshape(-1)[places]),
            torch.from_numpy(is_assistant.reshape(-1)[places]),
            int(lengths.sum()),
        )


def padded(width: int) -> int:
    return -(-width // WIDTH_STEP) * WIDTH_STEP


def split_by_positions(rows, lengths, positions: int):
    group = []
    for row in rows:
        # Sorted by length: the newest is the longest, and all are padded to it.
        if group and (len(group) + 1) * padded(lengths[row] - 1) > positions:
            yield np.array(group)
            group = []
        group.append(row)
    if group:
        yield np.array(group)
