"""Dense attention of this course against PyTorch's own, in time and in peak memory, on every device present.

    python benchmarks/attention.py [--lengths 256 512 ...] [--repeats 9] [--dtype float32] [--causal] [--threads 1]

For each length it runs both functions on the same inputs, in turn, forward alone and forward with backward. It prints
the median time of each and the median of the ratios of neighbouring runs, ours over PyTorch's. What matters is the
ratio: both columns come from one run, on one machine, under the same load. PyTorch's function returns no weights, and
need not hold them. One thread by default: on a busy machine two wait for each other.

Peak memory is what is allocated at once beyond the inputs. On a GPU PyTorch counts it; on a CPU its profiler reports
every allocation and release of a tensor, and their running sum gives the peak.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from attn_course.scaled_dot_product import causal_mask, scaled_dot_product_attention

Attention = Callable[[Tensor, Tensor, Tensor], Tensor]
BATCH, HEADS, D_K = 2, 4, 64


def forward(attention: Attention, inputs: list[Tensor]) -> None:
    with torch.no_grad():
        attention(*inputs)


def forward_and_backward(attention: Attention, inputs: list[Tensor]) -> None:
    context = attention(*inputs)
    torch.autograd.grad(context, inputs, torch.ones_like(context))


PASSES = {"forward": forward, "forward + backward": forward_and_backward}


def seconds(run: Callable, attention: Attention, inputs: list[Tensor]) -> float:
    if inputs[0].is_cuda:
        torch.cuda.synchronize()
    start = time.perf_counter()
    run(attention, inputs)
    if inputs[0].is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def peak_bytes(run: Callable, attention: Attention, inputs: list[Tensor]) -> int:
    if inputs[0].is_cuda:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run(attention, inputs)
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run(attention, inputs)
    held, peak = 0, 0
    events = (event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]")
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def compare(length: int, run: Callable, options: argparse.Namespace, device: str) -> list[str]:
    dtype = getattr(torch, options.dtype)
    generator = torch.Generator().manual_seed(length)
    inputs = [
        torch.randn(BATCH, HEADS, length, D_K, generator=generator).to(device, dtype).requires_grad_() for _ in range(3)
    ]
    mask = causal_mask(length).to(device) if options.causal else None
    both: list[Attention] = [
        lambda query, key, value: scaled_dot_product_attention(query, key, value, mask)[0],
        lambda query, key, value: F.scaled_dot_product_attention(query, key, value, is_causal=options.causal),
    ]
    ours, theirs = (attention(*inputs).detach().float() for attention in both)
    assert torch.allclose(ours, theirs, atol=1e-4 if options.dtype == "float32" else 3e-2), "the results differ"
    for attention in both:
        run(attention, inputs)  # warm up
    times = [[seconds(run, attention, inputs) for attention in both] for _ in range(options.repeats)]  # in turn
    our_time, their_time = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(mine / other for mine, other in times)
    our_peak, their_peak = (peak_bytes(run, attention, inputs) for attention in both)
    return [
        f"{our_time * 1e3:.2f}",
        f"{their_time * 1e3:.2f}",
        f"{ratio:.2f}",
        f"{our_peak / 2**20:.1f}",
        f"{their_peak / 2**20:.1f}",
        f"{our_peak / their_peak:.1f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", type=int, nargs="+", default=[128, 256, 512, 1024, 2048])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "float16"], default="float32")
    parser.add_argument("--causal", action="store_true", help="let each position see itself and those before it")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    header = ["length", "ours, ms", "torch, ms", "ratio", "ours, MiB", "torch, MiB", "ratio"]
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        name = torch.cuda.get_device_name() if device == "cuda" else f"CPU, threads: {torch.get_num_threads()}"
        print(f"{name}, torch {torch.__version__}, {options.dtype}, batch {BATCH}, heads {HEADS}, d_k = d_v = {D_K}")
        for title, run in PASSES.items():
            print(f"\n{title}, medians of {options.repeats}")
            print(" ".join(f"{cell:>11}" for cell in header))
            for length in options.lengths:
                row = compare(length, run, options, device)
                print(" ".join(f"{cell:>11}" for cell in (str(length), *row)), flush=True)
        print()


if __name__ == "__main__":
    main()
