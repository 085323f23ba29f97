"""Ops of harness/ops/fused."""

import torch.nn.functional as F

from families.case import case


def cases():
    heads, queries, features = 2, 3, 2
    for name, keys, own, causal in [("causal", 3, 2, 1), ("masked_shared_keys", 4, 1, 0)]:

        def split(x):
            return x.reshape(1, -1, x.shape[2] // features, features).transpose(1, 2)

        def attend(q, k, v, mask=None):
            k, v = (split(x).repeat_interleave(heads // own, 1) for x in (k, v))
            out = F.scaled_dot_product_attention(split(q), k, v, mask, is_causal=bool(causal),
                                                 scale=0.5)
            return out.transpose(1, 2).reshape(1, queries, -1)

        def view(rows, count):
            return (0, rows * count * features, features, count * features)

        case("fused", "attention_fused", name,
             lambda r: [r.real(1, queries, heads * features), r.real(1, keys, own * features),
                        r.real(1, keys, own * features)] +
             ([] if causal else [r.real(1, 1, queries, keys)]),
             attend,
             {"extents": (1, heads, queries, keys, features), "query_view": view(queries, heads),
              "key_view": view(keys, own), "value_view": view(keys, own), "scale": 0.5,
              "repeats": heads // own, "causal": causal}, bool(causal))
