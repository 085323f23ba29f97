"""A golden vector: operands, what PyTorch makes of them, and the gradients."""

import numpy
import torch

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


def grad(function, inputs, dy):
    leaves = [x.detach().clone().requires_grad_() for x in inputs]
    return torch.autograd.grad(function(*leaves), leaves, dy)
