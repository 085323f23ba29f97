"""Ops of harness/ops/optimizer."""

import torch

from families.case import case


def cases():
    def sgd(p, g, buffer, rate, nesterov):
        weights = torch.nn.Parameter(p.clone())
        weights.grad = g
        optimizer = torch.optim.SGD([weights], float(rate), momentum=0.9, weight_decay=0.01,
                                    nesterov=nesterov)
        optimizer.state[weights]["momentum_buffer"] = buffer.clone()
        optimizer.step()
        return weights.data, optimizer.state[weights]["momentum_buffer"]

    for nesterov in (False, True):
        case("optimizer", "sgd_step", "nesterov" if nesterov else "plain",
             lambda r: [r.real(5), r.real(5), r.real(5), torch.tensor(0.125)],
             lambda p, g, m, rate: sgd(p, g, m, rate, nesterov),
             {"momentum": 0.9, "weight_decay": 0.01, "nesterov": int(nesterov)}, False)

    def adamw(p, g, first, second, rate, step):
        weights = torch.nn.Parameter(p.clone())
        weights.grad = g
        optimizer = torch.optim.AdamW([weights], float(rate), (0.8, 0.95), 1e-6, 0.1)
        optimizer.state[weights] = {"step": torch.tensor(float(step) - 1),
                                    "exp_avg": first.clone(), "exp_avg_sq": second.clone()}
        optimizer.step()
        state = optimizer.state[weights]
        return weights.data, state["exp_avg"], state["exp_avg_sq"]

    case("optimizer", "adamw_step", "third",
         lambda r: [r.real(5), r.real(5), r.real(5), r.real(5, low=0.1), torch.tensor(0.125),
                    torch.tensor(3)],
         adamw, {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-6, "weight_decay": 0.1}, False)
