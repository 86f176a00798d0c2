"""Processes that draw ahead of the training: batches of arrays pass through memory shared with them, so that nothing is
pickled and the size of /dev/shm does not matter."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import queue
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import torch

Arrays = dict[str, numpy.ndarray]
Maker = Callable[[random.Random], Iterator[Arrays]]
"""An endless source of batches, from a source of random numbers."""
PLACES_A_PROCESS = 3


def _work(maker: Maker, seed: int, memory: mmap.mmap, size: int, free: Any, ready: Any) -> None:
    torch.set_num_threads(1)
    os.nice(5)
    for batch in maker(random.Random(seed)):
        place = free.get()
        offset, parts = place * size, []
        for name, array in batch.items():
            array = numpy.ascontiguousarray(array)
            end = offset + array.nbytes
            if end > (place + 1) * size:
                raise ValueError(f"a batch needs more than {size} bytes")
            numpy.frombuffer(memory, numpy.uint8, array.nbytes, offset)[:] = array.reshape(-1).view(numpy.uint8)
            parts.append((name, array.dtype.str, array.shape, offset))
            offset = (end + 63) // 64 * 64
        ready.put((place, parts))


class Stock:
    """Batches drawn by `processes` others; begin it before anything touches a GPU, since it forks."""

    def __init__(self, maker: Maker, processes: int, size: int, seed: int) -> None:
        context = multiprocessing.get_context("fork")
        places = processes * PLACES_A_PROCESS
        self.size = size
        self.memory = mmap.mmap(-1, places * size)
        self.free, self.ready = context.Queue(), context.Queue()
        self.stream: torch.cuda.Stream | None = None
        self.copying: list[tuple[torch.cuda.Event, int]] = []
        for place in range(places):
            self.free.put(place)
        self.workers = [
            context.Process(
                target=_work, args=(maker, seed * 1000 + number, self.memory, size, self.free, self.ready), daemon=True
            )
            for number in range(processes)
        ]
        for worker in self.workers:
            worker.start()

    def next(self, device: torch.device, waits: bool) -> dict[str, torch.Tensor] | None:
        """A batch on the device; nothing if none is ready and one need not wait."""
        try:
            place, parts = self.ready.get(timeout=300) if waits else self.ready.get_nowait()
        except queue.Empty:
            if waits:
                raise RuntimeError("nothing has been drawn for five minutes") from None
            return None
        arrays = {}
        for name, dtype, shape, offset in parts:
            kind = numpy.dtype(dtype)
            array = numpy.frombuffer(self.memory, kind, int(numpy.prod(shape)), offset).reshape(shape)
            arrays[name] = torch.from_numpy(array)
        if device.type != "cuda":
            batch = {name: array.to(device, copy=True) for name, array in arrays.items()}
            self.free.put(place)
            return batch
        return self._copied(arrays, place, device)

    def _copied(self, arrays: dict[str, torch.Tensor], place: int, device: torch.device) -> dict[str, torch.Tensor]:
        """The batch, copied beside the GPU's other work; its place is free once that is done."""
        if self.stream is None:
            self.stream = torch.cuda.Stream()
            whole = torch.frombuffer(self.memory, dtype=torch.uint8)
            failure = torch.cuda.cudart().cudaHostRegister(whole.data_ptr(), whole.numel(), 0)
            if int(failure):
                print(f"memory is not pinned ({failure}): copies to the GPU are slower", flush=True)
        while self.copying and self.copying[0][0].query():
            self.free.put(self.copying.pop(0)[1])
        with torch.cuda.stream(self.stream):
            batch = {name: array.to(device, non_blocking=True) for name, array in arrays.items()}
            event = torch.cuda.Event()
            event.record()
        current = torch.cuda.current_stream()
        current.wait_event(event)
        for tensor in batch.values():
            tensor.record_stream(current)
        self.copying.append((event, place))
        return batch

    def close(self) -> None:
        """Ends the processes."""
        for worker in self.workers:
            worker.terminate()


class Replay:
    """The newest batches, kept on the device. A training that is faster than the drawing sees them several times."""

    def __init__(self, stock: Stock, device: torch.device, capacity: int, seed: int) -> None:
        self.stock, self.device, self.capacity = stock, device, capacity
        self.source = random.Random(seed)
        self.batches: list[dict[str, torch.Tensor]] = []
        self.drawn = 0

    def next(self) -> tuple[dict[str, torch.Tensor], bool]:
        """A batch, and whether it has never been seen."""
        fresh = self.stock.next(self.device, waits=not self.batches)
        if fresh is None:
            return self.source.choice(self.batches), False
        self.drawn += 1
        if len(self.batches) < self.capacity:
            self.batches.append(fresh)
        else:
            self.batches[self.drawn % self.capacity] = fresh
        return fresh, True
