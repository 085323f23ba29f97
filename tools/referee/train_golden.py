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


def train(start, dtype):
    """Output as it starts, losses, the trained module; all in dtype."""
    module = networks.build(start)
    networks.load(module, start.parameters)
    module.to(dtype)
    for part in module.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    move = lambda tensors: {name: value.to(dtype) if value.is_floating_point() else value
                            for name, value in tensors.items()}
    inputs, targets = move(start.inputs), move(start.targets)
    with torch.no_grad():
        output = module.eval()(**inputs)
    module.train()
    optimizer = optimizer_of(start.recipe, module.parameters())
    losses = []
    for _ in start.losses:
        optimizer.zero_grad()
        loss = loss_of(module(**inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return output, np.array(losses), module


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
        _, losses, module = train(start, torch.float64)
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
        output, exact, _ = train(start, torch.float64)
        _, single, _ = train(start, torch.float32)
        ours, theirs = relative(start.losses, exact), relative(single, exact)
        result = relative(next(iter(start.outputs.values())).numpy(), output.numpy())
        good = result < args.error and ours < max(args.error, args.factor * theirs)
        agreed &= good
        print(f"| `{path.stem}` | {result:.1e} | {exact[0]:.4f} | {exact[-1]:.4f} | "
              f"{ours:.1e} | {theirs:.1e} |{'' if good else ' DIFFERS'}", flush=True)
    print("no PyTorch network here: " + ", ".join(passed_over))
    return agreed


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
    args = parser.parse_args()
    return 0 if args.run(args) else 1


if __name__ == "__main__":
    sys.exit(main())
