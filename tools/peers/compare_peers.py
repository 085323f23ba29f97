#!/usr/bin/env python3
"""Assay's engine against PyTorch, ONNX Runtime, OpenVINO and llama.cpp on the CPU.

    tools/peers/compare_peers.py --assay=bazel-bin/harness/peers/assay_side \\
        --out=DIR [--only=resnet20,dscnn] [--what=infer,train,decode]

README.md says what is compared and how. Writes DIR/peers.json, every slice of
every runtime in every cell, and DIR/peers.md, the table; both grow cell by cell.
"""

import argparse
import hashlib
import json
import math
import os
import pathlib
import platform
import statistics
import sys
import tempfile
import threading
import time
import warnings

# Threads of a runtime sleep while another has its turn.
PAUSE_SECONDS = 0.03
# Cells whose slices lie further apart go on for so many times the rounds.
MOST_SCATTER = 1.2
MOST_TURNS = 3
# A round waits until two threads do so much of twice the work of one.
QUIET = 0.85
# Largest difference of f32 outputs, as a fraction of the largest output.
F32_TOLERANCE = 1e-3


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assay", required=True, help="the binary assay_side")
    parser.add_argument("--out", default="peers", help="folder of the results")
    parser.add_argument("--what", default="infer,train,decode")
    parser.add_argument("--only", default="", help="networks; empty: all")
    parser.add_argument("--batch", default="1,32")
    parser.add_argument("--precision", default="f32,bf16,int8")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slice", type=float, default=0.4, help="seconds")
    return parser.parse_args()


ARGS = arguments()
os.environ["OMP_NUM_THREADS"] = str(ARGS.threads)
warnings.filterwarnings("ignore")

import numpy  # noqa: E402  (after OMP_NUM_THREADS)
import torch  # noqa: E402

import decode  # noqa: E402
import networks  # noqa: E402
import runtimes  # noqa: E402
import training  # noqa: E402
from assay_side import AssaySide  # noqa: E402

torch.set_num_threads(ARGS.threads)


class Cell:
    """What runs one thing in one precision: a timer per runtime."""

    def __init__(self):
        self.timers, self.errors, self.refused = {}, {}, {}
        self.left_in_float = []  # of an integer plan, by name

    def add(self, name, make):
        """`make` gives a timer, or a pair of a timer and its output."""
        try:
            made = make()
            timer, output = made if isinstance(made, tuple) else (made, None)
            timer(1e-3)
            self.timers[name] = timer
            return output
        except Exception as error:  # a peer that cannot is no peer
            text = (str(error) or repr(error)).splitlines()[0][:200]
            self.refused[name] = text
            print(f"  {name}: {text}", file=sys.stderr)
            return None

    def check(self, name, output, expected):
        if output is None:
            return
        output = numpy.asarray(output, dtype=numpy.float32)
        scale = numpy.abs(expected).max()
        self.errors[name] = float(numpy.abs(output - expected).max() / scale)

    def scatters(self, slices):
        """Whether Assay's or the fastest peer's slices lie apart."""
        peers = [n for n in slices if n != "assay"]
        fastest = min(peers, key=lambda n: min(slices[n]), default="assay")
        return any(
            max(slices[n]) > MOST_SCATTER * min(slices[n])
            for n in {"assay", fastest} & slices.keys()
        )

    def measure(self):
        slices = {name: [] for name in self.timers}
        names = list(self.timers)
        quiet = []
        for turn in range(MOST_TURNS * ARGS.rounds):
            if turn >= ARGS.rounds and not self.scatters(slices):
                break
            first = turn % len(names)
            quiet.append(wait_for_quiet())
            for name in names[first:] + names[:first]:
                slices[name].append(self.timers[name](ARGS.slice))
                time.sleep(PAUSE_SECONDS)
        return {
            "seconds": {n: statistics.median(s) for n, s in slices.items()},
            "slices": slices,
            "side_by_side": quiet,
            "errors": self.errors,
            "refused": self.refused,
            "left_in_float": self.left_in_float,
        }


def side_by_side():
    """What two threads do beside each other, as a fraction of twice what one
    does: 1 where the machine has two processors to give."""
    data = bytes(1 << 22)

    def work():
        hashlib.sha256(data).digest()

    def seconds(threads):
        pool = [threading.Thread(target=work) for _ in range(threads)]
        start = time.perf_counter()
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join()
        return time.perf_counter() - start

    return statistics.median(seconds(1) / seconds(2) for _ in range(5))


def wait_for_quiet():
    """Waits a minute at most until nothing else takes the processors; what
    side_by_side was in the end."""
    for _ in range(60):
        reached = side_by_side()
        if ARGS.threads == 1 or reached > QUIET:
            break
        time.sleep(1)
    return reached


def timer_of(call):
    def timer(seconds):
        call()
        runs, start = [], time.perf_counter()
        before = start
        while before - start < seconds:
            call()
            now = time.perf_counter()
            runs.append(now - before)
            before = now
        return statistics.median(runs)

    return timer


def torch_cells(cell, name, value, precision):
    """PyTorch as it is, with channels last, and compiled."""
    bf16 = precision == "bf16"
    outputs = {}

    def network():
        made = networks.make(name)
        return made.to(torch.bfloat16) if bf16 else made

    x = value.to(torch.bfloat16) if bf16 and value.is_floating_point() else value

    def eager():
        call = runtimes.torch_call(network(), x)
        return timer_of(call), call().float().numpy()

    def last():
        return timer_of(runtimes.torch_call(*runtimes.channels_last(network(), x)))

    def compiled():
        made, laid = runtimes.channels_last(network(), x)
        return timer_of(runtimes.torch_call(torch.compile(made), laid))

    outputs["torch"] = cell.add("torch", eager)
    if value.dim() == 4:
        cell.add("torch channels-last", last)
    cell.add("torch compile", compiled)
    return outputs


def floats_of(precision):
    """The types in which a quantized network may do what is not quantized."""
    if precision != "int8":
        return [precision]
    return ["f32", "bf16"] if has_bf16() else ["f32"]


def onnx_cells(cell, path, value, precision):
    """ONNX Runtime, which has no bf16 here, and OpenVINO."""
    outputs = {}

    def onnxruntime():
        call = runtimes.onnxruntime_call(path, value, ARGS.threads)
        return timer_of(call), runtimes.onnxruntime_output(call)

    def openvino(floats):
        call = runtimes.openvino_call(path, value, floats, ARGS.threads)
        return timer_of(call), runtimes.openvino_output(call)

    if precision != "bf16":
        outputs["onnxruntime"] = cell.add("onnxruntime", onnxruntime)
    for floats in floats_of(precision):
        which = "openvino" if floats == precision else f"openvino, rest {floats}"
        outputs[which] = cell.add(which, lambda f=floats: openvino(f))
    return outputs


def assay_cell(cell, side, path, value, floats, folder):
    """The plan of the same file."""

    def plan():
        left = side.ask("plan", "plan", path, value.shape[0], floats)
        cell.left_in_float = left.split(" ")[3:]
        side.feed("plan", "x", value.numpy(), folder)
        return side.timer("plan"), side.fetch("plan", "y", folder)

    return cell.add("assay", plan)


def has_bf16():
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    return "avx512_bf16" in flags or "amx_bf16" in flags


def infer(name, batch, precision, files, folder):
    """One cell. `files` keeps the ONNX files of the network and batch."""
    value = networks.example(name, batch)
    with torch.inference_mode():
        expected = networks.make(name)(value).numpy()
    if "f32" not in files:
        files["f32"] = f"{folder}/{name}-{batch}.onnx"
        runtimes.export_onnx(networks.make(name), value, files["f32"])
    if precision == "int8" and "int8" not in files:
        files["int8"] = f"{folder}/{name}-{batch}-int8.onnx"
        ops = networks.QUANTIZED_OPS.get(name)
        runtimes.quantize_onnx(files["f32"], files["int8"], [value], ops)
    path = files["int8" if precision == "int8" else "f32"]
    cell, outputs = Cell(), {}
    side = AssaySide(ARGS.assay, ARGS.threads)
    try:
        # Where layers alone are quantized, much is left for the other type.
        widest = precision != "int8" or name not in networks.QUANTIZED_OPS
        floats = floats_of(precision)[0 if widest else -1]
        outputs["assay"] = assay_cell(cell, side, path, value, floats, folder)
        outputs.update(onnx_cells(cell, path, value, precision))
        if precision != "int8":
            outputs.update(torch_cells(cell, name, value, precision))
        for runtime, output in outputs.items():
            cell.check(runtime, output, expected)
        worst = cell.errors.get("assay", 0)
        if precision == "f32" and worst > F32_TOLERANCE:
            raise RuntimeError(f"assay's outputs differ from PyTorch's by {worst:.2g}")
        return cell.measure()
    finally:
        side.close()
        torch._dynamo.reset()


def train(name, precision):
    """One step: forward, backward, optimizer."""
    *_, optimizer, batch = networks.TRAINING[name]
    cell, side = Cell(), AssaySide(ARGS.assay, ARGS.threads)

    def torchs(compiled):
        return timer_of(training.step_of(name, precision, True, compiled))

    def assay():
        side.ask("train", "step", name, batch, optimizer, precision)
        return side.timer("step")

    try:
        cell.add("assay", assay)
        cell.add("torch", lambda: torchs(False))
        cell.add("torch compile", lambda: torchs(True))
        return cell.measure()
    finally:
        side.close()
        torch._dynamo.reset()


def machine():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next(l.split(":")[1].strip() for l in lines if l.startswith("model name"))
    versions = {"torch": torch.__version__}
    for module in ("onnxruntime", "openvino", "llama_cpp"):
        try:
            versions[module] = __import__(module).__version__
        except ImportError:
            versions[module] = "absent"
    return {
        "processor": model,
        "bf16": has_bf16(),
        "threads": ARGS.threads,
        "rounds": ARGS.rounds,
        "slice_seconds": ARGS.slice,
        "python": platform.python_version(),
        "load_before": os.getloadavg(),
        "versions": versions,
    }


def row(key, cell):
    """A line of the table, and the fastest peer's time over Assay's."""
    seconds = dict(cell["seconds"])
    ours = seconds.pop("assay", None)
    peer = min(seconds, key=seconds.get) if seconds else None
    ratio = seconds[peer] / ours if peer and ours else None

    def shown(value):
        return f"{value * 1e3:.4g}" if value else "-"

    error = cell["errors"].get("assay")
    cells = [
        *key,
        shown(ours),
        shown(seconds.get(peer)),
        peer or "-",
        f"{ratio:.2f}" if ratio else "-",
        f"{error:.1e}" if error is not None else "-",
        f"{cell['errors'][peer]:.1e}" if peer in cell["errors"] else "-",
    ]
    return "| " + " | ".join(cells) + " |", ratio


def table(results):
    lines = [
        "| what | network | batch | type | Assay, ms | fastest peer, ms | which "
        "| peer / Assay | error, Assay | error, peer |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    ratios = {}
    for key, cell in results["cells"].items():
        what, *_ = names = key.split(" ")
        line, ratio = row(names, cell)
        lines.append(line)
        if ratio:
            ratios.setdefault(what, []).append(ratio)
    lines.append("")
    for what, all_ratios in ratios.items():
        mean = math.exp(statistics.fmean(map(math.log, all_ratios)))
        least = min(all_ratios)
        lines.append(
            f"{what}: geometric mean {mean:.2f} over {len(all_ratios)} cells, "
            f"least {least:.2f}"
        )
    return "\n".join(lines) + "\n"


def save(results, out):
    results["machine"]["load_after"] = os.getloadavg()
    (out / "peers.json").write_text(json.dumps(results, indent=1) + "\n")
    (out / "peers.md").write_text(table(results))


def jobs(folder):
    """Pairs of a cell's name and the function that measures it."""
    only = set(filter(None, ARGS.only.split(",")))
    what = ARGS.what.split(",")
    precisions = [
        p for p in ARGS.precision.split(",") if p != "bf16" or has_bf16()
    ]
    for name in networks.INFERENCE if "infer" in what else ():
        for batch in map(int, ARGS.batch.split(",")):
            files = {}
            for precision in precisions:
                if not only or name in only:
                    yield (
                        f"infer {name} {batch} {precision}",
                        lambda n=name, b=batch, p=precision, f=files: infer(
                            n, b, p, f, folder
                        ),
                    )
    for name in networks.TRAINING if "train" in what else ():
        for precision in precisions:
            if precision != "int8" and (not only or name in only):
                yield (
                    f"train {name} {networks.TRAINING[name][4]} {precision}",
                    lambda n=name, p=precision: train(n, p),
                )
    if "decode" in what and (not only or "lmd-s" in only):
        for threads in sorted({1, ARGS.threads}):
            for precision in precisions:
                yield (
                    f"decode lmd-s/{threads} 1 {precision}",
                    lambda t=threads, p=precision: decode.measure(
                        Cell(), ARGS.assay, p, t, folder
                    ),
                )


def main():
    out = pathlib.Path(ARGS.out)
    out.mkdir(parents=True, exist_ok=True)
    results = {"machine": machine(), "cells": {}}
    with tempfile.TemporaryDirectory() as folder:
        for key, measure in jobs(folder):
            print(key, file=sys.stderr, flush=True)
            try:
                cell = measure()
            except Exception as error:  # the other cells still count
                print(f"  {key}: {error}", file=sys.stderr)
                results.setdefault("failed", {})[key] = str(error)
                continue
            results["cells"][key] = cell
            print(row(key.split(" "), cell)[0], flush=True)
            save(results, out)
    save(results, out)
    print(table(results))


if __name__ == "__main__":
    main()
