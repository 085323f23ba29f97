"""Decoding with lmd-s: a prompt of 64 tokens, then 128 greedy ones.

Times are of one token behind the prompt.
"""

import statistics
import time

import torch

import networks
from assay_side import AssaySide

PROMPT, TOKENS = 64, 128


def torch_decoder(precision, compiled):
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    network = networks.LmdS().eval().to(dtype)
    network.cos, network.sin = network.cos.to(dtype), network.sin.to(dtype)
    cache = network.empty_cache(dtype)
    step = torch.compile(network.step) if compiled else network.step
    prompt = torch.randint(0, network.VOCABULARY, (1, PROMPT))
    at = [torch.tensor([i]) for i in range(network.CONTEXT)]
    first = torch.arange(PROMPT)

    def decode():
        with torch.inference_mode():
            logits = network.step(prompt, first, cache)
            token = logits[:, -1].argmax(-1, keepdim=True)
            start = time.perf_counter()
            for i in range(TOKENS):
                logits = step(token, at[PROMPT + i], cache)
                token = logits[:, -1].argmax(-1, keepdim=True)
            return (time.perf_counter() - start) / TOKENS

    return decode


def timer_of(decode):
    """Whole sequences until the seconds are spent; their median of a token's mean."""

    def timer(seconds):
        decode()
        means, start = [], time.perf_counter()
        while time.perf_counter() - start < seconds or not means:
            means.append(decode())
        return statistics.median(means)

    return timer


def measure(cell, assay, precision, threads, folder):
    torch.set_num_threads(threads)
    side = AssaySide(assay, threads)

    def ours():
        side.ask("decode", "decoder", "lmd-s", PROMPT, TOKENS, precision)
        return side.timer("decoder")

    def llama_cpp():
        import llama

        path = f"{folder}/lmd-s-{precision}.gguf"
        llama.write_file(path, precision)
        return timer_of(llama.decoder(path, threads, PROMPT, TOKENS))

    try:
        cell.add("assay", ours)
        cell.add("llama.cpp", llama_cpp)
        if precision != "int8":
            cell.add("torch", lambda: timer_of(torch_decoder(precision, False)))
            cell.add("torch compile", lambda: timer_of(torch_decoder(precision, True)))
        return cell.measure()
    finally:
        side.close()
        torch._dynamo.reset()
