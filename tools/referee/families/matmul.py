"""Ops of harness/ops/matmul."""

import torch
import torch.nn.functional as F

from families.case import case


def cases():
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
