#!/usr/bin/env python3
"""Small TensorFlow Lite files of every operator that Assay reads, in floats and in
8-bit integers, and what LiteRT makes of them.

  tflite_golden.py FOLDER

writes small_f32.tflite, small_int8.tflite and small.txt: per file, the outputs for
inputs whose element i is (i * 37 + 11) % 256 - 128, in steps of the file's grid (of
0.05 for floats). LiteRT's reference kernels; weights from a fixed seed.
"""
import pathlib
import sys

import flatbuffers
import numpy as np
import tflite
from ai_edge_litert.interpreter import Interpreter, OpResolverType

KIND, OPTIONS = tflite.BuiltinOperator, tflite.BuiltinOptions
RELU, RELU6, NONE = (tflite.ActivationFunctionType.RELU, tflite.ActivationFunctionType.RELU6,
                     tflite.ActivationFunctionType.NONE)
INPUT_SCALE, INPUT_ZERO = 0.05, 3
VERSIONS = {KIND.CONV_2D: 3, KIND.DEPTHWISE_CONV_2D: 3, KIND.FULLY_CONNECTED: 4,
            KIND.RESHAPE: 1}  # of integers; others 2


class Writer:
    def __init__(self, quantized):
        self.quantized = quantized
        self.random = np.random.default_rng(5)
        self.tensors, self.operators = [], []

    def tensor(self, name, shape, scales=(), zeros=(), axis=0, data=None):
        self.tensors.append((name, shape, scales, zeros, axis, data))
        return len(self.tensors) - 1

    def activation(self, name, shape, scale, zero):
        return self.tensor(name, shape, (scale,), (zero,))

    def layer(self, name, source, shape, axis):
        """Weights with a scale per slice along `axis` (one, where it is None) and a bias."""
        count = 1 if axis is None else shape[axis]
        outputs = shape[0] if axis is None else shape[axis]
        scales = self.random.uniform(0.001, 0.003, count).astype(np.float32)
        integers = self.random.integers(-127, 128, shape).astype(np.int8)
        bias = self.random.integers(-300, 300, outputs).astype(np.int32)
        products = np.float32(self.tensors[source][2][0]) * scales
        if not self.quantized:
            spread = [1] * len(shape)
            spread[0 if axis is None else axis] = count
            integers = (integers * scales.reshape(spread)).astype(np.float32)
            bias = (bias * products).astype(np.float32)
        zeros = (0,) * count
        return (self.tensor(name + ".weights", shape, scales, zeros, axis or 0, integers),
                self.tensor(name + ".bias", (outputs,), products, zeros, 0, bias))

    def add(self, code, inputs, output, kind, start, end, **options):
        self.operators.append((code, inputs, output, kind, start, end, options))
        return output

    def network(self):
        x = self.activation("x", (1, 6, 6, 3), INPUT_SCALE, INPUT_ZERO)
        conv = self.add(
            KIND.CONV_2D, (x, *self.layer("a", x, (4, 3, 3, 3), 0)),
            self.activation("a", (1, 3, 3, 4), 0.02, -100), OPTIONS.Conv2DOptions,
            tflite.Conv2DOptionsStart, tflite.Conv2DOptionsEnd, Padding=tflite.Padding.SAME,
            StrideW=2, StrideH=2, FusedActivationFunction=RELU)
        depthwise = self.add(
            KIND.DEPTHWISE_CONV_2D, (conv, *self.layer("b", conv, (1, 3, 3, 4), 3)),
            self.activation("b", (1, 3, 3, 4), 0.005, -128), OPTIONS.DepthwiseConv2DOptions,
            tflite.DepthwiseConv2DOptionsStart, tflite.DepthwiseConv2DOptionsEnd,
            Padding=tflite.Padding.SAME, StrideW=1, StrideH=1, DepthMultiplier=1,
            FusedActivationFunction=RELU6)
        total = self.add(
            KIND.ADD, (conv, depthwise), self.activation("c", (1, 3, 3, 4), 0.025, -90),
            OPTIONS.AddOptions, tflite.AddOptionsStart, tflite.AddOptionsEnd,
            FusedActivationFunction=NONE)
        pool = self.add(
            KIND.AVERAGE_POOL_2D, (total,), self.activation("d", (1, 2, 2, 4), 0.025, -90),
            OPTIONS.Pool2DOptions, tflite.Pool2DOptionsStart, tflite.Pool2DOptionsEnd,
            Padding=tflite.Padding.VALID, StrideW=1, StrideH=1, FilterWidth=2, FilterHeight=2,
            FusedActivationFunction=NONE)
        rows = self.add(
            KIND.RESHAPE, (pool,), self.activation("e", (1, 16), 0.025, -90),
            OPTIONS.ReshapeOptions, tflite.ReshapeOptionsStart, tflite.ReshapeOptionsEnd,
            NewShape=(1, 16))
        linear = self.add(
            KIND.FULLY_CONNECTED, (rows, *self.layer("f", rows, (5, 16), None)),
            self.activation("f", (1, 5), 0.02, 10), OPTIONS.FullyConnectedOptions,
            tflite.FullyConnectedOptionsStart, tflite.FullyConnectedOptionsEnd,
            FusedActivationFunction=NONE)
        return x, self.add(
            KIND.SOFTMAX, (linear,), self.activation("y", (1, 5), 1 / 256, -128),
            OPTIONS.SoftmaxOptions, tflite.SoftmaxOptionsStart, tflite.SoftmaxOptionsEnd,
            Beta=1.0)

    # --- FlatBuffers, back to front.

    def vector(self, values, dtype):
        return self.builder.CreateNumpyVector(np.asarray(values, dtype))

    def tables(self, offsets):
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return self.builder.EndVector()

    def write_tensor(self, number, tensor):
        b = self.builder
        name, shape, scales, zeros, axis, data = tensor
        kind = {"int8": tflite.TensorType.INT8, "int32": tflite.TensorType.INT32,
                "float32": tflite.TensorType.FLOAT32}
        activation = np.int8 if self.quantized else np.float32
        dtype = np.dtype(activation) if data is None else data.dtype
        grid = 0
        if self.quantized:
            scales, zeros = self.vector(scales, np.float32), self.vector(zeros, np.int64)
            tflite.QuantizationParametersStart(b)
            tflite.QuantizationParametersAddScale(b, scales)
            tflite.QuantizationParametersAddZeroPoint(b, zeros)
            tflite.QuantizationParametersAddQuantizedDimension(b, axis)
            grid = tflite.QuantizationParametersEnd(b)
        shape, name = self.vector(shape, np.int32), b.CreateString(name)
        tflite.TensorStart(b)
        tflite.TensorAddShape(b, shape)
        tflite.TensorAddType(b, kind[dtype.name])
        tflite.TensorAddBuffer(b, 0 if data is None else number + 1)
        tflite.TensorAddName(b, name)
        if grid:
            tflite.TensorAddQuantization(b, grid)
        return tflite.TensorEnd(b)

    def write_operator(self, number, operator):
        b = self.builder
        _, inputs, output, kind, start, end, options = operator
        if "NewShape" in options:
            options["NewShape"] = self.vector(options["NewShape"], np.int32)
        start(b)
        for key, value in options.items():
            getattr(tflite, start.__name__.removesuffix("Start") + "Add" + key)(b, value)
        options = end(b)
        inputs, outputs = self.vector(inputs, np.int32), self.vector([output], np.int32)
        tflite.OperatorStart(b)
        tflite.OperatorAddOpcodeIndex(b, number)
        tflite.OperatorAddInputs(b, inputs)
        tflite.OperatorAddOutputs(b, outputs)
        tflite.OperatorAddBuiltinOptionsType(b, kind)
        tflite.OperatorAddBuiltinOptions(b, options)
        return tflite.OperatorEnd(b)

    def write_code(self, operator):
        b = self.builder
        tflite.OperatorCodeStart(b)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(b, operator[0])
        tflite.OperatorCodeAddBuiltinCode(b, operator[0])
        tflite.OperatorCodeAddVersion(b, VERSIONS.get(operator[0], 2) if self.quantized else 1)
        return tflite.OperatorCodeEnd(b)

    def write_buffer(self, data):
        b = self.builder
        if data is not None:
            data = self.vector(np.frombuffer(data.tobytes(), np.uint8), np.uint8)
        tflite.BufferStart(b)
        if data is not None:
            tflite.BufferAddData(b, data)
        return tflite.BufferEnd(b)

    def write(self):
        source, result = self.network()
        b = self.builder = flatbuffers.Builder(4096)
        buffers = self.tables([self.write_buffer(None)] + [self.write_buffer(t[5])
                                                           for t in self.tensors])
        tensors = self.tables([self.write_tensor(i, t) for i, t in enumerate(self.tensors)])
        operators = self.tables([self.write_operator(i, o) for i, o in enumerate(self.operators)])
        codes = self.tables([self.write_code(o) for o in self.operators])
        inputs, outputs = self.vector([source], np.int32), self.vector([result], np.int32)
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, tensors)
        tflite.SubGraphAddInputs(b, inputs)
        tflite.SubGraphAddOutputs(b, outputs)
        tflite.SubGraphAddOperators(b, operators)
        subgraphs = self.tables([tflite.SubGraphEnd(b)])
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, codes)
        tflite.ModelAddSubgraphs(b, subgraphs)
        tflite.ModelAddBuffers(b, buffers)
        b.Finish(tflite.ModelEnd(b), b"TFL3")
        return bytes(b.Output())


def outputs(path, quantized):
    runtime = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    runtime.allocate_tensors()
    source, result = runtime.get_input_details()[0], runtime.get_output_details()[0]
    steps = (np.arange(np.prod(source["shape"])) * 37 + 11) % 256 - 128
    value = steps.astype(np.int8) if quantized else ((steps - INPUT_ZERO) * np.float32(INPUT_SCALE))
    runtime.set_tensor(source["index"], value.astype(source["dtype"]).reshape(source["shape"]))
    runtime.invoke()
    return runtime.get_tensor(result["index"])[0]


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    lines = []
    for quantized, name in ((False, "small_f32.tflite"), (True, "small_int8.tflite")):
        (folder / name).write_bytes(Writer(quantized).write())
        lines.append(" ".join([name, *map(str, outputs(folder / name, quantized))]))
    (folder / "small.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
