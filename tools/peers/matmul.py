"""How fast this machine multiplies int4 weights through OpenVINO: one MatMul of a language model's shape, alone.

    python matmul.py [--rows 2048] [--inner 4096] [--columns 4096] [--groups 32,128] [--seconds 2]

Weights are symmetric int4 with a scale for each 128 of them, as `hired import --weights int4` writes them. `--groups`
are values of DYNAMIC_QUANTIZATION_GROUP_SIZE, how many activations share a scale (0: activations are not quantised);
they take turns. Prints one JSON object: GFLOP/s of each, median over the turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import numpy
import openvino
from openvino import opset13

WEIGHTS_PER_SCALE = 128


def multiplication(rows: int, inner: int, columns: int) -> openvino.Model:
    """activations [rows, inner] · weightsᵀ, weights [columns, inner] in int4, in the pattern that the plugin fuses."""
    random = numpy.random.default_rng(0)
    shape = [columns, inner // WEIGHTS_PER_SCALE, WEIGHTS_PER_SCALE]
    packed = openvino.Tensor(openvino.Type.i4, openvino.Shape(shape))
    packed.data.view(numpy.uint8).reshape(-1)[:] = random.integers(0, 256, columns * inner // 2, dtype=numpy.uint8)
    scales = random.uniform(0.001, 0.002, [*shape[:2], 1]).astype(numpy.float16)
    weights = opset13.multiply(opset13.convert(opset13.constant(packed), "f16"), opset13.constant(scales))
    weights = opset13.reshape(weights, opset13.constant(numpy.array([columns, inner])), special_zero=False)
    activations = opset13.parameter([rows, inner], openvino.Type.f32, name="activations")
    product = opset13.matmul(activations, opset13.convert(weights, "f32"), False, True)
    return openvino.Model([opset13.result(product)], [activations], "multiplication")


def measure(rows: int, inner: int, columns: int, groups: list[int], seconds: float) -> dict[int, float]:
    """GFLOP/s by group size."""
    core = openvino.Core()
    activations = numpy.random.default_rng(1).standard_normal((rows, inner), dtype=numpy.float32)
    requests = {}
    for group in groups:
        properties = {"PERFORMANCE_HINT": "LATENCY", "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(group)}
        compiled = core.compile_model(multiplication(rows, inner, columns), "CPU", properties)
        requests[group] = compiled.create_infer_request()
        requests[group].set_input_tensor(openvino.Tensor(activations))
        requests[group].infer()
    taken: dict[int, list[float]] = {group: [] for group in groups}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for group, request in requests.items():
            start = time.perf_counter()
            request.infer()
            taken[group].append(time.perf_counter() - start)
    return {group: 2 * rows * inner * columns / statistics.median(times) / 1e9 for group, times in taken.items()}


def main() -> None:
    """Parses the command line and prints the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2048)
    parser.add_argument("--inner", type=int, default=4096)
    parser.add_argument("--columns", type=int, default=4096)
    parser.add_argument("--groups", default="32,128")
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    if options.inner % WEIGHTS_PER_SCALE:
        parser.error(f"--inner must be a multiple of {WEIGHTS_PER_SCALE}")
    groups = [int(group) for group in options.groups.split(",")]
    rates = measure(options.rows, options.inner, options.columns, groups, options.seconds)
    print(json.dumps({str(group): round(rate) for group, rate in rates.items()}))


if __name__ == "__main__":
    main()
