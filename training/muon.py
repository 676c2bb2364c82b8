"""Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/): momentum whose matrix is made
orthogonal by a Newton-Schulz iteration before it is applied. For the hidden layers' matrices only."""

import torch

from workers import Workers

# Of the quintic whose iteration brings singular values near 1 fastest (same source).
A, B, C = 3.4445, -4.7750, 2.0315


def orthogonalise(matrices, steps: int = 5):
    """The nearest matrices to those of [count, m, n] whose singular values are all about 1."""
    x = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    for _ in range(steps):
        gram = x @ x.mT
        x = A * x + (B * gram + C * gram @ gram) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Each of the workers makes its share of the matrices orthogonal and gives it to the others."""

    def __init__(self, parameters, workers: Workers, lr: float, momentum: float = 0.95, weight_decay: float = 0.0):
        self.workers = workers
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            parameters = group["params"]
            for parameter in parameters:
                momentum = self.momentum(parameter).lerp_(parameter.grad, 1 - group["momentum"])
                parameter.grad.lerp_(momentum, group["momentum"])
            # Matrices of one shape are made orthogonal together: on a GPU, starting a kernel costs more than its work.
            owned = [parameter for index, parameter in enumerate(parameters) if self.workers.owns(index)]
            for shape in sorted({tuple(parameter.shape) for parameter in owned}):
                self.apply([parameter for parameter in owned if tuple(parameter.shape) == shape], shape, group)
            for index, parameter in enumerate(parameters):
                self.workers.share(index, parameter.data)

    def momentum(self, parameter):
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        return state["momentum"]

    @staticmethod
    def apply(parameters, shape, group):
        updates = orthogonalise(torch.stack([parameter.grad for parameter in parameters])).unbind()
        # An update of the same size in every entry, whatever the matrix's shape.
        scale = max(1.0, shape[0] / shape[1]) ** 0.5
        torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(parameters, updates, alpha=-group["lr"] * scale)
