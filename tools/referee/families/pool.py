"""Ops of harness/ops/pool."""

import torch
import torch.nn.functional as F

from families.case import Random, case, grad


POOLS = {
    "apart": ((1, 2, 5, 4), {"kernel": (2, 2), "strides": (2, 2)}),
    "overlapping": ((1, 2, 5, 6), {"kernel": (3, 2), "strides": (2, 1), "pads": (1, 1, 1, 1)}),
}


def cases():
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
