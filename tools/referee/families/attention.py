"""Ops of harness/ops/attention."""

import torch

from families.case import case


def rope(x, base=10000.0, offset=0, inverse=False):
    half = x.shape[-1] // 2
    t = torch.arange(x.shape[2], dtype=torch.float64) + offset
    angle = t[:, None] * base ** (-torch.arange(half) * 2.0 / x.shape[-1])
    sin, cos = angle.sin(), angle.cos()
    if inverse:
        sin = -sin
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def cases():
    case("attention", "rope", "plain", lambda r: [r.real(1, 2, 3, 4)], rope)
    case("attention", "rope", "later_inverse", lambda r: [r.real(1, 1, 2, 6)],
         lambda x: rope(x, 500.0, 3, True), {"base": 500.0, "offset": 3, "inverse": 1})
    case("attention", "repeat_heads", "twice", lambda r: [r.real(1, 2, 2, 3)],
         lambda x: x.repeat_interleave(2, dim=1), {"repeats": 2})
