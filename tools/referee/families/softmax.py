"""Ops of harness/ops/softmax."""

import torch.nn.functional as F

from families.case import case


def cases():
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
