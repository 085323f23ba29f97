"""A training step of PyTorch: forward, backward, optimizer."""

import torch

import networks
import runtimes


def step_of(name, precision, last, compiled):
    """A function that makes one step of a network of networks.TRAINING; `last`:
    with channels last."""
    make, inputs, (classes, label_shape), optimizer, batch = networks.TRAINING[name]
    torch.manual_seed(0)
    value, labels = inputs(batch), torch.randint(0, classes, (batch, *label_shape))
    network, x = make().train(), value
    if last:
        network, x = runtimes.channels_last(network, value)
    if optimizer == "sgd":
        steps = torch.optim.SGD(network.parameters(), 0.01, 0.9)
    else:
        steps = torch.optim.AdamW(network.parameters(), 1e-4, fused=True)
    forward = torch.compile(network) if compiled else network

    def step():
        steps.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            logits = forward(x)
        logits = logits.float().reshape(-1, classes)
        torch.nn.functional.cross_entropy(logits, labels.reshape(-1)).backward()
        steps.step()

    return step
