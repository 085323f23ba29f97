"""Ops of harness/ops/elementwise."""

import torch
import torch.nn.functional as F

from families.case import case


def cases():
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
