"""Loads files of tensors as vLLM does and says what they hold.

Usage: check_tensor.py FILE…   (needs torch)
"""

import sys

import torch


def main() -> None:
    """One line a file; the first that cannot be loaded ends it."""
    for path in sys.argv[1:]:
        tensor = torch.load(path, weights_only=True, map_location="cpu")
        sums = [float(tensor.double().sum()), float(tensor.double().abs().max())]
        print(path, tuple(tensor.shape), tensor.dtype, tensor.stride(), *sums, tensor.flatten()[:4].tolist())


if __name__ == "__main__":
    main()
