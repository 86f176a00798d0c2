"""Muon for the matrices of the layers, AdamW for everything else."""

from __future__ import annotations

import collections
from collections.abc import Iterable

import torch
from torch import nn

MOMENTUM = 0.95
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic iteration that brings singular values near 1 (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon)."""
ITERATIONS = 5


def orthogonalised(matrices: torch.Tensor) -> torch.Tensor:
    """Matrices [N, rows, columns] with their singular values brought near 1."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.bfloat16()
    x = x.transpose(1, 2) if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        square = x @ x.transpose(1, 2)
        x = a * x + (b * square + c * (square @ square)) @ x
    return x.transpose(1, 2) if tall else x


class Optimiser:
    """Both, under one learning rate: AdamW's, which Muon's is a multiple of. Matrices of one shape are updated at once.

    `groups` are (modules' parameters by name, factor of the learning rate). Matrices named in no layer (embeddings,
    heads, the patch convolution) are AdamW's.
    """

    def __init__(self, groups: Iterable[tuple[dict[str, nn.Parameter], float]], muon_factor: float) -> None:
        self.muon_factor = muon_factor
        self.matrices: dict[tuple[torch.Size, float], list[nn.Parameter]] = collections.defaultdict(list)
        self.momenta: dict[tuple[torch.Size, float], torch.Tensor] = {}
        self.parameters: list[nn.Parameter] = []
        adam = []
        for named, factor in groups:
            rest = []
            for name, parameter in named.items():
                self.parameters.append(parameter)
                if muon_factor > 0 and parameter.ndim == 2 and ".layers." in name:
                    self.matrices[parameter.shape, factor].append(parameter)
                else:
                    rest.append(parameter)
            adam.append({"params": rest, "factor": factor})
        fused = self.parameters[0].is_cuda
        self.adam = torch.optim.AdamW(adam, lr=1e-3, weight_decay=0.01, betas=(0.9, 0.98), fused=fused)

    def step(self, rate: float) -> None:
        """One update from the gradients, which are then dropped."""
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for group in self.adam.param_groups:
            group["lr"] = rate * group["factor"]
        self.adam.step()
        with torch.no_grad():
            for key, parameters in self.matrices.items():
                shape, factor = key
                missing = parameters[0].new_zeros(shape)
                gradient = torch.stack([missing if p.grad is None else p.grad for p in parameters])
                momentum = self.momenta.setdefault(key, torch.zeros_like(gradient))
                momentum.lerp_(gradient, 1 - MOMENTUM)
                update = orthogonalised(gradient.lerp(momentum, MOMENTUM)).to(gradient.dtype)
                own = rate * factor * self.muon_factor
                scale = own * max(1, shape[0] / shape[1]) ** 0.5
                torch._foreach_mul_(parameters, 1 - own * 0.01)
                torch._foreach_sub_(parameters, list((update * scale).unbind()))
        for parameter in self.parameters:
            parameter.grad = None
