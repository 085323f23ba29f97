"""Ops of harness/ops/norm."""

import torch
import torch.nn.functional as F

from families.case import Random, case, grad


def cases():
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
