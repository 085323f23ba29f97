"""An ONNX file as a PyTorch module that trains.

Covers what Assay's exporter writes for the networks of the zoo. Floats have the type
that `forward` is given, batch norm takes the statistics of its batch in training.
"""
import onnx
import onnx.numpy_helper
import torch
from onnx import TensorProto
from torch.nn import functional as F

STATISTICS = slice(3, 5)  # operands of BatchNormalization that do not train


def tensor(proto):
    return torch.tensor(onnx.numpy_helper.to_array(proto))


def ints(value):
    return [int(x) for x in value.reshape(-1)]


def conv(a, x, weight, bias=None):
    spatial = x.dim() - 2
    pads = a.get("pads", [0] * 2 * spatial)
    padding = [n for i in reversed(range(spatial)) for n in (pads[i], pads[i + spatial])]
    function = (F.conv1d, F.conv2d)[spatial - 1]
    return function(F.pad(x, padding), weight, bias, tuple(a.get("strides", [1] * spatial)),
                    0, tuple(a.get("dilations", [1] * spatial)), a.get("group", 1))


def pooled(a, x, function, **options):
    pads = a.get("pads", [0] * 4)
    assert pads[:2] == pads[2:] and not a.get("ceil_mode", 0), a
    return function(x, tuple(a["kernel_shape"]), tuple(a.get("strides", [1, 1])),
                    tuple(pads[:2]), **options)


def gemm(a, x, y, bias=None):
    assert a.get("alpha", 1) == 1 and a.get("beta", 1) == 1, a
    x, y = x.T if a.get("transA") else x, y.T if a.get("transB") else y
    return x @ y if bias is None else x @ y + bias


def reshape(a, x, shape):
    return x.reshape([x.shape[i] if n == 0 else n for i, n in enumerate(ints(shape))])


def cut(a, x, starts, ends, axes=None, steps=None):
    axes = range(len(starts)) if axes is None else ints(axes)
    steps = [1] * len(starts) if steps is None else ints(steps)
    for start, end, axis, step in zip(ints(starts), ints(ends), axes, steps):
        places = range(x.shape[axis])[start:end:step]
        x = x.index_select(axis, torch.tensor(places))
    return x


def pad(a, x, pads, value=None):
    pads, rank = ints(pads), x.dim()
    by_axis = [n for i in reversed(range(rank)) for n in (pads[i], pads[i + rank])]
    mode = a.get("mode", b"constant").decode()
    if mode == "constant":
        return F.pad(x, by_axis, value=0 if value is None else value.item())
    assert mode == "reflect", mode
    for axis in range(rank):
        n = x.shape[axis]
        places = torch.arange(-pads[axis], n + pads[axis + rank]).abs()
        x = x.index_select(axis, torch.where(places < n, places, 2 * n - 2 - places))
    return x


def reduced(function):
    def run(a, x, axes=None):
        axes = a.get("axes") if axes is None else ints(axes)
        return function(x, axes or tuple(range(x.dim())), bool(a.get("keepdims", 1)))
    return run


def gather(a, x, places):
    axis = a.get("axis", 0) % x.dim()
    rows = x.index_select(axis, places.long().reshape(-1) % x.shape[axis])
    return rows.reshape(*x.shape[:axis], *places.shape, *x.shape[axis + 1:])


def unsqueezed(a, x, axes):
    for axis in sorted(ints(axes)):
        x = x.unsqueeze(axis)
    return x


def layer_norm(a, x, weight, bias=None):
    shape = x.shape[a.get("axis", -1):]
    return F.layer_norm(x, shape, weight, bias, a.get("epsilon", 1e-5))


def cumulative(a, x, axis):
    assert not a.get("reverse", 0) and not a.get("exclusive", 0), a
    return x.cumsum(int(axis))


def expand(a, x, shape):
    return x.expand(torch.broadcast_shapes(x.shape, ints(shape)))


# By op: of its attributes and operands.
OPS = {
    "Abs": lambda a, x: x.abs(),
    "Add": lambda a, x, y: x + y,
    "AveragePool": lambda a, x: pooled(
        a, x, F.avg_pool2d, count_include_pad=bool(a.get("count_include_pad", 0))),
    "Clip": lambda a, x, low=None, high=None: x.clamp(low, high),
    "Concat": lambda a, *parts: torch.cat(parts, a["axis"]),
    "Conv": conv,
    "CumSum": cumulative,
    "Div": lambda a, x, y: x / y,
    "Dropout": lambda a, x, ratio=None, training=None: x,
    "Equal": lambda a, x, y: x == y,
    "Erf": lambda a, x: x.erf(),
    "Exp": lambda a, x: x.exp(),
    "Expand": expand,
    "Gather": gather,
    "Gemm": gemm,
    "Greater": lambda a, x, y: x > y,
    "HardSwish": lambda a, x: F.hardswish(x),
    "IsNaN": lambda a, x: x.isnan(),
    "LayerNormalization": layer_norm,
    "MatMul": lambda a, x, y: x @ y,
    "MaxPool": lambda a, x: pooled(a, x, F.max_pool2d),
    "Min": lambda a, x, y: torch.minimum(x, y),
    "Mul": lambda a, x, y: x * y,
    "Neg": lambda a, x: -x,
    "Pad": pad,
    "ReduceMean": reduced(torch.mean),
    "ReduceSum": reduced(torch.sum),
    "Relu": lambda a, x: x.relu(),
    "Reshape": reshape,
    "Round": lambda a, x: x.round(),
    "Sigmoid": lambda a, x: x.sigmoid(),
    "Slice": cut,
    "Softmax": lambda a, x: x.softmax(a.get("axis", -1)),
    "Sqrt": lambda a, x: x.sqrt(),
    "Sub": lambda a, x, y: x - y,
    "Tanh": lambda a, x: x.tanh(),
    "Transpose": lambda a, x: x.permute(*a["perm"]),
    "Unsqueeze": unsqueezed,
    "Where": lambda a, condition, x, y: torch.where(condition, x, y),
}
INTEGERS = {TensorProto.INT32: torch.int32, TensorProto.INT64: torch.int64,
            TensorProto.BOOL: torch.bool}
FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE)


class OnnxNetwork(torch.nn.Module):
    """Parameters are the initializers, in the file's order: Assay writes those alone."""

    def __init__(self, path):
        super().__init__()
        model = onnx.load(str(path))
        self.graph = model.graph
        self.functions = {f.name: f for f in model.functions}
        nodes = [*model.graph.node, *(n for f in model.functions for n in f.node)]
        unknown = {n.op_type for n in nodes} - set(OPS) - set(self.functions) - {
            "BatchNormalization", "Cast", "Constant"}
        if unknown:
            raise NotImplementedError(f"{path}: no PyTorch for {sorted(unknown)}")
        frozen = {name for n in nodes if n.op_type == "BatchNormalization"
                  for name in n.input[STATISTICS]}
        self.names = [i.name for i in model.graph.initializer]
        self.values = torch.nn.ParameterList(
            torch.nn.Parameter(tensor(i), requires_grad=i.name not in frozen)
            for i in model.graph.initializer)

    def forward(self, **inputs):
        """The first output."""
        self.dtype = next(iter(self.values)).dtype
        values = {**dict(zip(self.names, self.values)), **inputs}
        self.run(self.graph.node, values)
        return values[self.graph.output[0].name]

    def run(self, nodes, values):
        for node in nodes:
            a = {i.name: onnx.helper.get_attribute_value(i) for i in node.attribute}
            operands = [values[name] if name else None for name in node.input]
            if node.op_type in self.functions:
                function = self.functions[node.op_type]
                inner = dict(zip(function.input, operands))
                self.run(function.node, inner)
                results = [inner[name] for name in function.output]
            else:
                results = [self.result(node.op_type, a, operands)]
            values.update(zip(node.output, results))

    def result(self, op, a, operands):
        if op == "Constant":
            value = tensor(a["value"])
            return value.to(self.dtype) if value.is_floating_point() else value
        if op == "Cast":
            return operands[0].to(self.dtype if a["to"] in FLOATS else INTEGERS[a["to"]])
        if op == "BatchNormalization":
            x, weight, bias, mean, variance = operands
            statistics = (None, None) if self.training else (mean, variance)
            return F.batch_norm(x, *statistics, weight, bias, self.training, 0,
                                a.get("epsilon", 1e-5))
        return OPS[op](a, *operands)
