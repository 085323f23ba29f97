"""Ops of harness/ops/conv."""

import torch
import torch.nn.functional as F

from families.case import case


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


def cases():
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
