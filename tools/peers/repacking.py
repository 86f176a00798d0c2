"""What the CPU plugin's repacking of a weight costs: the first inference of one matrix less a later one, by layout.

python repacking.py [INPUTS OUTPUTS]
"""

import resource
import sys
import time

import numpy as np
import openvino as ov
from openvino import opset13 as op

GROUP = 128
ROWS = 64


def constant(kind: str, shape: list[int]) -> ov.Node:
    """Random values of a 4- or 8-bit type."""
    tensor = ov.Tensor(getattr(ov.Type, kind), ov.Shape(shape))
    raw = tensor.data.view(np.uint8).reshape(-1)
    raw[:] = np.random.default_rng(0).integers(0, 256, raw.size, dtype=np.uint8)
    return ov.op.Constant(tensor)


def model(layout: str, inputs: int, outputs: int) -> ov.Model:
    """One matrix product in a layout `TYPE[-group][-transposed][-zero]`."""
    kind, *traits = layout.split("-")
    grouped, transposed = "group" in traits, "transposed" in traits
    groups = inputs // GROUP if grouped else 1
    if transposed:
        shape, scales = (
            ([groups, GROUP, outputs], [groups, 1, outputs]) if grouped else ([inputs, outputs], [1, outputs])
        )
    else:
        shape, scales = (
            ([outputs, groups, GROUP], [outputs, groups, 1]) if grouped else ([outputs, inputs], [outputs, 1])
        )
    weight = op.convert(constant(kind, shape), "f16")
    if "zero" in traits:
        weight = op.subtract(weight, op.convert(constant(kind, [1] * len(shape)), "f16"))
    weight = op.multiply(weight, op.constant(np.full(scales, 0.01, np.float16)))
    flat = [inputs, outputs] if transposed else [outputs, inputs]
    if grouped:
        weight = op.reshape(weight, op.constant(np.array(flat)), False)
    data = op.parameter([-1, inputs], ov.Type.f32)
    return ov.Model([op.matmul(data, op.convert(weight, "f32"), False, not transposed)], [data])


def processor_seconds() -> float:
    """User time of all threads so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def main() -> None:
    """Print one line for each layout."""
    inputs, outputs = (int(word) for word in sys.argv[1:3]) if len(sys.argv) > 2 else (4096, 11008)
    data = np.random.default_rng(1).standard_normal((ROWS, inputs)).astype(np.float32)
    core = ov.Core()
    for layout in ("i4-group", "u4-group-zero", "i4-group-transposed", "i4", "i4-transposed", "i8", "i8-group"):
        best = []
        for _ in range(3):
            options = {"PERFORMANCE_HINT": "LATENCY", "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(GROUP)}
            request = core.compile_model(model(layout, inputs, outputs), "CPU", options).create_infer_request()
            times = []
            for _ in range(4):
                start, used = time.perf_counter(), processor_seconds()
                request.infer([data])
                times.append((time.perf_counter() - start, processor_seconds() - used))
            best.append((times[0][0] - times[-1][0], times[0][1] - times[-1][1]))
        wall, used = min(best)
        elements = inputs * outputs
        print(f"{layout:22s} {1e3 * wall:7.1f} ms, {1e9 * used / elements:5.2f} ns of one core an element", flush=True)


main()
