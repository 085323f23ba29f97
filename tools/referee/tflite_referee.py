#!/usr/bin/env python3
"""TensorFlow Lite's opinion of what Assay makes of its files; README.md says how
to run it.

  tflite_referee.py FILE.tflite... [--assay=COMMAND] [--cifar10=DIR] [--count=N]

Runs the same inputs through LiteRT, with its optimized kernels and with its
reference ones, and through `assay infer`, as a plan and as written. Inputs are
random on the file's grid, or the first test images of CIFAR-10, whose labels
give the accuracy too. Outputs of integers are compared in steps of their grid,
floats by the largest magnitude.

Exit codes: 0 done; 2 the command line makes no sense.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

BATCH = 100
SLOW = 200  # inputs at most that the reference kernels see
KERNELS = (("optimized", OpResolverType.AUTO), ("reference", OpResolverType.BUILTIN_REF))


def litert(path, inputs, kernels):
    """A row of outputs per input, as the file has them."""
    runtime = Interpreter(str(path), num_threads=1, experimental_op_resolver_type=kernels)
    runtime.allocate_tensors()
    source, = runtime.get_input_details()
    result, = runtime.get_output_details()
    rows = []
    for row in inputs:
        runtime.set_tensor(source["index"], row[None])
        runtime.invoke()
        rows.append(runtime.get_tensor(result["index"])[0].copy())
    return np.stack(rows)


def assay(command, path, reals, *flags):
    """The same from `assay infer`, images channels first, in reals."""
    if reals.ndim == 4:
        reals = np.ascontiguousarray(reals.transpose(0, 3, 1, 2))
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for at in range(0, len(reals), BATCH):
            np.save(folder / "input.npy", reals[at:at + BATCH])
            subprocess.run([command, "infer", path, f"--input={folder}/input.npy",
                            f"--output_dir={folder}/out", *flags],
                           check=True, stdout=subprocess.DEVNULL)
            output, = (folder / "out").iterdir()
            rows.append(np.load(output))
    return np.concatenate(rows)


def interface(path):
    runtime = Interpreter(str(path))
    return runtime.get_input_details()[0], runtime.get_output_details()[0]


def integers(reals, tensor):
    scale, zero_point = tensor["quantization"]
    return np.clip(np.rint(reals / np.float32(scale)) + zero_point, -128, 127).astype(np.int8)


def cifar10(folder, count):
    """Images [N,32,32,3] from 0 to 255, and labels."""
    records = np.fromfile(pathlib.Path(folder) / "test_batch.bin", np.uint8).reshape(-1, 3073)
    images = records[:count, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return images, records[:count, 0]


def compared(ours, theirs):
    ours = ours[:len(theirs)]
    apart = np.abs(ours.astype(np.float64) - theirs)
    same = np.mean(ours.argmax(-1) == theirs.argmax(-1))
    if ours.dtype != np.int8:
        return f"top-1 equal {same:.4f}, differs by {apart.max() / np.abs(theirs).max():.1e}"
    return (f"top-1 equal {same:.4f}, {np.mean(apart == 0):.2%} of the outputs equal, "
            f"{np.mean(apart <= 1):.2%} within a step, at most {int(apart.max())} steps")


def referee(path, args):
    source, result = interface(path)
    labels = None
    if args.cifar10:
        images, labels = cifar10(args.cifar10, args.count)
        reals = images.astype(np.float32)
    else:
        shape = (args.count, *source["shape"][1:])
        reals = np.random.default_rng(1).integers(-128, 128, shape).astype(np.float32)
    quantized = source["dtype"] == np.int8
    inputs = reals
    if quantized:
        scale, zero_point = source["quantization"]
        if args.cifar10:
            inputs = integers(reals, source)
        else:
            inputs = reals.astype(np.int8)
            reals = (reals - zero_point) * np.float32(scale)
    theirs = {name: litert(path, inputs[:SLOW] if name == "reference" else inputs, kernels)
              for name, kernels in KERNELS}
    ours = {"plan": assay(args.assay, path, reals),
            "as written": assay(args.assay, path, reals, "--as_written")}
    if result["dtype"] == np.int8:
        ours = {name: integers(rows, result) for name, rows in ours.items()}
    print(f"{path.name}: {len(reals)} inputs")
    if labels is not None:
        for name, rows in {**theirs, **ours}.items():
            right = rows.argmax(-1) == labels[:len(rows)]
            print(f"  accuracy {name:<12}{right.mean():.4f} of {len(rows)}")
    for name, rows in ours.items():
        for kernels, _ in KERNELS:
            print(f"  assay {name:<11}litert {kernels:<10}{compared(rows, theirs[kernels])}")
    print(f"  {'':<17}its own two     {compared(theirs['optimized'], theirs['reference'])}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--assay", default="assay", help="the command")
    parser.add_argument("--cifar10", help="folder with test_batch.bin")
    parser.add_argument("--count", type=int, default=100)
    args = parser.parse_args()
    for path in args.files:
        referee(path, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
