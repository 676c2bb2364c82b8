"""Processes that compute each step together. On a CPU one process of one thread for each core does a third more
than one process of as many threads: small matrices gain little from threads, and barriers cost."""

import os
import tempfile
from pathlib import Path

import torch
from torch import distributed

# glibc gives large blocks back to the kernel at once, and takes them again as pages of zeros: a quarter of a step.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "2000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}


class Workers:
    """This process's place among `size` that hold the same parameters and give each other their gradients."""

    def __init__(self, rank: int = 0, size: int = 1, meeting: str = ""):
        self.rank, self.size = rank, size
        if size > 1:
            torch.set_num_threads(1)
            distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=size)

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def owns(self, index: int) -> bool:
        """Whether what has this number is computed here, and shared by `share` afterwards."""
        return index % self.size == self.rank

    def share(self, index: int, tensor):
        if self.size > 1:
            distributed.broadcast(tensor, src=index % self.size)

    def sum(self, tensors):
        """Adds up the workers' tensors, in place and in one transfer."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        distributed.all_reduce(flat)
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors])):
            tensor.copy_(part.view_as(tensor))

    def agree(self, flag: bool) -> bool:
        """What the first worker says; each has a clock of its own."""
        if self.size == 1:
            return flag
        said = torch.tensor([int(flag)])
        distributed.broadcast(said, src=0)
        return bool(said.item())


def run_workers(size: int, function, *arguments):
    """Calls `function(workers, *arguments)` in `size` processes, or in this one where that is all."""
    if size == 1:
        function(Workers(), *arguments)
        return
    os.environ.update(ALLOCATOR, OMP_NUM_THREADS="1", GLOO_SOCKET_IFNAME="lo")
    with tempfile.TemporaryDirectory() as folder:
        meeting = str(Path(folder) / "meeting")
        torch.multiprocessing.spawn(begin, (size, meeting, function, arguments), nprocs=size)


def begin(rank: int, size: int, meeting: str, function, arguments):
    function(Workers(rank, size, meeting), *arguments)
    distributed.barrier()
    distributed.destroy_process_group()
