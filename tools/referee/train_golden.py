#!/usr/bin/env python3
"""PyTorch's opinion of how Assay trains; README.md says how to run it.

  train_golden.py golden DIR FILE   the losses and parameters that PyTorch reaches
                                    from DIR/*.safetensors, in f64, into FILE
  train_golden.py zoo DIR           the losses of each network of DIR that PyTorch
                                    has here, against Assay's

Exit codes: 0 agreed; 1 did not; 2 the command line makes no sense.
"""
import argparse
import json
import pathlib
import struct
import sys

import numpy as np
import torch

import networks
from onnx_torch import OnnxNetwork

torch.set_num_threads(1)
TYPES = {"F32": np.float32, "I32": np.int32, "I64": np.int64}


class Start:
    """One file of write_training: a recipe, initial parameters, a batch."""

    def __init__(self, path):
        data = path.read_bytes()
        length, = struct.unpack("<Q", data[:8])
        header = json.loads(data[8:8 + length])
        self.recipe = header.pop("__metadata__")
        self.losses = np.array(self.recipe["losses"].split(), dtype=np.float64)
        tensors = {}
        for name, entry in header.items():
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            array = np.frombuffer(data[begin:end], TYPES[entry["dtype"]])
            tensors[name] = torch.tensor(array.reshape(entry["shape"]))
        self.inputs, self.targets, self.outputs = (
            {name[len(part):]: tensors.pop(name)
             for name in list(tensors) if name.startswith(part)}
            for part in ("input/", "target/", "output/"))
        self.parameters = tensors


def loss_of(result, targets):
    if "labels" in targets:
        return torch.nn.functional.cross_entropy(
            result.reshape(-1, result.shape[-1]), targets["labels"].long().reshape(-1))
    return torch.nn.functional.mse_loss(result, targets["targets"])


def optimizer_of(recipe, parameters):
    rate, decay = float(recipe["learning_rate"]), float(recipe["weight_decay"])
    if recipe["optimizer"] == "sgd":
        return torch.optim.SGD(parameters, rate, float(recipe["momentum"]),
                               weight_decay=decay, nesterov=recipe["nesterov"] == "1")
    return torch.optim.AdamW(parameters, rate, weight_decay=decay)


def built(start):
    """The network as networks.py has it, with the start's parameters."""
    module = networks.build(start)
    networks.load(module, start.parameters)
    for part in module.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    return module


def train(start, module, dtype):
    """Output as it starts, losses; all in dtype."""
    module.to(dtype)
    move = lambda tensors: {name: value.to(dtype) if value.is_floating_point() else value
                            for name, value in tensors.items()}
    inputs, targets = move(start.inputs), move(start.targets)
    with torch.no_grad():
        output = module.eval()(**inputs)
    module.train()
    optimizer = optimizer_of(start.recipe,
                             [p for p in module.parameters() if p.requires_grad])
    losses = []
    for _ in start.losses:
        optimizer.zero_grad()
        loss = loss_of(module(**inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return output, np.array(losses)


def relative(ours, theirs):
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def golden(args):
    """Writes the file that harness/models/testing/golden_test reads."""
    lines = ["# PyTorch " + torch.__version__.split("+")[0] +
             ", f64, by tools/referee/train_golden.py. Of each parameter: sum,",
             "# Euclidean norm, the first four elements, after the last step."]
    agreed = True
    for path in sorted(pathlib.Path(args.folder).glob("*.safetensors")):
        start = Start(path)
        module = built(start)
        _, losses = train(start, module, torch.float64)
        lines.append("network " + path.stem)
        lines += [f"loss {loss:.12g}" for loss in losses]
        for name in networks.GOLDEN_PARAMETERS[path.stem]:
            value = networks.parameters(module)[name].detach().reshape(-1)
            numbers = [value.sum(), value.norm(), *value[:4]]
            lines.append(" ".join(["parameter", name] + [f"{x:.9g}" for x in numbers]))
        worst = np.abs(start.losses / losses - 1).max()
        agreed &= bool(worst < 1e-4)
        print(f"{path.stem}: Assay's losses differ by at most {worst:.2g} of them")
    pathlib.Path(args.file).write_text("\n".join(lines) + "\n")
    return agreed


def zoo(args):
    """A table: how far Assay and PyTorch in f32 are from PyTorch in f64."""
    agreed, passed_over = True, []
    print("| network | logits | first loss | last loss | Assay | PyTorch f32 |\n"
          "|---|---|---|---|---|---|")
    for path in sorted(pathlib.Path(args.folder).glob("*.safetensors")):
        start = Start(path)
        if networks.build(start) is None:
            passed_over.append(path.stem)
            continue
        output, exact = train(start, built(start), torch.float64)
        _, single = train(start, built(start), torch.float32)
        ours, theirs = relative(start.losses, exact), relative(single, exact)
        result = relative(next(iter(start.outputs.values())).numpy(), output.numpy())
        good = result < args.error and ours < max(args.error, args.factor * theirs)
        agreed &= good
        print(f"| `{path.stem}` | {result:.1e} | {exact[0]:.4f} | {exact[-1]:.4f} | "
              f"{ours:.1e} | {theirs:.1e} |{'' if good else ' DIFFERS'}", flush=True)
    print("no PyTorch network here: " + ", ".join(passed_over))
    return agreed


def strayed(start, path, exact, runs):
    """How far f32 is from f64 up to each step, of the largest loss: the worst of
    runs from the initial values and from values that one rounding away."""
    worst = np.zeros(len(exact))
    for run in range(runs):
        module, stream = OnnxNetwork(path), torch.Generator().manual_seed(run)
        with torch.no_grad():
            for value in module.parameters() if run else ():
                sign = torch.randint(0, 2, value.shape, generator=stream) * 2 - 1
                value.mul_(1 + sign * 2.0 ** -24)
        _, losses = train(start, module, torch.float32)
        worst = np.maximum(worst, np.abs(losses - exact))
    return np.maximum.accumulate(worst) / exact.max()


def steps(args):
    """Writes the file that harness/models/testing/steps_test reads."""
    lines = ["# PyTorch " + torch.__version__.split("+")[0] +
             ", by tools/referee/train_golden.py. Of each network: the loss of each",
             "# step in f64; how far it is in f32 up to there, of the largest loss."]
    print("| network | first loss | last loss | Assay | PyTorch f32 |\n|---|---|---|---|---|")
    for path in sorted(pathlib.Path(args.folder).glob("*.onnx")):
        start = Start(path.with_suffix(".safetensors"))
        _, exact = train(start, OnnxNetwork(path), torch.float64)
        far = strayed(start, path, exact, args.runs)
        lines += [f"network {path.stem}", " ".join(["losses"] + [f"{x:.8g}" for x in exact]),
                  " ".join(["f32"] + [f"{x:.1e}" for x in far])]
        print(f"| `{path.stem}` | {exact[0]:.4f} | {exact[-1]:.4f} | "
              f"{relative(start.losses, exact):.1e} | {far[-1]:.1e} |", flush=True)
    pathlib.Path(args.file).write_text("\n".join(lines) + "\n")
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("golden")
    one.add_argument("folder")
    one.add_argument("file")
    one.set_defaults(run=golden)
    many = commands.add_parser("zoo")
    many.add_argument("folder")
    many.add_argument("--error", type=float, default=1e-4,
                      help="largest difference, of the largest logit or loss")
    many.add_argument("--factor", type=float, default=10,
                      help="or as many times PyTorch's own in f32")
    many.set_defaults(run=zoo)
    every = commands.add_parser("steps")
    every.add_argument("folder")
    every.add_argument("file")
    every.add_argument("--runs", type=int, default=3)
    every.set_defaults(run=steps)
    args = parser.parse_args()
    return 0 if args.run(args) else 1


if __name__ == "__main__":
    sys.exit(main())
