"""Ops of harness/ops/quantize."""

import torch

from families.case import case


def cases():
    low, high = -7, 8

    def step(r, *shape):
        return r.real(*shape, low=0.1, high=0.3)

    case("quantize", "quantize_linear", "tensor",
         lambda r: [r.real(3, 5, low=-9.0, high=30.0), torch.tensor(0.1), torch.tensor(20, dtype=torch.int32)],
         lambda x, s, z: torch.quantize_per_tensor(x.float(), 0.1, 20, torch.quint8).int_repr(),
         {"dtype": "u8"}, False)
    case("quantize", "quantize_linear", "channels",
         lambda r: [r.real(3, 5, low=-30.0, high=30.0), step(r, 3), r.integer(3, low=0, high=0)],
         lambda x, s, z: torch.quantize_per_channel(x.float(), s, z.long(), 0, torch.qint8).int_repr(),
         {"dtype": "s8", "axis": 0}, False)
    case("quantize", "dequantize_linear", "tensor",
         lambda r: [r.integer(3, 5, high=255, kind=torch.uint8), torch.tensor(0.25), torch.tensor(20, dtype=torch.int32)],
         lambda q, s, z: torch._make_per_tensor_quantized_tensor(q, 0.25, 20).dequantize().double(),
         {}, False)
    case("quantize", "fake_quantize", "tensor",
         lambda r: [r.real(4, 5, low=-3.0, high=3.0), torch.tensor(0.25), torch.tensor(1, dtype=torch.int32)],
         lambda x, s, z: torch.fake_quantize_per_tensor_affine(x, 0.25, 1, low, high),
         {"low": low, "high": high}, (0,))
    case("quantize", "fake_quantize", "channels",
         lambda r: [r.real(2, 3, 4, low=-3.0, high=3.0), step(r, 3), r.integer(3, low=-1, high=1)],
         lambda x, s, z: torch.fake_quantize_per_channel_affine(
             x.float(), s.detach().float(), z, 1, low, high).double(),
         {"low": low, "high": high, "axis": 1}, (0,))
    case("quantize", "lsq_quantize", "tensor",
         lambda r: [r.real(4, 5, low=-3.0, high=3.0), torch.tensor(0.25)],
         lambda x, s: torch._fake_quantize_learnable_per_tensor_affine(
             x.float(), s.reshape(1).float(), torch.zeros(1).float(), low, high, 0.125).double(),
         {"low": low, "high": high, "gradient_scale": 0.125})
    case("quantize", "lsq_quantize", "channels",
         lambda r: [r.real(2, 3, 4, low=-3.0, high=3.0), step(r, 3)],
         lambda x, s: torch._fake_quantize_learnable_per_channel_affine(
             x.float(), s.float(), torch.zeros(3).float(), 1, low, high, 0.5).double(),
         {"low": low, "high": high, "axis": 1, "gradient_scale": 0.5})
