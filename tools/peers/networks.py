"""The reference networks in PyTorch, with random weights.

Batch norms get statistics and scales that do something, so that a runtime which
got them wrong would give other outputs.
"""

import torch
import torch.nn.functional as F
from torch import nn


class BasicBlock(nn.Module):
    """A block of ResNet-20 whose shortcut is sliced and padded."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.stride, self.pad = stride, (outputs - inputs) // 2

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.stride != 1:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(x + y)


def resnet20():
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    inputs = 16
    for outputs in (16, 32, 64):
        for block in range(3):
            stride = 2 if block == 0 and outputs > 16 else 1
            layers.append(BasicBlock(inputs, outputs, stride))
            inputs = outputs
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    return nn.Sequential(*layers, *head)


def dscnn():
    def layer(inputs, outputs, kernel, stride=1, groups=1, pad=None):
        pad = kernel // 2 if pad is None else pad
        conv = nn.Conv2d(inputs, outputs, kernel, stride, pad, groups=groups, bias=False)
        return [conv, nn.BatchNorm2d(outputs), nn.ReLU()]

    layers = layer(1, 64, (10, 4), (2, 2), 1, (5, 1))
    for _ in range(4):
        layers += layer(64, 64, 3, groups=64) + layer(64, 64, 1)
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 12)]
    return nn.Sequential(*layers, *head)


class EncoderLayer(nn.Module):
    def __init__(self, features, heads, hidden):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(features, 3 * features)
        self.out = nn.Linear(features, features)
        self.norm1 = nn.LayerNorm(features, 1e-12)
        self.up = nn.Linear(features, hidden)
        self.down = nn.Linear(hidden, features)
        self.norm2 = nn.LayerNorm(features, 1e-12)

    def forward(self, x):
        batch, length, features = x.shape
        qkv = self.qkv(x).view(batch, length, 3, self.heads, features // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        a = F.scaled_dot_product_attention(q, k, v)
        x = self.norm1(x + self.out(a.transpose(1, 2).reshape(batch, length, features)))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class BertTiny(nn.Module):
    """Two layers of 128 features over 128 tokens, with the pooler."""

    LENGTH, FEATURES, VOCABULARY = 128, 128, 30522

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(self.VOCABULARY, self.FEATURES)
        self.positions = nn.Parameter(torch.randn(self.LENGTH, self.FEATURES) * 0.02)
        self.norm = nn.LayerNorm(self.FEATURES, 1e-12)
        self.layers = nn.ModuleList(EncoderLayer(self.FEATURES, 2, 512) for _ in range(2))
        self.pool = nn.Linear(self.FEATURES, self.FEATURES)
        self.classifier = nn.Linear(self.FEATURES, 2)

    def forward(self, tokens):
        x = self.norm(self.tokens(tokens) + self.positions)
        for layer in self.layers:
            x = layer(x)
        return self.classifier(torch.tanh(self.pool(x[:, 0])))


class RmsNorm(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(features))

    def forward(self, x):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * self.scale


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class DecoderLayer(nn.Module):
    def __init__(self, features, heads, kv_heads, hidden):
        super().__init__()
        self.heads, self.kv_heads, self.width = heads, kv_heads, features // heads

        def linear(inputs, outputs):
            return nn.Linear(inputs, outputs, bias=False)

        self.norm1, self.norm2 = RmsNorm(features), RmsNorm(features)
        self.query = linear(features, features)
        self.key = linear(features, kv_heads * self.width)
        self.value = linear(features, kv_heads * self.width)
        self.output = linear(features, features)
        self.gate, self.up = linear(features, hidden), linear(features, hidden)
        self.down = linear(hidden, features)

    def split(self, x, heads):
        return x.view(x.shape[0], x.shape[1], heads, self.width).transpose(1, 2)

    def forward(self, x, cos, sin, mask=None, cache=None, position=None):
        y = self.norm1(x)
        q = rotate(self.split(self.query(y), self.heads), cos, sin)
        k = rotate(self.split(self.key(y), self.kv_heads), cos, sin)
        v = self.split(self.value(y), self.kv_heads)
        if cache is not None:
            cache[0].index_copy_(2, position, k)
            cache[1].index_copy_(2, position, v)
            k, v = cache
        a = F.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=mask is None, enable_gqa=True
        )
        x = x + self.output(a.transpose(1, 2).reshape(x.shape))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class LmdS(nn.Module):
    """`lmd-s`: a decoder over bytes with a tied output layer."""

    LAYERS, FEATURES, HEADS, KV_HEADS, HIDDEN = 8, 128, 4, 2, 344
    VOCABULARY, CONTEXT = 256, 256

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(self.VOCABULARY, self.FEATURES)
        self.layers = nn.ModuleList(
            DecoderLayer(self.FEATURES, self.HEADS, self.KV_HEADS, self.HIDDEN)
            for _ in range(self.LAYERS)
        )
        self.norm = RmsNorm(self.FEATURES)
        self.width = self.FEATURES // self.HEADS
        powers = 10000.0 ** (-2 * torch.arange(self.width // 2) / self.width)
        angles = torch.arange(self.CONTEXT)[:, None] * powers[None]
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, tokens):
        x = self.embedding(tokens)
        length = tokens.shape[1]
        for layer in self.layers:
            x = layer(x, self.cos[:length], self.sin[:length])
        return self.norm(x) @ self.embedding.weight.T

    def empty_cache(self, dtype):
        shape = (1, self.KV_HEADS, self.CONTEXT, self.width)
        return [
            (torch.zeros(shape, dtype=dtype), torch.zeros(shape, dtype=dtype))
            for _ in range(self.LAYERS)
        ]

    def step(self, tokens, positions, cache):
        """Logits of the last of `tokens`, which stand at `positions`."""
        x = self.embedding(tokens)
        cos, sin = self.cos[positions], self.sin[positions]
        mask = (torch.arange(self.CONTEXT)[None] <= positions[:, None])[None, None]
        for layer, kept in zip(self.layers, cache):
            x = layer(x, cos, sin, mask, kept, positions)
        return self.norm(x[:, -1:]) @ self.embedding.weight.T


def of_torchvision(name):
    import torchvision

    return getattr(torchvision.models, name)(weights=None)


def vit_tiny():
    import timm

    return timm.create_model("deit_tiny_patch16_224", pretrained=False)


def images(*shape):
    return lambda batch: torch.randn(batch, *shape)


# name: (network, input of a batch)
INFERENCE = {
    "resnet20": (resnet20, images(3, 32, 32)),
    "resnet50": (lambda: of_torchvision("resnet50"), images(3, 224, 224)),
    "mobilenet-v2": (lambda: of_torchvision("mobilenet_v2"), images(3, 224, 224)),
    "vit-tiny": (vit_tiny, images(3, 224, 224)),
    "dscnn": (dscnn, images(1, 49, 10)),
    "bert-tiny": (BertTiny, lambda batch: torch.randint(0, 30522, (batch, 128))),
}

# What is quantized where it is not everything: in transformers the layers alone,
# as quantizing their additions and functions gains nothing in any runtime.
QUANTIZED_OPS = {"vit-tiny": ["Conv", "MatMul", "Gemm"], "bert-tiny": ["MatMul", "Gemm"]}

# name: (network, input, labels, optimizer, batch)
TRAINING = {
    "resnet20": (resnet20, images(3, 32, 32), (10, ()), "sgd", 128),
    "vit-tiny": (vit_tiny, images(3, 224, 224), (1000, ()), "adamw", 16),
    "lmd-s": (
        LmdS,
        lambda batch: torch.randint(0, 256, (batch, 256)),
        (256, (256,)),
        "adamw",
        8,
    ),
}


def make(name):
    """The network in inference form, the same on every call."""
    torch.manual_seed(0)
    network = INFERENCE[name][0]().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.8, 1.2)
            nn.init.uniform_(module.weight, 0.5, 1.0)
            nn.init.uniform_(module.bias, -0.1, 0.1)
    return network


def example(name, batch):
    torch.manual_seed(1)
    return INFERENCE[name][1](batch)
