#!/usr/bin/env python3
"""Writes golden vectors: what PyTorch makes of ops, and of their gradients.

    op_golden.py FOLDER      one <family>.txt per family of ops
    op_golden.py FOLDER --check    says which file would change; status 1 then

Everything is computed in double from operands with few decimals and written with
ten digits. Equal versions of PyTorch write equal files.

A file holds cases, each a few lines:

    case OP NAME
    with ATTRIBUTE TYPE VALUE          int, real, text, ints
    operand TYPE SHAPE : VALUES        or "operand absent"
    result TYPE SHAPE : VALUES         "-" in place of VALUES: not compared
    gradient I SHAPE : VALUES

Gradients are those of the sum of the first result times a seed whose element i is
(i % 7 - 3) / 4, with respect to operand I.
"""

import argparse
import pathlib
import sys

import numpy
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

FAMILIES = {}  # name: list of lines


class Case:
    """One line of a family's table under construction."""

    def __init__(self, family, op, name, operands, attributes, function, differentiate):
        lines = FAMILIES.setdefault(family, [])
        lines.append("case %s %s" % (op, name))
        for key, value in attributes.items():
            lines.append("with %s %s" % (key, attribute(value)))
        leaves = []
        for number, value in enumerate(operands):
            if value is None:
                lines.append("operand absent")
                leaves.append(None)
                continue
            lines.append("operand " + tensor(value))
            leaf = value.detach().clone()
            wanted = differentiate is True or (differentiate and number in differentiate)
            if wanted and leaf.dtype == torch.float64:
                leaf.requires_grad_()
            leaves.append(leaf)
        results = function(*leaves)
        if not isinstance(results, (list, tuple)):
            results = [results]
        for result in results:
            lines.append("result " + ("-" if result is None else tensor(result)))
        if not differentiate:
            return
        first = results[0]
        seed = (torch.arange(first.numel()) % 7 - 3).to(torch.float64) / 4
        wanted = [i for i, leaf in enumerate(leaves) if leaf is not None and leaf.requires_grad]
        gradients = torch.autograd.grad((first.reshape(-1) * seed).sum(),
                                        [leaves[i] for i in wanted])
        for i, gradient in zip(wanted, gradients):
            lines.append("gradient %d %s" % (i, tensor(gradient)))


def attribute(value):
    if isinstance(value, bool):
        return "int %d" % value
    if isinstance(value, int):
        return "int %d" % value
    if isinstance(value, float):
        return "real %r" % value
    if isinstance(value, str):
        return "text " + value
    return "ints " + ",".join("%d" % v for v in value)


TYPES = {
    torch.float64: "f32",  # the type under test; computed in double here
    torch.int32: "s32",
    torch.int64: "s64",
    torch.int8: "s8",
    torch.uint8: "u8",
    torch.bool: "bool",
}


def tensor(value):
    shape = ",".join("%d" % extent for extent in value.shape)
    kind = TYPES[value.dtype]
    values = value.detach().contiguous().reshape(-1).tolist()
    form = "%.10g" if kind == "f32" else "%d"
    return "%s [%s] : %s" % (kind, shape, " ".join(form % v for v in values))


class Random:
    """Operands of few decimals, from a stream of the case's own."""

    def __init__(self, name):
        self.stream = numpy.random.RandomState(
            sum((i + 1) * ord(c) for i, c in enumerate(name)) % (1 << 31))

    def real(self, *shape, low=-1.0, high=1.0, avoid=()):
        values = numpy.round(self.stream.uniform(low, high, shape), 2)
        for kink in avoid:
            near = numpy.abs(values - kink) < 0.04
            values = numpy.where(near, values + 0.11, values)
        return torch.from_numpy(numpy.atleast_1d(values) + 0.0).reshape(shape)

    def distinct(self, *shape, low=-1.0, high=1.0):
        count = int(numpy.prod(shape))
        values = low + (high - low) * (self.stream.permutation(count) + 0.5) / count
        return torch.from_numpy(numpy.round(values, 4)).reshape(shape)

    def integer(self, *shape, low=0, high=9, kind=torch.int32):
        values = self.stream.randint(low, high + 1, shape)
        return torch.from_numpy(numpy.array(values)).to(kind).reshape(shape)


def case(family, op, name, operands, function, attributes=None, differentiate=True):
    made = operands(Random(op + "/" + name)) if callable(operands) else operands
    Case(family, op, name, made, attributes or {}, function, differentiate)


# --- attention

def rope(x, base=10000.0, offset=0, inverse=False):
    half = x.shape[-1] // 2
    t = torch.arange(x.shape[2], dtype=torch.float64) + offset
    angle = t[:, None] * base ** (-torch.arange(half) * 2.0 / x.shape[-1])
    sin, cos = angle.sin(), angle.cos()
    if inverse:
        sin = -sin
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def attention():
    case("attention", "rope", "plain", lambda r: [r.real(1, 2, 3, 4)], rope)
    case("attention", "rope", "later_inverse", lambda r: [r.real(1, 1, 2, 6)],
         lambda x: rope(x, 500.0, 3, True), {"base": 500.0, "offset": 3, "inverse": 1})
    case("attention", "repeat_heads", "twice", lambda r: [r.real(1, 2, 2, 3)],
         lambda x: x.repeat_interleave(2, dim=1), {"repeats": 2})


# --- conv

CONVOLUTIONS = {
    "plain": ((2, 3, 4, 4), (2, 3, 3, 3), {"pads": (1, 1, 1, 1)}),
    "strided_uneven": ((1, 2, 6, 5), (3, 2, 3, 2), {"strides": (2, 3), "pads": (0, 1, 1, 2)}),
    "dilated": ((1, 2, 7, 6), (2, 2, 3, 2), {"dilations": (2, 3)}),
    "grouped": ((1, 4, 4, 3), (6, 2, 2, 3), {"groups": 2, "pads": (1, 0, 1, 0)}),
    "depthwise": ((1, 3, 5, 5), (6, 1, 3, 3), {"groups": 3, "strides": (2, 2)}),
    "series": ((1, 2, 1, 9), (3, 2, 1, 3), {"dilations": (1, 2), "pads": (0, 4, 0, 0)}),
}


def conv(x, w, b=None, strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1), groups=1):
    top, left, bottom, right = pads
    return F.conv2d(F.pad(x, (left, right, top, bottom)), w, b, strides, 0, dilations, groups)


def conv_transpose(x, w, b=None, strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1),
                   groups=1, output_padding=(0, 0)):
    top, left, bottom, right = pads
    whole = F.conv_transpose2d(x, w, b, strides, 0, 0, groups, dilations)
    # Beyond what the kernel reaches there is the bias alone.
    more = F.pad(whole, (0, output_padding[1], 0, output_padding[0]))
    if b is not None:
        reached = torch.zeros_like(more)
        reached[..., :whole.shape[2], :whole.shape[3]] = 1
        more = more + (1 - reached) * b[:, None, None]
    return more[..., top:more.shape[2] - bottom, left:more.shape[3] - right]


def convolutions():
    for name, (src, weights, attributes) in CONVOLUTIONS.items():
        case("conv", "conv2d", name, lambda r: [r.real(*src), r.real(*weights)],
             lambda x, w: conv(x, w, **attributes), attributes)
        out = conv(torch.zeros(src), torch.zeros(weights), **attributes).shape

        def data(dy, w):
            x = torch.zeros(src, requires_grad=True)
            return torch.autograd.grad(conv(x, w, **attributes), x, dy, create_graph=True)[0]

        def kernel(x, dy):
            w = torch.zeros(weights, requires_grad=True)
            return torch.autograd.grad(conv(x, w, **attributes), w, dy, create_graph=True)[0]

        if name in ("strided_uneven", "grouped"):
            case("conv", "conv2d_backward_data", name,
                 lambda r: [r.real(*out), r.real(*weights)], data,
                 dict(attributes, src_shape=src[2:]))
            case("conv", "conv2d_backward_weights", name,
                 lambda r: [r.real(*src), r.real(*out)], kernel,
                 dict(attributes, kernel=weights[2:]))
    case("conv", "conv2d", "bias", lambda r: [r.real(2, 2, 3, 3), r.real(3, 2, 2, 2), r.real(3)],
         conv)
    for name, src, weights, bias, attributes in [
            ("plain", (1, 3, 4, 3), (3, 2, 3, 3), True, {"pads": (1, 1, 1, 1)}),
            ("strided", (1, 2, 3, 3), (2, 3, 3, 2), True,
             {"strides": (2, 3), "pads": (0, 1, 1, 0), "output_padding": (1, 2)}),
            ("dilated", (1, 2, 3, 3), (2, 2, 3, 2), False, {"dilations": (2, 3)}),
            ("grouped", (1, 4, 2, 3), (4, 3, 2, 2), True, {"groups": 2}),
            ("depthwise", (2, 3, 2, 2), (3, 1, 4, 4), False,
             {"groups": 3, "strides": (2, 2), "pads": (1, 1, 1, 1)}),
    ]:
        outputs = weights[1] * attributes.get("groups", 1)
        case("conv", "conv_transpose2d", name,
             lambda r: [r.real(*src), r.real(*weights)] + ([r.real(outputs)] if bias else []),
             lambda x, w, b=None: conv_transpose(x, w, b, **attributes), attributes)


# --- elementwise

def elementwise():
    def unary(op, function, name="plain", attributes=None, differentiate=True, **bounds):
        case("elementwise", op, name, lambda r: [r.real(3, 4, **bounds)], function, attributes,
             differentiate)

    wide = {"low": -4.0, "high": 4.0}
    positive = {"low": 0.3, "high": 3.0}
    unary("neg", torch.neg)
    unary("abs", torch.abs, avoid=[0])
    unary("sign", torch.sign, differentiate=False, avoid=[0])
    unary("exp", torch.exp, **wide)
    unary("log", torch.log, **positive)
    unary("sqrt", torch.sqrt, **positive)
    unary("rsqrt", torch.rsqrt, **positive)
    unary("square", torch.square)
    unary("erf", torch.erf, **wide)
    unary("sin", torch.sin, **wide)
    unary("cos", torch.cos, **wide)
    unary("round", torch.round, differentiate=False, **wide)
    unary("floor", torch.floor, differentiate=False, **wide)
    unary("ceil", torch.ceil, differentiate=False, **wide)
    unary("pow_scalar", lambda x: x ** 2.5, attributes={"exponent": 2.5}, **positive)
    unary("pow_scalar", lambda x: x ** -1.0, "reciprocal", {"exponent": -1.0}, **positive)
    unary("tanh", torch.tanh, **wide)
    unary("sigmoid", torch.sigmoid, **wide)
    unary("silu", F.silu, **wide)
    unary("gelu", F.gelu, **wide)
    unary("gelu", lambda x: F.gelu(x, approximate="tanh"), "tanh", {"approximate": "tanh"}, **wide)
    unary("gelu_slope", lambda x: torch.special.ndtr(x) + x * torch.exp(-x * x / 2) /
          (2 * torch.pi) ** 0.5, **wide)
    unary("hardswish", F.hardswish, avoid=[-3, 3], **wide)
    unary("relu", F.relu, avoid=[0])
    unary("relu6", F.relu6, low=-2.0, high=9.0, avoid=[0, 6])
    unary("clip", lambda x: x.clamp(-0.5, 0.25), attributes={"low": -0.5, "high": 0.25},
          avoid=[-0.5, 0.25])
    unary("identity", lambda x: x * 1)
    unary("dropout", lambda x: F.dropout(x, 0.3, training=False) * 1, "inference", {"rate": 0.3})
    unary("cast", lambda x: x.to(torch.bfloat16).to(torch.float64), "to_bf16", {"dtype": "bf16"})
    unary("stop_gradient", lambda x: x.detach(), differentiate=False)
    case("elementwise", "relu_backward", "plain",
         lambda r: [r.real(3, 4), r.real(3, 4, avoid=[0])],
         lambda dy, x: torch.ops.aten.threshold_backward(dy, x, 0), differentiate=(0,))
    shapes = {"equal": ((2, 3), (2, 3)), "stretched": ((2, 1, 3), (2, 1)), "scalar": ((2, 2), ())}
    for op, function in {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div,
                         "maximum": torch.maximum, "minimum": torch.minimum}.items():
        for name, (a, b) in shapes.items():
            # Apart by a quarter of a hundredth, so that no two are equal.
            case("elementwise", op, name,
                 lambda r: [r.real(*a, low=0.5, high=2.0), r.real(*b, low=0.5, high=2.0) + 0.0025],
                 function)
    case("elementwise", "greater", "plain", lambda r: [r.real(3, 4), r.real(4)], torch.gt,
         differentiate=False)
    case("elementwise", "equal", "integers",
         lambda r: [r.integer(3, 4, high=2), r.integer(4, high=2)], torch.eq, differentiate=False)
    case("elementwise", "where", "stretched",
         lambda r: [r.integer(2, 1, 3, high=1).to(torch.bool), r.real(2, 2, 3), r.real(3)],
         torch.where)


# --- fused

def attentions():
    heads, queries, features = 2, 3, 2
    for name, keys, own, causal in [("causal", 3, 2, 1), ("masked_shared_keys", 4, 1, 0)]:

        def split(x):
            return x.reshape(1, -1, x.shape[2] // features, features).transpose(1, 2)

        def attend(q, k, v, mask=None):
            k, v = (split(x).repeat_interleave(heads // own, 1) for x in (k, v))
            out = F.scaled_dot_product_attention(split(q), k, v, mask, is_causal=bool(causal),
                                                 scale=0.5)
            return out.transpose(1, 2).reshape(1, queries, -1)

        def view(rows, count):
            return (0, rows * count * features, features, count * features)

        case("fused", "attention_fused", name,
             lambda r: [r.real(1, queries, heads * features), r.real(1, keys, own * features),
                        r.real(1, keys, own * features)] +
             ([] if causal else [r.real(1, 1, queries, keys)]),
             attend,
             {"extents": (1, heads, queries, keys, features), "query_view": view(queries, heads),
              "key_view": view(keys, own), "value_view": view(keys, own), "scale": 0.5,
              "repeats": heads // own, "causal": causal}, bool(causal))


# --- matmul

def products():
    def turned(x, turn):
        return x.transpose(-1, -2) if turn else x

    for ta in (0, 1):
        for tb in (0, 1):
            case("matmul", "matmul", "transposed_%d%d" % (ta, tb),
                 lambda r: [turned(r.real(2, 3), ta).contiguous(),
                            turned(r.real(3, 4), tb).contiguous()],
                 lambda a, b: turned(a, ta) @ turned(b, tb),
                 {"transpose_a": ta, "transpose_b": tb})
    case("matmul", "matmul", "stretched", lambda r: [r.real(2, 1, 2, 3), r.real(2, 3, 2)],
         torch.matmul)
    case("matmul", "linear", "bias", lambda r: [r.real(2, 3, 4), r.real(5, 4), r.real(5)], F.linear)
    case("matmul", "linear", "plain", lambda r: [r.real(3, 4), r.real(2, 4)], F.linear)


# --- norm

def grad(function, inputs, dy):
    leaves = [x.detach().clone().requires_grad_() for x in inputs]
    return torch.autograd.grad(function(*leaves), leaves, dy)


def norms():
    case("norm", "batch_norm", "plain",
         lambda r: [r.real(2, 3, 2, 2), r.real(3), r.real(3), r.real(3), r.real(3, low=0.5, high=2.0)],
         lambda x, s, b, m, v: F.batch_norm(x, m, v, s, b, False, 0.0, 1e-3), {"epsilon": 1e-3},
         (0, 1, 2))

    def training(x, s, b):
        axes = [i for i in range(x.dim()) if i != 1]
        return (F.batch_norm(x, None, None, s, b, True, 0.0, 1e-3), x.mean(axes),
                x.var(axes, unbiased=False))

    case("norm", "batch_norm_training", "plain", lambda r: [r.real(2, 3, 2, 2), r.real(3), r.real(3)],
         training, {"epsilon": 1e-3})
    r = Random("batch_norm_backward")
    x, dy, scale = r.real(2, 3, 2, 2), r.real(2, 3, 2, 2), r.real(3)
    case("norm", "batch_norm_backward", "plain",
         [x, dy, scale, x.mean([0, 2, 3]), x.var([0, 2, 3], unbiased=False)],
         lambda *_: grad(lambda a, s, b: training(a, s, b)[0], [x, scale, torch.zeros(3)], dy),
         {"epsilon": 1e-3}, False)

    def layer(x, s, b):
        return F.layer_norm(x, (x.shape[-1],), s, b, 1e-3)

    def rms(x, s):
        return F.rms_norm(x, (x.shape[-1],), s, 1e-3)

    case("norm", "layer_norm", "plain", lambda r: [r.real(2, 2, 5), r.real(5), r.real(5)], layer,
         {"epsilon": 1e-3})
    case("norm", "rms_norm", "plain", lambda r: [r.real(2, 2, 5), r.real(5)], rms, {"epsilon": 1e-3})
    case("norm", "layer_norm_backward", "plain", lambda r: [r.real(3, 4), r.real(3, 4), r.real(4)],
         lambda x, dy, s: grad(layer, [x, s, torch.zeros(4)], dy), {"epsilon": 1e-3}, False)
    case("norm", "rms_norm_backward", "plain", lambda r: [r.real(3, 4), r.real(3, 4), r.real(4)],
         lambda x, dy, s: grad(rms, [x, s], dy), {"epsilon": 1e-3}, False)


# --- optimizer

def optimizers():
    def sgd(p, g, buffer, rate, nesterov):
        weights = torch.nn.Parameter(p.clone())
        weights.grad = g
        optimizer = torch.optim.SGD([weights], float(rate), momentum=0.9, weight_decay=0.01,
                                    nesterov=nesterov)
        optimizer.state[weights]["momentum_buffer"] = buffer.clone()
        optimizer.step()
        return weights.data, optimizer.state[weights]["momentum_buffer"]

    for nesterov in (False, True):
        case("optimizer", "sgd_step", "nesterov" if nesterov else "plain",
             lambda r: [r.real(5), r.real(5), r.real(5), torch.tensor(0.125)],
             lambda p, g, m, rate: sgd(p, g, m, rate, nesterov),
             {"momentum": 0.9, "weight_decay": 0.01, "nesterov": int(nesterov)}, False)

    def adamw(p, g, first, second, rate, step):
        weights = torch.nn.Parameter(p.clone())
        weights.grad = g
        optimizer = torch.optim.AdamW([weights], float(rate), (0.8, 0.95), 1e-6, 0.1)
        optimizer.state[weights] = {"step": torch.tensor(float(step) - 1),
                                    "exp_avg": first.clone(), "exp_avg_sq": second.clone()}
        optimizer.step()
        state = optimizer.state[weights]
        return weights.data, state["exp_avg"], state["exp_avg_sq"]

    case("optimizer", "adamw_step", "third",
         lambda r: [r.real(5), r.real(5), r.real(5), r.real(5, low=0.1), torch.tensor(0.125),
                    torch.tensor(3)],
         adamw, {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-6, "weight_decay": 0.1}, False)


# --- pool

POOLS = {
    "apart": ((1, 2, 5, 4), {"kernel": (2, 2), "strides": (2, 2)}),
    "overlapping": ((1, 2, 5, 6), {"kernel": (3, 2), "strides": (2, 1), "pads": (1, 1, 1, 1)}),
}


def pools():
    for name, (shape, attributes) in POOLS.items():
        padding = attributes.get("pads", (0, 0))[:2]
        kernel, strides = attributes["kernel"], attributes["strides"]

        def highest(x):
            return F.max_pool2d(x, kernel, strides, padding)

        case("pool", "max_pool", name, lambda r: [r.distinct(*shape)], highest, attributes)
        out = highest(torch.zeros(shape)).shape
        r = Random("max_pool_backward/" + name)
        x, dy, values = r.distinct(*shape), r.real(*out), r.real(*shape)
        case("pool", "max_pool_backward", name, [dy, x], lambda *_: grad(highest, [x], dy),
             attributes, False)
        where = F.max_pool2d(x, kernel, strides, padding, return_indices=True)[1]
        case("pool", "max_pool_select", name, [values, x],
             lambda v, _: v.flatten(2).gather(2, where.flatten(2)).reshape(out), attributes, (0,))
        for include in (False, True):

            def mean(x):
                return F.avg_pool2d(x, kernel, strides, padding, count_include_pad=include)

            counted = dict(attributes, count_include_pad=int(include))
            label = name + ("_with_pads" if include else "")
            case("pool", "avg_pool", label, lambda r: [r.real(*shape)], mean, counted)
            case("pool", "avg_pool_backward", label, lambda r: [r.real(*out)],
                 lambda dy: grad(mean, [torch.zeros(shape)], dy)[0],
                 dict(counted, src_shape=shape[2:]), False)


# --- quantize

def quantizers():
    low, high = -7, 8

    def step(r, *shape):
        return r.real(*shape, low=0.1, high=0.3)

    case("quantize", "quantize_linear", "tensor",
         lambda r: [r.real(3, 5, low=-9.0, high=30.0), torch.tensor(0.1), torch.tensor(20, dtype=torch.int32)],
         lambda x, s, z: torch.quantize_per_tensor(x.float(), 0.1, 20, torch.quint8).int_repr(),
         {"dtype": "u8"}, False)
    case("quantize", "quantize_linear", "channels",
         lambda r: [r.real(3, 5, low=-30.0, high=30.0), step(r, 3), r.integer(3, low=0, high=0)],
         lambda x, s, z: torch.quantize_per_channel(x.float(), s, z.long(), 0, torch.qint8).int_repr(),
         {"dtype": "s8", "axis": 0}, False)
    case("quantize", "dequantize_linear", "tensor",
         lambda r: [r.integer(3, 5, high=255, kind=torch.uint8), torch.tensor(0.25), torch.tensor(20, dtype=torch.int32)],
         lambda q, s, z: torch._make_per_tensor_quantized_tensor(q, 0.25, 20).dequantize().double(),
         {}, False)
    case("quantize", "fake_quantize", "tensor",
         lambda r: [r.real(4, 5, low=-3.0, high=3.0), torch.tensor(0.25), torch.tensor(1, dtype=torch.int32)],
         lambda x, s, z: torch.fake_quantize_per_tensor_affine(x, 0.25, 1, low, high),
         {"low": low, "high": high}, (0,))
    case("quantize", "fake_quantize", "channels",
         lambda r: [r.real(2, 3, 4, low=-3.0, high=3.0), step(r, 3), r.integer(3, low=-1, high=1)],
         lambda x, s, z: torch.fake_quantize_per_channel_affine(
             x.float(), s.detach().float(), z, 1, low, high).double(),
         {"low": low, "high": high, "axis": 1}, (0,))
    case("quantize", "lsq_quantize", "tensor",
         lambda r: [r.real(4, 5, low=-3.0, high=3.0), torch.tensor(0.25)],
         lambda x, s: torch._fake_quantize_learnable_per_tensor_affine(
             x.float(), s.reshape(1).float(), torch.zeros(1).float(), low, high, 0.125).double(),
         {"low": low, "high": high, "gradient_scale": 0.125})
    case("quantize", "lsq_quantize", "channels",
         lambda r: [r.real(2, 3, 4, low=-3.0, high=3.0), step(r, 3)],
         lambda x, s: torch._fake_quantize_learnable_per_channel_affine(
             x.float(), s.float(), torch.zeros(3).float(), 1, low, high, 0.5).double(),
         {"low": low, "high": high, "axis": 1, "gradient_scale": 0.5})


# --- reduce

def reductions():
    for name, axes, keep in [("all", None, 0), ("middle", (1,), 0), ("two_kept", (0, -1), 1)]:
        attributes = {} if axes is None else {"axes": axes, "keep": keep}
        every = tuple(range(3)) if axes is None else axes
        for op, function in {"reduce_sum": torch.sum, "reduce_mean": torch.mean,
                             "reduce_max": torch.amax}.items():
            case("reduce", op, name, lambda r: [r.distinct(2, 3, 4, high=1.5)],
                 lambda x: function(x, every, bool(keep)), attributes)
    case("reduce", "argmax", "middle", lambda r: [r.distinct(2, 3, 4)],
         lambda x: x.argmax(1).int(), {"axis": 1}, False)
    case("reduce", "cumsum", "middle", lambda r: [r.real(2, 3, 2)], lambda x: x.cumsum(1), {"axis": 1})
    case("reduce", "cumsum", "reverse", lambda r: [r.real(2, 4)],
         lambda x: x.flip(-1).cumsum(-1).flip(-1), {"axis": -1, "reverse": 1})
    for name, k, axis, largest in [("largest", 2, -1, True), ("smallest", 3, 0, False)]:

        def top(x):
            values, indices = x.topk(k, axis, largest)
            return values, indices.int()

        case("reduce", "top_k", name, lambda r: [r.distinct(4, 5)], top,
             {"k": k, "axis": axis, "largest": int(largest)})


# --- shape

def shapes():
    case("shape", "reshape", "plain", lambda r: [r.real(2, 6)], lambda x: x.reshape(2, 3, 2),
         {"shape": (0, 3, -1)})
    case("shape", "broadcast_to", "plain", lambda r: [r.real(2, 1)], lambda x: x.expand(3, 2, 4),
         {"shape": (3, 2, 4)})
    case("shape", "transpose", "plain", lambda r: [r.real(2, 3, 4)], lambda x: x.permute(2, 0, 1),
         {"permutation": (2, 0, 1)})
    case("shape", "slice", "steps", lambda r: [r.real(6, 5)], lambda x: x[1:6:2, -4:-1],
         {"starts": (1, -4), "ends": (6, -1), "steps": (2, 1)})
    case("shape", "pad", "value", lambda r: [r.real(2, 3)], lambda x: F.pad(x, (0, 2, 1, 0), value=0.5),
         {"before": (1, 0), "after": (0, 2), "value": 0.5})

    def spread(x):
        rows = torch.zeros(2 * x.shape[0] - 1, x.shape[1])
        return rows.index_add(0, torch.arange(x.shape[0]) * 2, x)

    case("shape", "pad", "between", lambda r: [r.real(3, 2)], spread,
         {"before": (0, 0), "after": (0, 0), "between": (1, 0)})
    case("shape", "concat", "plain", lambda r: [r.real(2, 1), r.real(2, 3)],
         lambda a, b: torch.cat([a, b], 1), {"axis": 1})
    case("shape", "gather", "embedding", lambda r: [r.real(5, 3), r.integer(2, 2, high=4)],
         lambda t, i: F.embedding(i, t))
    case("shape", "gather", "middle", lambda r: [r.real(2, 4, 2), r.integer(3, high=3)],
         lambda t, i: t.index_select(1, i), {"axis": 1})
    case("shape", "scatter_add", "plain", lambda r: [r.integer(5, high=2), r.real(5, 2)],
         lambda i, u: torch.zeros(4, 2).index_add(0, i, u), {"rows": 4})
    case("shape", "one_hot", "plain", lambda r: [r.integer(2, 3, high=3)],
         lambda i: F.one_hot(i.long(), 4).double(), {"depth": 4}, False)
    case("shape", "gather_along", "middle", lambda r: [r.real(2, 3, 2), r.integer(2, 5, 2, high=2)],
         lambda x, i: x.gather(1, i.long()), {"axis": 1})
    case("shape", "scatter_add_along", "last", lambda r: [r.integer(3, 4, high=2), r.real(3, 4)],
         lambda i, u: torch.zeros(3, 5).scatter_add(1, i.long(), u), {"axis": -1, "extent": 5})
    case("shape", "scatter_max", "plain", lambda r: [r.integer(6, high=2), r.distinct(6, 2)],
         lambda i, u: [torch.zeros(4, 2).scatter_reduce(
             0, i.long()[:, None].expand(6, 2), u, "amax", include_self=False), None], {"rows": 4})


# --- softmax

def softmaxes():
    for axis in (1, -1):
        case("softmax", "softmax", "axis%d" % axis, lambda r: [r.real(2, 3, 2, low=-3.0, high=3.0)],
             lambda x: x.softmax(axis), {"axis": axis})
        case("softmax", "log_softmax", "axis%d" % axis,
             lambda r: [r.real(2, 3, 2, low=-3.0, high=3.0)], lambda x: x.log_softmax(axis),
             {"axis": axis})
    for name, smoothing, ignored in [("plain", 0.0, -1), ("smooth", 0.1, -1), ("ignored", 0.0, 2)]:
        case("softmax", "cross_entropy", name, lambda r: [r.real(6, 4), r.integer(6, high=3)],
             lambda x, t: F.cross_entropy(x, t.long(), ignore_index=ignored, reduction="none",
                                          label_smoothing=smoothing),
             {"label_smoothing": smoothing, "ignore_index": ignored})


# --- compose: layers out of several ops

def recurrent(kind, gates):
    def run(x, w, r, b, rb, *state, backwards=False):
        layer = kind(x.shape[2], r.shape[1], batch_first=True)
        names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
        state = [s[None] for s in state]
        if backwards:
            x = x.flip(1)
        start = (tuple(state) if gates == 4 else state[0]) if state else None
        arguments = (x,) if start is None else (x, start)
        out, last = torch.func.functional_call(layer, dict(zip(names, (w, r, b, rb))), arguments)
        last = list(last) if gates == 4 else [last]
        return [out.flip(1) if backwards else out] + [s[0] for s in last]

    return run


def compositions():
    for op, kind, gates in [("lstm", torch.nn.LSTM, 4), ("gru", torch.nn.GRU, 3)]:
        def layer(r, states=0):
            return ([r.real(2, 3, 2), r.real(gates * 2, 2), r.real(gates * 2, 2),
                     r.real(gates * 2), r.real(gates * 2)] +
                    [r.real(2, 2) for _ in range(states)])

        run = recurrent(kind, gates)
        case("compose", op, "plain", layer, run)
        case("compose", op, "backwards", layer, lambda *x: run(*x, backwards=True), {"backwards": 1})
        case("compose", op, "from_a_state", lambda r: layer(r, gates - 2), run)
    case("compose", "group_norm", "two", lambda r: [r.real(2, 4, 2, 2), r.real(4), r.real(4)],
         lambda x, s, b: F.group_norm(x, 2, s, b, 1e-3), {"groups": 2, "epsilon": 1e-3})
    case("compose", "group_norm", "instance", lambda r: [r.real(2, 3, 2, 2), r.real(3), r.real(3)],
         lambda x, s, b: F.instance_norm(x, None, None, s, b, True, 0.0, 1e-3),
         {"groups": 3, "epsilon": 1e-3})
    case("compose", "pixel_shuffle", "two", lambda r: [r.real(1, 8, 2, 1)],
         lambda x: F.pixel_shuffle(x, 2), {"factor": 2})
    case("compose", "pixel_unshuffle", "two", lambda r: [r.real(1, 2, 2, 4)],
         lambda x: F.pixel_unshuffle(x, 2), {"factor": 2})
    case("compose", "adaptive_average_pool", "uneven", lambda r: [r.real(1, 2, 5, 4)],
         lambda x: F.adaptive_avg_pool2d(x, (3, 3)), {"extents": (3, 3)})
    case("compose", "adaptive_max_pool", "uneven", lambda r: [r.distinct(1, 2, 5, 4)],
         lambda x: F.adaptive_max_pool2d(x, (3, 3)), {"extents": (3, 3)})
    case("compose", "conv1d", "dilated",
         lambda r: [r.real(2, 4, 6), r.real(4, 2, 3), r.real(4)],
         lambda x, w, b: F.conv1d(x, w, b, 2, 2, 2, 2),
         {"stride": 2, "before": 2, "after": 2, "dilation": 2, "groups": 2})
    case("compose", "statistics_pool", "plain", lambda r: [r.real(2, 3, 1, 5)],
         lambda x: torch.cat([x.mean((2, 3)), x.std((2, 3), unbiased=False)], 1))
    case("compose", "prelu", "channels", lambda r: [r.real(2, 3, 2, avoid=[0]), r.real(3)], F.prelu)
    for op, function in {"leaky_relu": lambda x: F.leaky_relu(x, 0.1),
                         "elu": lambda x: F.elu(x, 0.5), "softplus": F.softplus}.items():
        case("compose", op, "plain", lambda r: [r.real(3, 4, low=-4.0, high=4.0, avoid=[0])], function)
    case("compose", "unfold", "strided", lambda r: [r.real(2, 2, 4, 5)],
         lambda x: F.unfold(x, (2, 3), (2, 1), (1, 0), (1, 2)),
         {"kernel": (2, 3), "strides": (1, 2), "pads": (1, 0, 1, 0), "dilations": (2, 1)})
    case("compose", "glu", "sigmoid", lambda r: [r.real(2, 6)], lambda x: F.glu(x, 1))
    for name, mode in [("nearest", "nearest"), ("linear", "bilinear"), ("cubic", "bicubic")]:
        more = {} if mode == "nearest" else {"align_corners": False}
        for size in ((5, 7), (2, 3)):
            case("compose", "resize", "%s_to_%dx%d" % (name, *size), lambda r: [r.real(1, 1, 3, 4)],
                 lambda x: F.interpolate(x, size, mode=mode, **more),
                 {"extents": size, "interpolation": name})
    for border in ("replicate", "reflect"):
        case("compose", "pad_border", border, lambda r: [r.real(1, 2, 4)],
             lambda x: F.pad(x, (2, 3), mode=border), {"before": 2, "after": 3, "border": border})

    def stft(x):
        window = torch.hann_window(8)
        return torch.view_as_real(torch.stft(x, 8, 3, window=window, center=False,
                                             return_complex=True)).transpose(1, 2)

    case("compose", "stft", "hann", lambda r: [r.real(2, 17)], lambda x: stft(x)[..., 0], {"hop": 3})
    case("compose", "power", "hann", lambda r: [r.real(2, 17)], lambda x: stft(x).square().sum(-1),
         {"hop": 3})
    case("compose", "kl_divergence", "rows",
         lambda r: [r.real(3, 4).log_softmax(-1), r.real(3, 4).log_softmax(-1)],
         lambda p, q: F.kl_div(q, p, reduction="none", log_target=True).sum(-1))
    case("compose", "mean_squared_error", "plain", lambda r: [r.real(3, 4), r.real(3, 4)],
         F.mse_loss)
    mask = torch.tensor([1.0, 0.0, 1.0, 1.0])

    def masked(x, scale, shift):
        kept = mask.bool()
        y = F.layer_norm(x[:, kept], (3,), scale[kept], shift[kept], 1e-3)
        return torch.zeros(x.shape).index_copy(1, kept.nonzero()[:, 0], y)

    r = Random("masked_layer_norm")
    x, scale, shift = r.real(2, 4), r.real(4), r.real(4)
    case("compose", "masked_layer_norm", "plain", [x, mask.expand(2, 4), scale, shift],
         lambda x, _, s, b: masked(x, s, b), {"epsilon": 1e-3}, (0, 2, 3))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    for make in (attention, convolutions, elementwise, attentions, products, norms, optimizers, pools,
                 quantizers, reductions, shapes, softmaxes, compositions):
        make()
    changed = []
    for family, lines in sorted(FAMILIES.items()):
        text = "# PyTorch %s by tools/referee/op_golden.py; do not edit.\n%s\n" % (
            torch.__version__.split("+")[0], "\n".join(lines))
        path = arguments.folder / (family + ".txt")
        if path.exists() and path.read_text() == text:
            continue
        changed.append(path)
        if not arguments.check:
            path.write_text(text)
    for path in changed:
        print("%s %s" % ("differs:" if arguments.check else "wrote", path))
    return 1 if changed and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
