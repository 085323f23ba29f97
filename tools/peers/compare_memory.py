#!/usr/bin/env python3
"""The memory of a training step: Assay's against PyTorch's.

    tools/peers/compare_memory.py --assay=bazel-bin/harness/peers/assay_side \\
        --out=DIR [--only=resnet20,lmd-s]

README.md says how. Writes DIR/memory.json and DIR/memory.md; exit code 1 where
Assay takes more than the least of PyTorch's forms.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

STEPS = 3
FORMS = {  # channels last, compiled
    "torch": (False, False),
    "torch, channels last": (True, False),
    "torch compile": (True, True),
}


def status(pid):
    """Bytes by name, of /proc/PID/status."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    pairs = (line.split(":") for line in lines if line.startswith(("VmHWM", "VmRSS")))
    return {name: int(value.split()[0]) * 1024 for name, value in pairs}


class Growth:
    """From here on: the largest resident size of a process above the present one."""

    def __init__(self, pid):
        self.pid = pid
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM := VmRSS
        self.before = status(pid)["VmRSS"]

    def bytes(self):
        return status(self.pid)["VmHWM"] - self.before


def torch_child(args):
    """Says on a line each when it is warm and when it has made its steps, and
    goes on when told."""
    import torch

    import networks
    import training

    torch.set_num_threads(args.threads)
    last, compiled = FORMS[args.child]
    # Libraries, threads and the compiler are there before the measurement.
    make, inputs, head, optimizer, _ = networks.TRAINING[args.only]
    networks.TRAINING["warm"] = make, inputs, head, optimizer, 1
    training.step_of("warm", args.precision, last, compiled)()
    del networks.TRAINING["warm"]
    print("warm", flush=True)
    sys.stdin.readline()
    step = training.step_of(args.only, args.precision, last, compiled)
    for _ in range(STEPS):
        step()
    print("done", flush=True)
    sys.stdin.readline()


def of_torch(name, precision, form, threads):
    command = [sys.executable, __file__, "--child", form, "--only", name,
               "--precision", precision, "--threads", str(threads)]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:

        def expect(word):
            line = child.stdout.readline().strip()
            if line != word:
                raise RuntimeError(f"{form}, {name}: expected {word}, got {line!r}")

        expect("warm")
        growth = Growth(child.pid)
        print(file=child.stdin, flush=True)
        expect("done")
        peak = growth.bytes()
        child.stdin.close()
    return peak


def of_assay(name, precision, optimizer, batch, args):
    from assay_side import AssaySide

    side = AssaySide(args.assay, args.threads)
    try:
        side.ask("train", "warm", name, 1, optimizer, precision)
        side.ask("steps", "warm", 1)
        side.ask("drop", "warm")
        growth = Growth(side.process.pid)
        side.ask("train", "step", name, batch, optimizer, precision)
        side.ask("steps", "step", STEPS)
        return growth.bytes()
    finally:
        side.close()


def mebibytes(count):
    return f"{count / 2**20:.1f}"


def table(cells):
    lines = ["| training step, peak in MiB | Assay | " + " | ".join(FORMS) +
             " | Assay / least |", "|---|" + "---|" * (len(FORMS) + 2)]  # fmt: skip
    for cell, bytes_of in cells.items():
        peers = [bytes_of[form] for form in FORMS]
        lines.append(
            f"| {cell} | {mebibytes(bytes_of['assay'])} | "
            + " | ".join(map(mebibytes, peers))
            + f" | {bytes_of['assay'] / min(peers):.2f} |"
        )
    return "\n".join(lines) + "\n"


def compare(args):
    import networks

    out, cells = pathlib.Path(args.out), {}
    out.mkdir(parents=True, exist_ok=True)
    for name in args.only.split(",") if args.only else networks.TRAINING:
        *_, optimizer, batch = networks.TRAINING[name]
        for precision in args.precision.split(","):
            cell = cells[f"{name}, batch {batch}, {optimizer}, {precision}"] = {
                "assay": of_assay(name, precision, optimizer, batch, args)
            }
            for form in FORMS:
                cell[form] = of_torch(name, precision, form, args.threads)
            (out / "memory.json").write_text(json.dumps(cells, indent=1) + "\n")
            (out / "memory.md").write_text(table(cells))
            print(table(cells).splitlines()[-1], flush=True)
    return all(c["assay"] <= min(c[form] for form in FORMS) for c in cells.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assay", help="the binary assay_side")
    parser.add_argument("--out", default="peers", help="folder of the results")
    parser.add_argument("--only", default="", help="networks; empty: all")
    parser.add_argument("--precision", default="f32,bf16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--child", choices=FORMS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    if args.child:
        torch_child(args)
        return 0
    return 0 if compare(args) else 1


if __name__ == "__main__":
    sys.exit(main())
