"""Layers out of several ops."""

import torch
import torch.nn.functional as F

from families.case import Random, case


def recurrent(kind, gates):
    def run(x, w, r, b, rb, *state, backwards=False):
        layer = kind(x.shape[2], r.shape[1], batch_first=True)
        names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
        state = [s[None] for s in state]
        if backwards:
            x = x.flip(1)
        start = (tuple(state) if gates == 4 else state[0]) if state else None
        arguments = (x,) if start is None else (x, start)
        out, last = torch.func.functional_call(layer, dict(zip(names, (w, r, b, rb))), arguments)
        last = list(last) if gates == 4 else [last]
        return [out.flip(1) if backwards else out] + [s[0] for s in last]

    return run


def cases():
    for op, kind, gates in [("lstm", torch.nn.LSTM, 4), ("gru", torch.nn.GRU, 3)]:
        def layer(r, states=0):
            return ([r.real(2, 3, 2), r.real(gates * 2, 2), r.real(gates * 2, 2),
                     r.real(gates * 2), r.real(gates * 2)] +
                    [r.real(2, 2) for _ in range(states)])

        run = recurrent(kind, gates)
        case("compose", op, "plain", layer, run)
        case("compose", op, "backwards", layer, lambda *x: run(*x, backwards=True), {"backwards": 1})
        case("compose", op, "from_a_state", lambda r: layer(r, gates - 2), run)
    case("compose", "group_norm", "two", lambda r: [r.real(2, 4, 2, 2), r.real(4), r.real(4)],
         lambda x, s, b: F.group_norm(x, 2, s, b, 1e-3), {"groups": 2, "epsilon": 1e-3})
    case("compose", "group_norm", "instance", lambda r: [r.real(2, 3, 2, 2), r.real(3), r.real(3)],
         lambda x, s, b: F.instance_norm(x, None, None, s, b, True, 0.0, 1e-3),
         {"groups": 3, "epsilon": 1e-3})
    case("compose", "pixel_shuffle", "two", lambda r: [r.real(1, 8, 2, 1)],
         lambda x: F.pixel_shuffle(x, 2), {"factor": 2})
    case("compose", "pixel_unshuffle", "two", lambda r: [r.real(1, 2, 2, 4)],
         lambda x: F.pixel_unshuffle(x, 2), {"factor": 2})
    case("compose", "adaptive_average_pool", "uneven", lambda r: [r.real(1, 2, 5, 4)],
         lambda x: F.adaptive_avg_pool2d(x, (3, 3)), {"extents": (3, 3)})
    case("compose", "adaptive_max_pool", "uneven", lambda r: [r.distinct(1, 2, 5, 4)],
         lambda x: F.adaptive_max_pool2d(x, (3, 3)), {"extents": (3, 3)})
    case("compose", "conv1d", "dilated",
         lambda r: [r.real(2, 4, 6), r.real(4, 2, 3), r.real(4)],
         lambda x, w, b: F.conv1d(x, w, b, 2, 2, 2, 2),
         {"stride": 2, "before": 2, "after": 2, "dilation": 2, "groups": 2})
    case("compose", "statistics_pool", "plain", lambda r: [r.real(2, 3, 1, 5)],
         lambda x: torch.cat([x.mean((2, 3)), x.std((2, 3), unbiased=False)], 1))
    case("compose", "prelu", "channels", lambda r: [r.real(2, 3, 2, avoid=[0]), r.real(3)], F.prelu)
    for op, function in {"leaky_relu": lambda x: F.leaky_relu(x, 0.1),
                         "elu": lambda x: F.elu(x, 0.5), "softplus": F.softplus}.items():
        case("compose", op, "plain", lambda r: [r.real(3, 4, low=-4.0, high=4.0, avoid=[0])], function)
    case("compose", "unfold", "strided", lambda r: [r.real(2, 2, 4, 5)],
         lambda x: F.unfold(x, (2, 3), (2, 1), (1, 0), (1, 2)),
         {"kernel": (2, 3), "strides": (1, 2), "pads": (1, 0, 1, 0), "dilations": (2, 1)})
    case("compose", "glu", "sigmoid", lambda r: [r.real(2, 6)], lambda x: F.glu(x, 1))
    for name, mode in [("nearest", "nearest"), ("linear", "bilinear"), ("cubic", "bicubic")]:
        more = {} if mode == "nearest" else {"align_corners": False}
        for size in ((5, 7), (2, 3)):
            case("compose", "resize", "%s_to_%dx%d" % (name, *size), lambda r: [r.real(1, 1, 3, 4)],
                 lambda x: F.interpolate(x, size, mode=mode, **more),
                 {"extents": size, "interpolation": name})
    for border in ("replicate", "reflect"):
        case("compose", "pad_border", border, lambda r: [r.real(1, 2, 4)],
             lambda x: F.pad(x, (2, 3), mode=border), {"before": 2, "after": 3, "border": border})

    def stft(x):
        window = torch.hann_window(8)
        return torch.view_as_real(torch.stft(x, 8, 3, window=window, center=False,
                                             return_complex=True)).transpose(1, 2)

    case("compose", "stft", "hann", lambda r: [r.real(2, 17)], lambda x: stft(x)[..., 0], {"hop": 3})
    case("compose", "power", "hann", lambda r: [r.real(2, 17)], lambda x: stft(x).square().sum(-1),
         {"hop": 3})
    case("compose", "kl_divergence", "rows",
         lambda r: [r.real(3, 4).log_softmax(-1), r.real(3, 4).log_softmax(-1)],
         lambda p, q: F.kl_div(q, p, reduction="none", log_target=True).sum(-1))
    case("compose", "mean_squared_error", "plain", lambda r: [r.real(3, 4), r.real(3, 4)],
         F.mse_loss)
    mask = torch.tensor([1.0, 0.0, 1.0, 1.0])

    def masked(x, scale, shift):
        kept = mask.bool()
        y = F.layer_norm(x[:, kept], (3,), scale[kept], shift[kept], 1e-3)
        return torch.zeros(x.shape).index_copy(1, kept.nonzero()[:, 0], y)

    r = Random("masked_layer_norm")
    x, scale, shift = r.real(2, 4), r.real(4), r.real(4)
    case("compose", "masked_layer_norm", "plain", [x, mask.expand(2, 4), scale, shift],
         lambda x, _, s, b: masked(x, s, b), {"epsilon": 1e-3}, (0, 2, 3))
