#!/usr/bin/env python3
"""Trains the built-in model on conversations that `npm run training:data` wrote; see README.md.

  python3 training/train.py --data DIR --out DIR --tokens 100e6

Takes a GPU where there is one, else the CPU. The same command goes on from the newest checkpoint in --out;
--minutes ends a run early with a checkpoint. Writes DIR/log.jsonl (a line every --log-every steps) and, at the
end of the schedule, a Hugging Face directory in DIR/turnwise-agent; its name is the model's.
"""

import argparse
import json
import math
import os
import queue
import threading
import time
from contextlib import nullcontext
from pathlib import Path

# Without it, memory that was freed by one shape of batch is of no use to the next.
os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")

import torch
from torch.nn import functional as F

from dataset import Conversations
from export import write_checkpoint
from model import Llama, ModelShape
from muon import Muon
from workers import Workers, run_workers


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of train.bin, valid.bin, tokenizer.json")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, log and model")
    parser.add_argument("--tokens", type=float, required=True, help="length of the schedule")
    parser.add_argument("--within", type=float, default=math.inf, help="minutes: the schedule is shortened to end by then")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so long, with a checkpoint")
    parser.add_argument("--batch", type=int, help="positions in a step; 65536 on a GPU, else 8192")
    parser.add_argument("--micro-batch", type=int, help="positions computed at once; 65536 on a GPU, else 1024")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0: one on a GPU, else as many as cores and batch allow")
    parser.add_argument("--longest", type=int, default=2048, help="longer conversations are left out, in tokens")
    parser.add_argument("--short", type=int, default=512, help="what counts as a short conversation, in tokens")
    parser.add_argument("--short-share", type=float, default=0.1, help="share of the schedule, at its start, of those alone")
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--kv-heads", type=int, default=2)
    parser.add_argument("--ffn", type=int, default=1024)
    parser.add_argument("--lr", type=float, default=0.02, help="of the hidden layers' matrices (Muon)")
    parser.add_argument("--adam-lr", type=float, default=0.004, help="of embedding and norms (AdamW)")
    parser.add_argument("--warmup", type=float, default=0.02, help="share of the schedule")
    parser.add_argument("--decay", type=float, default=0.4, help="share of the schedule, at its end, linear to 0")
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--other-weight", type=float, default=0.1, help="loss weight of what others wrote: the share of it that is learnt")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log-every", type=int, default=20, help="steps")
    parser.add_argument("--valid-every", type=int, default=500, help="steps")
    parser.add_argument("--save-minutes", type=float, default=5)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    # A GPU computes few positions no faster than many; a CPU's caches hold few.
    batch, micro_batch = (65536, 65536) if options.device == "cuda" else (8192, 1024)
    options.batch, options.micro_batch = options.batch or batch, options.micro_batch or micro_batch
    return options


# What the order of the data rests on: a run goes on only with the same.
ORDER = ("batch", "micro_batch", "workers", "seed")


def default_workers(options) -> int:
    """One on a GPU; on a CPU the most, up to one a core, that share a step's positions evenly."""
    if options.device == "cuda":
        return 1
    cores = os.cpu_count() or 1
    return max((n for n in range(1, cores + 1) if options.batch % (n * options.micro_batch) == 0), default=1)


def check_batch(options):
    positions = options.micro_batch * options.workers
    if options.batch % positions != 0:
        raise SystemExit(
            f"--batch {options.batch} is no multiple of --micro-batch x --workers, {options.micro_batch} x "
            f"{options.workers}: take {-(-options.batch // positions) * positions}, or others of these"
        )


def schedule(done: float, warmup: float, decay: float) -> float:
    """The learning rate's factor at a share `done` of the schedule: up, level, down to 0."""
    if done < warmup:
        return done / warmup
    return min(1.0, max(0.0, (1 - done) / decay))


class Losses:
    """Sums of the loss and of positions, apart for the assistant's tokens and the others'. They stay on the device,
    which need not be waited for, until they are asked for."""

    def __init__(self, device):
        self.sums = torch.zeros(2, device=device)
        self.counts = torch.zeros(2, device=device)

    def add(self, losses, is_assistant):
        masks = torch.stack((is_assistant, ~is_assistant)).float()
        self.sums += (masks * losses).sum(1)
        self.counts += masks.sum(1)

    def means(self) -> dict:
        means = (self.sums / self.counts.clamp(min=1)).tolist()
        return {"assistant": round(means[0], 5), "other": round(means[1], 5)}


def token_losses(hidden_of, model, batch, device):
    """Losses [N] of a batch's targets and whether the assistant wrote each. `hidden_of` is the model's `hidden`, or
    what was compiled of it."""
    tokens, places, targets, is_assistant = (
        part.to(device, non_blocking=True) for part in (batch.tokens, batch.places, batch.targets, batch.is_assistant)
    )
    hidden = hidden_of(tokens).flatten(0, 1).index_select(0, places)
    return F.cross_entropy(model.logits(hidden).float(), targets, reduction="none"), is_assistant


@torch.no_grad()
def validate(model, conversations, positions: int, device, autocast) -> dict:
    losses = Losses(device)
    batches = conversations.batches(positions, seed=0, other_share=0.1)
    for _ in range(max(1, 65536 // positions)):
        with autocast():
            losses.add(*token_losses(model.hidden, model, next(batches), device))
    return losses.means()


class Run:
    """What a checkpoint holds: the model, both optimisers, and how far the schedule is."""

    def __init__(self, options, shape: ModelShape, workers: Workers):
        torch.manual_seed(options.seed)
        self.options = options
        self.model = Llama(shape).to(options.device)
        matrices = [p for name, p in self.model.named_parameters() if p.dim() == 2 and name != "embed_tokens.weight"]
        others = [p for name, p in self.model.named_parameters() if p.dim() < 2 or name == "embed_tokens.weight"]
        self.optimisers = [
            (Muon(matrices, workers, lr=options.lr, weight_decay=options.weight_decay), options.lr),
            (torch.optim.AdamW(others, lr=options.adam_lr, betas=(0.9, 0.95), weight_decay=0), options.adam_lr),
        ]
        self.step = 0
        self.tokens = 0
        self.seconds = 0.0

    @property
    def path(self) -> Path:
        return self.options.out / "checkpoint.pt"

    def save(self):
        temporary = self.path.with_suffix(".part")
        state = {
            "shape": self.model.shape.as_dict(),
            "model": self.model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser, _ in self.optimisers],
            "step": self.step,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "order": {name: getattr(self.options, name) for name in ORDER},
        }
        torch.save(state, temporary)
        os.replace(temporary, self.path)

    def resume(self) -> bool:
        if not self.path.exists():
            return False
        state = torch.load(self.path, map_location=self.options.device)
        if state["shape"] != self.model.shape.as_dict():
            raise SystemExit(f"{self.path} is of another shape: {state['shape']}; take another --out")
        # A checkpoint from before it was kept is taken as it is.
        order = state.get("order", {})
        others = {name: kept for name, kept in order.items() if kept != getattr(self.options, name)}
        if others:
            given = ", ".join(f"--{name.replace('_', '-')} {kept}" for name, kept in others.items())
            raise SystemExit(f"{self.path} has seen its data in another order; go on with {given}, or take another --out")
        self.model.load_state_dict(state["model"])
        for (optimiser, _), saved in zip(self.optimisers, state["optimisers"]):
            optimiser.load_state_dict(saved)
        self.step, self.tokens, self.seconds = state["step"], state["tokens"], state["seconds"]
        return True

    def done(self) -> float:
        """The share of the schedule."""
        return max(self.tokens / self.options.tokens, self.seconds / 60 / self.options.within)

    def update(self, factor: float):
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimiser, lr in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = lr * factor
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)


def ahead(batches, count: int = 8):
    """The same batches, made in a thread of their own while a GPU computes, in memory that it reads directly."""
    made = queue.Queue(count)

    def make():
        for batch in batches:
            made.put(batch.pinned())

    threading.Thread(target=make, daemon=True).start()
    while True:
        yield made.get()


def autocast_of(device: str):
    if device == "cpu":
        return nullcontext
    return lambda: torch.autocast(device, dtype=torch.bfloat16)


def main():
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    options.workers = options.workers or default_workers(options)
    check_batch(options)
    run_workers(options.workers, train, options)


def train(workers: Workers, options):
    if options.device == "cuda":
        torch.set_float32_matmul_precision("high")
    meta = json.loads((options.data / "dataset.json").read_text())
    shape = ModelShape(
        vocab=meta["vocabulary"], width=options.width, layers=options.layers, heads=options.width // 64,
        kv_heads=options.kv_heads, ffn=options.ffn,
    )  # fmt: skip
    run = Run(options, shape, workers)
    resumed = run.resume()
    torch.manual_seed(options.seed * 1000 + workers.rank)
    parameters = sum(p.numel() for p in run.model.parameters())
    say = print if workers.is_first else (lambda *_, **__: None)
    say(f"{parameters / 1e6:.2f} M parameters, {options.device} x {workers.size}" + f", step {run.step}" * resumed)

    begin = meta["beginToken"]
    short, every = (Conversations(options.data, "train", begin, longest) for longest in (options.short, options.longest))
    valid = Conversations(options.data, "valid", begin, options.longest)
    say(f"{len(every)} conversations; {every.left_out} of more than {options.longest} tokens are left out")
    parts = options.batch // (options.micro_batch * workers.size)
    first = run.step * parts * workers.size + workers.rank
    short_batches, all_batches = (
        conversations.batches(options.micro_batch, options.seed, options.other_weight, first, workers.size)
        for conversations in (short, every)
    )
    if options.device == "cuda":
        short_batches, all_batches = ahead(short_batches), ahead(all_batches)
        # One layer, since all are of one code; validation takes what is not compiled.
        hidden_of = run.model.hidden_through([torch.compile(layer, dynamic=True) for layer in run.model.layers])
    else:
        hidden_of = run.model.hidden
    autocast = autocast_of(options.device)

    start, before = time.monotonic(), run.seconds
    saved_at = start
    losses, since, since_tokens = Losses(options.device), start, 0
    with open(options.out / "log.jsonl" if workers.is_first else os.devnull, "a", buffering=1) as log:

        def note(line):
            log.write(json.dumps(line) + "\n")
            say(line, flush=True)

        while (done := run.done()) < 1:
            # To copy from near is learnt first and helps to copy from far; attention costs less besides.
            batches = short_batches if done < options.short_share else all_batches
            computed = torch.zeros(1)
            for _ in range(parts):
                batch = next(batches)
                with autocast():
                    values, is_assistant = token_losses(hidden_of, run.model, batch, options.device)
                # The batch's padded positions stand for its size, so that each step weighs the same.
                (values.sum() / options.batch).backward()
                losses.add(values.detach(), is_assistant)
                computed += batch.count
            workers.sum([parameter.grad for parameter in run.model.parameters()] + [computed])
            run.tokens += int(computed)
            since_tokens += int(computed)
            run.update(schedule(run.done(), options.warmup, options.decay))
            run.step += 1

            now = time.monotonic()
            run.seconds = before + now - start
            if run.step % options.log_every == 0:
                speed = round(since_tokens / (now - since))
                note(
                    {"step": run.step, "tokens": run.tokens, "seconds": round(run.seconds, 1), **losses.means()}
                    | {"tokensPerSecond": speed}
                )
                losses, since, since_tokens = Losses(options.device), now, 0
            if run.step % options.valid_every == 0 and workers.is_first:
                means = validate(run.model, valid, options.micro_batch, options.device, autocast)
                note({"step": run.step, "tokens": run.tokens, "valid": means})
            if workers.is_first and now - saved_at > options.save_minutes * 60:
                run.save()
                saved_at = now
            if workers.agree(now - start > options.minutes * 60):
                break

    if workers.is_first:
        run.save()
        write_checkpoint(run.model, options.data, options.out / "turnwise-agent")
        say(f"step {run.step}, {run.tokens / 1e6:.1f} M tokens, {run.seconds / 60:.1f} minutes: {options.out / 'turnwise-agent'}")


if __name__ == "__main__":
    main()
