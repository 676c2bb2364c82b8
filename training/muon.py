"""Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/): momentum whose matrix is made
orthogonal by a Newton-Schulz iteration before it is applied. For the hidden layers' matrices only."""

import torch

from workers import Workers

# Of the quintic whose iteration brings singular values near 1 fastest (same source).
A, B, C = 3.4445, -4.7750, 2.0315


def orthogonalise(matrix, steps: int = 5):
    """The nearest matrix to [m, n] whose singular values are all about 1, in f32 or bf16 as given."""
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    for _ in range(steps):
        gram = x @ x.T
        x = A * x + (B * gram + C * gram @ gram) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Each of the workers makes its share of the matrices orthogonal and gives it to the others."""

    def __init__(self, parameters, workers: Workers, lr: float, momentum: float = 0.95, weight_decay: float = 0.0):
        self.workers = workers
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for index, parameter in enumerate(group["params"]):
                state = self.state[parameter]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum = state["momentum"]
                momentum.lerp_(parameter.grad, 1 - group["momentum"])
                if self.workers.owns(index):
                    self.apply(parameter, parameter.grad.lerp(momentum, group["momentum"]), group)
            for index, parameter in enumerate(group["params"]):
                self.workers.share(index, parameter.data)

    @staticmethod
    def apply(parameter, gradient, group):
        update = orthogonalise(gradient)
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        # An update of the same size in every entry, whatever the matrix's shape.
        scale = max(1.0, parameter.shape[0] / parameter.shape[1]) ** 0.5
        parameter.add_(update, alpha=-group["lr"] * scale)
