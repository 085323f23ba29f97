"""Ops of harness/ops/reduce."""

import torch

from families.case import case


def cases():
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
