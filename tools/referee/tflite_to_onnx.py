#!/usr/bin/env python3
"""TensorFlow Lite networks of convolutions as ONNX; README.md says how to run it.

  tflite_to_onnx.py IN.tflite OUT.onnx

Knows CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, ADD, AVERAGE_POOL_2D, RESHAPE
and SOFTMAX in f32 and int8: what the reference networks of MLPerf Tiny are made
of. Images become channels first, any batch. An int8 file becomes a network of
floats with QuantizeLinear and DequantizeLinear where the file's integers are; a
quantized input is quantized inside, so that the network takes what the file's
input stands for.
"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
import tflite

OPSET = 17
NUMPY = {tflite.TensorType.FLOAT32: np.float32, tflite.TensorType.INT8: np.int8,
         tflite.TensorType.INT32: np.int32}
OP_NAMES = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}


class Converter:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.model = tflite.Model.GetRootAsModel(file.read(), 0)
        self.graph = self.model.Subgraphs(0)
        self.nodes, self.initializers, self.names = [], [], {}

    # --- The file.

    def tensor(self, index):
        return self.graph.Tensors(index)

    def shape(self, index):
        return self.tensor(index).ShapeAsNumpy().tolist() if self.tensor(index).ShapeLength() else []

    def data(self, index):
        tensor = self.tensor(index)
        raw = self.model.Buffers(tensor.Buffer()).DataAsNumpy()
        return np.frombuffer(raw.tobytes(), NUMPY[tensor.Type()]).reshape(self.shape(index))

    def grid(self, index):
        """Scales, zero points and axis of an int8 tensor."""
        q = self.tensor(index).Quantization()
        return (q.ScaleAsNumpy().astype(np.float32), q.ZeroPointAsNumpy().astype(np.int8),
                q.QuantizedDimension())

    def is_int8(self, index):
        return self.tensor(index).Type() == tflite.TensorType.INT8

    # --- The model.

    def initializer(self, name, array):
        self.initializers.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def constant(self, name, array):
        value = numpy_helper.from_array(np.asarray(array, order="C"), name)
        self.nodes.append(helper.make_node("Constant", [], [name], name=name, value=value))
        return name

    def node(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def set(self, index, name):
        """`name` holds the real values of a tensor; integers go through their grid."""
        if self.is_int8(index):
            scale, zero_point, _ = self.grid(index)
            scale = self.constant(f"t{index}.scale", scale[0])
            zero_point = self.constant(f"t{index}.zero_point", zero_point[0])
            name = self.node("QuantizeLinear", [name, scale, zero_point], f"t{index}.quantized")
            name = self.node("DequantizeLinear", [name, scale, zero_point], f"t{index}")
        self.names[index] = name

    def weights(self, index, arrange, axis):
        """Weights in ONNX's arrangement; integers with their scales along `axis`."""
        name, array = f"t{index}.weights", arrange(self.data(index))
        if not self.is_int8(index):
            return self.initializer(name, array)
        scale, zero_point, _ = self.grid(index)
        if len(scale) == 1:
            scale, zero_point = scale[0], zero_point[0]
        scale = self.constant(name + ".scale", scale)
        zero_point = self.constant(name + ".zero_point", zero_point)
        self.initializer(name, array)
        return self.node("DequantizeLinear", [name, scale, zero_point], name + ".real", axis=axis)

    def bias(self, index, source, weights):
        array = self.data(index)
        if array.dtype == np.int32:  # on the grid of the products
            scale = self.grid(source)[0][0] * self.grid(weights)[0]
            array = array.astype(np.float64) * scale
        return self.initializer(f"t{index}.bias", array.astype(np.float32))

    def activation(self, kind, name, output):
        kinds = tflite.ActivationFunctionType
        if kind == kinds.NONE:
            return name
        if kind == kinds.RELU:
            return self.node("Relu", [name], output)
        if kind == kinds.RELU6:
            low = self.constant(output + ".low", np.float32(0))
            high = self.constant(output + ".high", np.float32(6))
            return self.node("Clip", [name, low, high], output)
        raise SystemExit(f"activation {kind} is not known")

    def pads(self, same, shape, kernel, strides, dilations):
        """[top, left, bottom, right] of SAME, TensorFlow's way."""
        if not same:
            return [0, 0, 0, 0]
        before, after = [], []
        for extent, k, stride, dilation in zip(shape[1:3], kernel, strides, dilations):
            total = max((-(-extent // stride) - 1) * stride + (k - 1) * dilation + 1 - extent, 0)
            before.append(total // 2)
            after.append(total - total // 2)
        return before + after

    # --- Operators.

    def options(self, operator, kind):
        options = kind()
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    def convolution(self, operator, depthwise):
        source, weights, bias = operator.InputsAsNumpy()
        output = operator.Outputs(0)
        options = self.options(operator, tflite.DepthwiseConv2DOptions if depthwise
                               else tflite.Conv2DOptions)
        kernel = self.shape(weights)[1:3]
        strides = [options.StrideH(), options.StrideW()]
        dilations = [options.DilationHFactor(), options.DilationWFactor()]
        arrange = (lambda w: w.transpose(3, 0, 1, 2)) if depthwise else (
            lambda w: w.transpose(0, 3, 1, 2))
        name = self.node(
            "Conv",
            [self.names[source], self.weights(weights, arrange, 0),
             self.bias(bias, source, weights)],
            f"t{output}.conv", kernel_shape=kernel, strides=strides, dilations=dilations,
            group=self.shape(source)[3] if depthwise else 1,
            pads=self.pads(options.Padding() == tflite.Padding.SAME, self.shape(source), kernel,
                           strides, dilations))
        self.set(output, self.activation(options.FusedActivationFunction(), name,
                                         f"t{output}.activation"))

    def conv_2d(self, operator):
        self.convolution(operator, False)

    def depthwise_conv_2d(self, operator):
        self.convolution(operator, True)

    def fully_connected(self, operator):
        source, weights, bias = operator.InputsAsNumpy()
        output = operator.Outputs(0)
        options = self.options(operator, tflite.FullyConnectedOptions)
        inputs = [self.names[source], self.weights(weights, lambda w: w, 0)]
        if bias >= 0:
            inputs.append(self.bias(bias, source, weights))
        name = self.node("Gemm", inputs, f"t{output}.gemm", transB=1)
        self.set(output, self.activation(options.FusedActivationFunction(), name,
                                         f"t{output}.activation"))

    def add(self, operator):
        a, b = operator.InputsAsNumpy()
        output = operator.Outputs(0)
        name = self.node("Add", [self.names[a], self.names[b]], f"t{output}.add")
        kind = self.options(operator, tflite.AddOptions).FusedActivationFunction()
        self.set(output, self.activation(kind, name, f"t{output}.activation"))

    def average_pool_2d(self, operator):
        source, output = operator.Inputs(0), operator.Outputs(0)
        options = self.options(operator, tflite.Pool2DOptions)
        kernel = [options.FilterHeight(), options.FilterWidth()]
        strides = [options.StrideH(), options.StrideW()]
        name = self.node(
            "AveragePool", [self.names[source]], f"t{output}.pool", kernel_shape=kernel,
            strides=strides,
            pads=self.pads(options.Padding() == tflite.Padding.SAME, self.shape(source), kernel,
                           strides, [1, 1]))
        self.set(output, name)

    def reshape(self, operator):
        source, output = operator.Inputs(0), operator.Outputs(0)
        name = self.names[source]
        if len(self.shape(source)) == 4 and np.prod(self.shape(source)[1:3]) > 1:
            name = self.node("Transpose", [name], f"t{output}.channels_last", perm=[0, 2, 3, 1])
        shape = np.array([0 if len(self.shape(output)) > 2 else -1] + self.shape(output)[1:],
                         np.int64)
        shape = self.constant(f"t{output}.shape", shape)
        # The grid of a reshape's result is that of its source.
        self.names[output] = self.node("Reshape", [name, shape], f"t{output}")

    def softmax(self, operator):
        # Its grid is that of probabilities, which nobody reads further.
        source, output = operator.Inputs(0), operator.Outputs(0)
        self.names[output] = self.node("Softmax", [self.names[source]], f"t{output}", axis=-1)

    # --- All of it.

    def convert(self):
        if self.graph.InputsLength() != 1 or self.graph.OutputsLength() != 1:
            raise SystemExit("expected one input and one output")
        source, output = self.graph.Inputs(0), self.graph.Outputs(0)
        shape = self.shape(source)
        images = len(shape) == 4
        dims = [shape[i] for i in ((3, 1, 2) if images else range(1, len(shape)))]
        self.set(source, "input")
        for i in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(i)
            code = self.model.OperatorCodes(operator.OpcodeIndex())
            name = OP_NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            method = getattr(self, name.lower(), None)
            if method is None:
                raise SystemExit(f"operator {i}: {name} is not known")
            method(operator)
        result = self.node("Identity", [self.names[output]], "output")
        graph = helper.make_graph(
            self.nodes, "tflite",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch"] + dims)],
            [helper.make_tensor_value_info(result, TensorProto.FLOAT,
                                           ["batch"] + self.shape(output)[1:])],
            self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)],
                                  producer_name="tflite_to_onnx")
        model.ir_version = 8
        onnx.checker.check_model(model, full_check=True)
        return model


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    onnx.save(Converter(sys.argv[1]).convert(), sys.argv[2])


if __name__ == "__main__":
    main()
