#!/usr/bin/env python3
"""Another runtime's opinion of what Assay exports; README.md says how to run it.

  onnx_referee.py samples FILE.onnx DIR   ONNX Runtime's logits against Assay's
  onnx_referee.py cases DIR               every op case in ONNX's test layout
  onnx_referee.py networks DIR            NAME.onnx against NAME.safetensors

Exit codes: 0 agreed; 1 did not; 2 the command line makes no sense.
"""
import argparse
import json
import pathlib
import struct
import sys

import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime as ort

# Of a case's largest output: half of what sums in another order may cost.
CASE_TOLERANCE = {np.dtype(np.float32): 2e-5, np.dtype(np.float64): 1e-9}


def session(path, optimized=True):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    if not optimized:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(str(path), options, ["CPUExecutionProvider"])


def run_in_batches(runtime, inputs, batch):
    name = runtime.get_inputs()[0].name
    fixed = runtime.get_inputs()[0].shape[0]
    batch = fixed if isinstance(fixed, int) else batch
    rows = [runtime.run(["logits"], {name: inputs[i:i + batch]})[0]
            for i in range(0, len(inputs), batch)]
    return np.concatenate(rows)


def samples(args):
    """Compares logits; the last line is the verdict."""
    onnx.checker.check_model(args.file, full_check=True)
    folder = pathlib.Path(args.folder)
    inputs = np.load(folder / "inputs.npy")
    ours = np.load(folder / "logits.npy")
    labels = np.load(folder / "labels.npy")
    print(f"{args.file}: onnx.checker passes; {len(inputs)} samples, "
          f"largest |logit| {np.abs(ours).max():.4g}")
    print(f"  assay               accuracy {np.mean(ours.argmax(-1) == labels):.4f}")
    agreed = True
    for label, optimized in (("runtime, optimized", True), ("runtime, as written", False)):
        theirs = run_in_batches(session(args.file, optimized), inputs, args.batch)
        same = np.mean(theirs.argmax(-1) == ours.argmax(-1))
        error = np.abs(theirs - ours).max()
        agreed &= same >= args.agreement and error <= args.error
        print(f"  {label:<20}accuracy {np.mean(theirs.argmax(-1) == labels):.4f}, "
              f"top-1 equal {same:.4f}, max abs error {error:.3g}")
    print("agreed" if agreed else "DID NOT AGREE")
    return agreed


def load(path):
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return tensor.name, onnx.numpy_helper.to_array(tensor)


def differs(ours, theirs):
    """None where two outputs agree, else how they differ."""
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return f"{theirs.dtype}{theirs.shape}, expected {ours.dtype}{ours.shape}"
    if ours.dtype not in CASE_TOLERANCE:
        steps = np.abs(ours.astype(np.int64) - theirs.astype(np.int64)).max()
        return None if steps == 0 else f"differs by {steps}"
    tolerance = CASE_TOLERANCE[ours.dtype] * max(1.0, np.abs(ours).max())
    error = np.abs(ours - theirs).max()
    return None if error <= tolerance else f"differs by {error:.3g}"


def case(folder):
    """None, or a pair of a verdict and its reason."""
    model = folder / "model.onnx"
    onnx.checker.check_model(str(model), full_check=True)
    try:
        runtime = session(model)
    except Exception as error:  # the runtime's own classes share no base
        if "NOT_IMPLEMENTED" in str(error):
            return "not run", str(error).splitlines()[0]
        raise
    read = {i.name for i in runtime.get_inputs()}
    for data in sorted(folder.glob("test_data_set_*")):
        feeds = dict(load(path) for path in data.glob("input_*.pb"))
        got = runtime.run(None, {k: v for k, v in feeds.items() if k in read})
        for k, theirs in enumerate(got):
            difference = differs(load(data / f"output_{k}.pb")[1], theirs)
            if difference:
                return "FAILED", f"{data.name}: {difference}"
    return None


def cases(args):
    agreed, count = True, {"passed": 0, "not run": 0, "FAILED": 0}
    for folder in sorted(pathlib.Path(args.folder).iterdir()):
        try:
            verdict = case(folder)
        except Exception as error:
            verdict = "FAILED", str(error).splitlines()[0]
        kind, reason = verdict or ("passed", "")
        count[kind] += 1
        agreed &= kind != "FAILED"
        if verdict:
            print(f"{kind:<8}{folder.name}: {reason}")
    print(", ".join(f"{n} {kind}" for kind, n in count.items()))
    return agreed


SAFETENSORS_TYPES = {"F32": np.float32, "I32": np.int32}


def tensors(path):
    """The tensors of a safetensors file whose names have a slash, by that name."""
    data = path.read_bytes()
    length, = struct.unpack("<Q", data[:8])
    found = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if "/" not in name:
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        array = np.frombuffer(data[begin:end], SAFETENSORS_TYPES[entry["dtype"]])
        found[name] = array.reshape(entry["shape"])
    return found


def networks(args):
    """Runs the files of //harness/models/testing:write_training."""
    agreed = True
    for path in sorted(pathlib.Path(args.folder).glob("*.onnx")):
        onnx.checker.check_model(str(path), full_check=True)
        held = tensors(path.with_suffix(".safetensors"))
        runtime = session(path)
        feeds = {i.name: held["input/" + i.name] for i in runtime.get_inputs()}
        names = [o.name for o in runtime.get_outputs()]
        for name, theirs in zip(names, runtime.run(names, feeds)):
            ours = held["output/" + name]
            error = np.abs(ours - theirs).max() / np.abs(ours).max()
            good = ours.shape == theirs.shape and error <= args.error
            agreed &= bool(good)
            print(f"{path.stem:<20}{name:<12}largest {np.abs(ours).max():.4g}, differs by "
                  f"{error:.1e} of it{'' if good else '  DOES NOT AGREE'}", flush=True)
    return agreed


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("samples")
    one.add_argument("file")
    one.add_argument("folder")
    one.add_argument("--batch", type=int, default=100)
    one.add_argument("--agreement", type=float, default=1.0,
                     help="fraction of samples whose top-1 must be equal")
    one.add_argument("--error", type=float, default=1e-3,
                     help="largest absolute difference of a logit")
    one.set_defaults(run=samples)
    all_cases = commands.add_parser("cases")
    all_cases.add_argument("folder")
    all_cases.set_defaults(run=cases)
    zoo = commands.add_parser("networks")
    zoo.add_argument("folder")
    zoo.add_argument("--error", type=float, default=2e-5,
                     help="largest difference, of the largest element")
    zoo.set_defaults(run=networks)
    args = parser.parse_args()
    return 0 if args.run(args) else 1


if __name__ == "__main__":
    sys.exit(main())
