"""Ops of harness/ops/shape."""

import torch
import torch.nn.functional as F

from families.case import case


def cases():
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
