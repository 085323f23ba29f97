"""Assay's networks in PyTorch, by the names of their parameters.

torchvision's and timm's own where they have them, else written out in the plainest
way. Arguments of forward are called as Assay's inputs.
"""
import math
import re

import timm
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

GOLDEN_PARAMETERS = {
    "resnet8": ["conv1.weight", "bn1.weight", "layer3.0.conv2.weight", "linear.bias"],
    "vit-tiny-cifar": ["patch_embed.proj.weight", "blocks.0.attn.proj.weight",
                       "blocks.5.mlp.fc1.weight", "head.weight"],
    "lmd-xs": ["embedding.weight", "layers.0.attention.value.weight",
               "layers.3.mlp.down.weight", "norm.weight"],
}


class OneInput(nn.Module):
    """A network of images that calls its input something else."""

    def __init__(self, module):
        super().__init__()
        self.inner = module

    def forward(self, image):
        return self.inner(image)


class Block(nn.Module):
    def __init__(self, before, channels, stride, convolved):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride, self.pad = stride, (channels - before) // 2
        if convolved and stride != 1:
            self.shortcut = nn.ModuleDict({
                "conv": nn.Conv2d(before, channels, 1, stride, bias=False),
                "bn": nn.BatchNorm2d(channels)})

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if hasattr(self, "shortcut"):
            x = self.shortcut["bn"](self.shortcut["conv"](x))
        elif self.stride != 1:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(x + y)


class ResNetCifar(nn.Module):
    def __init__(self, depth, convolved, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        before = 16
        for stage, channels in enumerate((16, 32, 64), 1):
            blocks = []
            for block in range((depth - 2) // 6):
                stride = 2 if stage > 1 and block == 0 else 1
                blocks.append(Block(before, channels, stride, convolved))
                before = channels
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, classes)

    def forward(self, image):
        x = F.relu(self.bn1(self.conv1(image)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


class Rms(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))

    def forward(self, x):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * self.weight


def heads(x, count):
    return x.reshape(x.shape[0], x.shape[1], count, -1).transpose(1, 2)


def merged(x):
    return x.transpose(1, 2).flatten(2)


def rope(x):
    half = x.shape[-1] // 2
    angle = (torch.arange(x.shape[2], dtype=torch.float64)[:, None] *
             10000.0 ** (-torch.arange(half, dtype=torch.float64) / half))
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class DecoderLayer(nn.Module):
    def __init__(self, features, count, kv, hidden):
        super().__init__()
        self.count, self.kv = count, kv
        linear = lambda i, o: nn.Linear(i, o, bias=False)
        narrow = features // count * kv
        self.norm1, self.norm2 = Rms(features), Rms(features)
        self.attention = nn.ModuleDict({
            "query": linear(features, features), "key": linear(features, narrow),
            "value": linear(features, narrow), "output": linear(features, features)})
        self.mlp = nn.ModuleDict({"gate": linear(features, hidden),
                                  "up": linear(features, hidden),
                                  "down": linear(hidden, features)})

    def forward(self, x):
        a, y = self.attention, self.norm1(x)
        q, k = rope(heads(a["query"](y), self.count)), rope(heads(a["key"](y), self.kv))
        v = heads(a["value"](y), self.kv)
        k, v = (t.repeat_interleave(self.count // self.kv, 1) for t in (k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + a["output"](merged(y))
        m, y = self.mlp, self.norm2(x)
        return x + m["down"](F.silu(m["gate"](y)) * m["up"](y))


class Decoder(nn.Module):
    def __init__(self, vocabulary, layers, features, count, kv, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, features)
        self.layers = nn.ModuleList(DecoderLayer(features, count, kv, hidden)
                                    for _ in range(layers))
        self.norm = Rms(features)

    def forward(self, tokens):
        x = self.embedding(tokens.long())
        for layer in self.layers:
            x = layer(x)
        return self.norm(x) @ self.embedding.weight.T


class BertLayer(nn.Module):
    def __init__(self, features, count):
        super().__init__()
        linear = lambda: nn.Linear(features, features)
        norm = lambda: nn.LayerNorm(features, 1e-12)
        self.count = count
        self.attention = nn.ModuleDict({
            "self": nn.ModuleDict({"query": linear(), "key": linear(), "value": linear()}),
            "output": nn.ModuleDict({"dense": linear(), "LayerNorm": norm()})})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(features, 4 * features)})
        self.output = nn.ModuleDict({"dense": nn.Linear(4 * features, features),
                                     "LayerNorm": norm()})

    def forward(self, x):
        q, k, v = (heads(self.attention["self"][part](x), self.count)
                   for part in ("query", "key", "value"))
        out = self.attention["output"]
        y = out["dense"](merged(F.scaled_dot_product_attention(q, k, v)))
        x = out["LayerNorm"](x + y)
        y = self.output["dense"](F.gelu(self.intermediate["dense"](x)))
        return self.output["LayerNorm"](x + y)


class Bert(nn.Module):
    def __init__(self, vocabulary, layers, features, classes):
        super().__init__()
        table = lambda rows: nn.Embedding(rows, features)
        self.bert = nn.ModuleDict({
            "embeddings": nn.ModuleDict({
                "word_embeddings": table(vocabulary), "position_embeddings": table(512),
                "token_type_embeddings": table(2),
                "LayerNorm": nn.LayerNorm(features, 1e-12)}),
            "encoder": nn.ModuleDict({"layer": nn.ModuleList(
                BertLayer(features, features // 64) for _ in range(layers))}),
            "pooler": nn.ModuleDict({"dense": nn.Linear(features, features)})})
        self.classifier = nn.Linear(features, classes)

    def forward(self, tokens):
        e = self.bert["embeddings"]
        x = (e["word_embeddings"](tokens.long()) +
             e["position_embeddings"].weight[:tokens.shape[1]] +
             e["token_type_embeddings"].weight[0])
        x = e["LayerNorm"](x)
        for layer in self.bert["encoder"]["layer"]:
            x = layer(x)
        return self.classifier(torch.tanh(self.bert["pooler"]["dense"](x[:, 0])))


class Attention(nn.Module):
    def __init__(self, features, count):
        super().__init__()
        self.count = count
        for part in ("query", "key", "value", "output"):
            setattr(self, part, nn.Linear(features, features))

    def forward(self, x, over, causal=False):
        q, k, v = (heads(part, self.count)
                   for part in (self.query(x), self.key(over), self.value(over)))
        return self.output(merged(F.scaled_dot_product_attention(q, k, v,
                                                                 is_causal=causal)))


class SequenceLayer(nn.Module):
    """Of the encoder, or with `cross` of the decoder."""

    def __init__(self, features, count, hidden, cross):
        super().__init__()
        self.attention = Attention(features, count)
        if cross:
            self.cross = Attention(features, count)
        for i in range(3 if cross else 2):
            setattr(self, f"norm{i + 1}", nn.LayerNorm(features))
        self.mlp = nn.ModuleDict({"up": nn.Linear(features, hidden),
                                  "down": nn.Linear(hidden, features)})

    def forward(self, x, memory=None):
        x = self.norm1(x + self.attention(x, x, memory is not None))
        if memory is not None:
            x = self.norm2(x + self.cross(x, memory))
        y = self.mlp["down"](F.relu(self.mlp["up"](x)))
        return (self.norm2 if memory is None else self.norm3)(x + y)


class Transformer(nn.Module):
    """No padding: every token is above 0."""

    def __init__(self, vocabulary, layers, features, count, hidden):
        super().__init__()
        layer = lambda cross: nn.ModuleList(
            SequenceLayer(features, count, hidden, cross) for _ in range(layers))
        self.embedding = nn.Embedding(vocabulary, features)
        self.encoder, self.decoder = layer(False), layer(True)

    def embed(self, tokens):
        x = self.embedding(tokens.long())
        half = x.shape[2] // 2
        angle = (torch.arange(x.shape[1], dtype=torch.float64)[:, None] *
                 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half))
        return (x * x.shape[2] ** 0.5 +
                torch.cat((angle.cos(), angle.sin()), 1).to(x.dtype))

    def forward(self, tokens, prefix):
        memory = self.embed(tokens)
        for layer in self.encoder:
            memory = layer(memory)
        x = self.embed(prefix)
        for layer in self.decoder:
            x = layer(x, memory)
        return x @ self.embedding.weight.T


class ConvReluNorm(nn.Module):
    """Over time: images [N,C,1,T]."""

    def __init__(self, before, channels, taps=1, dilation=1):
        super().__init__()
        self.conv = nn.Conv2d(before, channels, (1, taps), dilation=(1, dilation),
                              padding=(0, taps // 2 * dilation), bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x):
        return self.bn(F.relu(self.conv(x)))


class EcapaBlock(nn.Module):
    def __init__(self, channels, dilation, scale=8):
        super().__init__()
        self.scale, width = scale, channels // scale
        self.add_module("in", ConvReluNorm(channels, channels))
        for i in range(scale - 1):
            setattr(self, f"res{i}", ConvReluNorm(width, width, 3, dilation))
        self.out = ConvReluNorm(channels, channels)
        self.se1 = nn.Linear(channels, channels // 4)
        self.se2 = nn.Linear(channels // 4, channels)

    def forward(self, x):
        groups, results = getattr(self, "in")(x).chunk(self.scale, 1), []
        for i, y in enumerate(groups[:-1]):
            y = y + results[-1] if results else y
            results.append(getattr(self, f"res{i}")(y))
        x = self.out(torch.cat([*results, groups[-1]], 1))
        weights = torch.sigmoid(self.se2(F.relu(self.se1(x.mean((2, 3))))))
        return x * weights[:, :, None, None]


class Ecapa(nn.Module):
    def __init__(self, bands, channels, aggregate, attention, embedding, classes):
        super().__init__()
        self.layer1 = ConvReluNorm(bands, channels, 5)
        for i in (1, 2, 3):
            setattr(self, f"block{i}", EcapaBlock(channels, i + 1))
        self.aggregate = nn.ModuleDict(
            {"conv": nn.Conv2d(3 * channels, aggregate, 1, bias=False)})
        self.attention1 = nn.Conv2d(aggregate, attention, 1, bias=False)
        self.attention2 = nn.Conv2d(attention, aggregate, 1, bias=False)
        self.pool = nn.ModuleDict({"bn": nn.BatchNorm1d(2 * aggregate)})
        self.embedding = nn.Linear(2 * aggregate, embedding)
        self.embedding.bn = nn.BatchNorm1d(embedding)
        self.linear = nn.Linear(embedding, classes)

    def forward(self, features):
        x = total = self.layer1(features.permute(0, 3, 1, 2))
        results = []
        for i in (1, 2, 3):
            total = total + x if results else total
            x = getattr(self, f"block{i}")(x) + total
            results.append(x)
        x = F.relu(self.aggregate["conv"](torch.cat(results, 1)))
        weights = self.attention2(torch.tanh(self.attention1(x))).softmax(3)
        mean = (weights * x).sum((2, 3))
        square = (weights * x * x).sum((2, 3)) - mean * mean
        x = torch.cat((mean, square.clamp(min=1e-9).sqrt()), 1)
        return self.linear(self.embedding.bn(self.embedding(self.pool["bn"](x))))


class Espcn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 64, 5, padding=2)
        self.conv2 = nn.Conv2d(64, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 9, 3, padding=1)

    def forward(self, image):
        x = torch.tanh(self.conv2(torch.tanh(self.conv1(image))))
        return F.pixel_shuffle(self.conv3(x), 3)


class Srcnn(nn.Module):
    def __init__(self, middle):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 64, 9, padding=4)
        self.conv2 = nn.Conv2d(64, 32, middle, padding=middle // 2)
        self.conv3 = nn.Conv2d(32, 1, 5, padding=2)

    def forward(self, image):
        return self.conv3(F.relu(self.conv2(F.relu(self.conv1(image)))))


class Lstms(nn.Module):
    """Two LSTMs and a linear layer."""

    def __init__(self, read, hidden1, hidden2, features):
        super().__init__()
        self.lstm1 = nn.LSTM(read, hidden1, batch_first=True)
        self.lstm2 = nn.LSTM(hidden1, hidden2, batch_first=True)
        self.linear = nn.Linear(hidden2, features)

    def forward(self, x):
        return self.linear(self.lstm2(self.lstm1(x)[0])[0])


def over_mean(x):
    return x / (x.mean(tuple(range(1, x.dim())), keepdim=True) + 1e-5)


def neighbourhoods(x, n):
    """[N,F,T] -> [N,F,2n+1,T]."""
    x = F.pad(x.transpose(1, 2), (n, n), mode="reflect")
    return x.unfold(2, 2 * n + 1, 1).permute(0, 2, 3, 1)


def sub_band(model, x):
    """[N,F,D,T] -> [N,F,T,features]."""
    n, bands, _, steps = x.shape
    x = over_mean(x).permute(0, 1, 3, 2).flatten(0, 1)
    return model(x).reshape(n, bands, steps, -1)


class FullSubNet(nn.Module):
    def __init__(self, bands, full_hidden, sub_hidden, n):
        super().__init__()
        self.n = n
        self.full = Lstms(bands, full_hidden, full_hidden, bands)
        self.sub = Lstms(2 * n + 2, sub_hidden, sub_hidden, 2)

    def forward(self, features):
        x = F.pad(features, (0, 2))[:, 0]
        y = F.relu(self.full(over_mean(x).transpose(1, 2))).transpose(1, 2)
        y = torch.cat((neighbourhoods(x, self.n), y[:, :, None]), 2)
        return sub_band(self.sub, y).permute(0, 3, 1, 2)[..., 2:]


class FastFullSubNet(nn.Module):
    def __init__(self, bands, mel, encoder, sub_hidden, n, decoder):
        super().__init__()
        self.n, self.bands, self.mel = n, bands, mel
        self.encoder = Lstms(mel, *encoder, mel)
        self.sub = Lstms(2 * n + 2, sub_hidden, sub_hidden, 1)
        self.decoder = Lstms(2 * mel, *decoder, 2 * bands)

    def filters(self, dtype):
        top = 2595 * math.log10(1 + 8000 / 700)
        hertz = 700 * (10 ** (torch.linspace(0, top, self.mel + 2,
                                             dtype=torch.float64) / 2595) - 1)
        at = torch.linspace(0, 8000, self.bands, dtype=torch.float64)
        low, centre, high = (hertz[i:i + self.mel, None] for i in range(3))
        rise, fall = (at - low) / (centre - low), (high - at) / (high - centre)
        return torch.minimum(rise, fall).clamp(min=0).to(dtype)

    def forward(self, features):
        x = F.pad(features, (0, 2))[:, 0].transpose(1, 2)
        mel = x @ self.filters(x.dtype).T
        encoded = F.relu(self.encoder(over_mean(mel)))
        y = torch.cat((neighbourhoods(mel.transpose(1, 2), self.n),
                       encoded.transpose(1, 2)[:, :, None]), 2)
        parts = [y[..., :1]] + [y[..., t:t + 2].mean(-1, keepdim=True)
                                for t in range(1, y.shape[-1], 2)]
        y = F.relu(sub_band(self.sub, torch.cat(parts, -1)))[..., 0]
        y = y.repeat_interleave(2, -1)[..., :x.shape[1]].transpose(1, 2)
        y = self.decoder(torch.cat((encoded, y), -1))
        y = y.reshape(y.shape[0], y.shape[1], 2, self.bands)
        return y.permute(0, 2, 3, 1)[..., 2:]


DECODERS = {"lmd-xs": (4, 128, 4, 4, 344), "lmd-s": (8, 128, 4, 2, 344),
            "lmd-bpe": (6, 192, 6, 2, 512), "lmd-m": (6, 256, 8, 4, 688),
            "lmd-draft": (2, 64, 2, 2, 172)}


def vision_transformer(image, patch, features, layers, classes):
    return timm.models.vision_transformer.VisionTransformer(
        img_size=image.shape[-1], patch_size=patch, in_chans=image.shape[1],
        embed_dim=features, depth=layers, num_heads=3, num_classes=classes)


def vgg_features(stages):
    channels = [part for stage in stages for part in (*stage, "M")]
    return torchvision.models.vgg.make_layers(channels, batch_norm=True)


class VggCifar(nn.Module):
    def __init__(self, stages, image, classes):
        super().__init__()
        self.features = vgg_features(stages)
        side = image.shape[-1] >> len(stages)
        self.classifier = nn.Linear(stages[-1][-1] * side * side, classes)

    def forward(self, image):
        return self.classifier(self.features(image).flatten(1))


class DenseNetCifar(torchvision.models.DenseNet):
    """For small images: a 3x3 convolution in front and nothing behind it."""

    def __init__(self, growth, blocks, first, classes):
        super().__init__(growth, blocks, first, num_classes=classes)
        self.features.conv0 = nn.Conv2d(3, first, 3, padding=1, bias=False)
        last = self.features.norm5
        for name in ("norm0", "relu0", "pool0", "norm5"):
            delattr(self.features, name)
        self.features.add_module(f"norm{len(blocks) + 1}", last)


def build(start):
    """The module of a start (train_golden.py), or None."""
    name = start.recipe["network"]
    tv = torchvision.models
    image, features = start.inputs.get("image"), start.inputs.get("features")
    classes = next(iter(start.outputs.values())).shape[-1]
    bands = features.shape[2] if features is not None else 0
    cifar = re.fullmatch(r"resnet(8|20|32|56)(-b)?", name)
    if cifar:
        return ResNetCifar(int(cifar[1]), bool(cifar[2]), classes)
    if name in DECODERS:
        vocabulary = start.parameters["embedding.weight"].shape[0]
        return Decoder(vocabulary, *DECODERS[name])
    makers = {
        "bert-tiny": lambda: Bert(500, 2, 128, classes),
        "lmt-xs": lambda: Transformer(256, 2, 128, 4, 512),
        "ecapa": lambda: Ecapa(features.shape[3], 512, 1536, 128, 192, classes),
        "ecapa-xs": lambda: Ecapa(features.shape[3], 64, 192, 32, 64, classes),
        "espcn": Espcn,
        "srcnn": lambda: Srcnn(1),
        "srcnn-955": lambda: Srcnn(5),
        "fullsubnet": lambda: FullSubNet(bands, 512, 384, 15),
        "fullsubnet-s": lambda: FullSubNet(bands, 128, 64, 7),
        "fast-fullsubnet": lambda: FastFullSubNet(bands, 64, (384, 257), 384, 5, (512, 512)),
        "fast-fullsubnet-s": lambda: FastFullSubNet(bands, 24, (96, 128), 64, 3, (128, 128)),
        "resnet18": lambda: OneInput(tv.resnet18(num_classes=classes)),
        "resnet50": lambda: OneInput(tv.resnet50(num_classes=classes)),
        "mobilenet-v1": lambda: OneInput(
            timm.create_model("mobilenetv1_100", num_classes=classes)),
        "mobilenet-v2": lambda: OneInput(tv.mobilenet_v2(num_classes=classes)),
        "mobilenet-v3-small": lambda: OneInput(tv.mobilenet_v3_small(num_classes=classes)),
        "mobilenet-v3-large": lambda: OneInput(tv.mobilenet_v3_large(num_classes=classes)),
        "densenet121": lambda: OneInput(tv.densenet121(num_classes=classes)),
        "densenet-xs": lambda: OneInput(DenseNetCifar(8, (3, 3, 3), 16, classes)),
        "swin-xs": lambda: OneInput(tv.SwinTransformer(
            [2, 2], 32, [2, 2], [2, 4], [4, 4], stochastic_depth_prob=0,
            num_classes=classes)),
        "vgg-small": lambda: VggCifar(((32, 32), (64, 64), (128, 128)), image, classes),
        "vgg16-cifar": lambda: VggCifar(((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3,
                                         (512,) * 3), image, classes),
        "vit-tiny": lambda: OneInput(vision_transformer(image, 16, 192, 12, classes)),
        "vit-tiny-cifar": lambda: OneInput(vision_transformer(image, 4, 192, 6, classes)),
        "vit-xs": lambda: OneInput(vision_transformer(image, 4, 96, 4, classes)),
    }
    return makers[name]() if name in makers else None


def torch_name(name):
    """Of nn.LSTM's parameters, which have no path of their own."""
    for part, short in (("input", "ih"), ("recurrent", "hh")):
        name = re.sub(rf"(lstm\d)\.{part}\.(weight|bias)$", rf"\1.\2_{short}_l0", name)
    return name


def inner(module):
    return module.inner if isinstance(module, OneInput) else module


def parameters(module):
    return dict(inner(module).named_parameters())


def load(module, start):
    """All parameters of a start into the module, none left over on either side."""
    target = inner(module)
    state = {torch_name(name): value for name, value in start.items()}
    # Counters and index tables that Assay does not keep.
    own = {name: value for name, value in target.state_dict().items()
           if name.endswith(("num_batches_tracked", "relative_position_index"))}
    target.load_state_dict({**own, **state}, strict=True)
