"""llama.cpp on the shape of lmd-s, with random weights."""

import ctypes
import time

import gguf
import llama_cpp
import numpy

from networks import LmdS

TYPES = {
    "f32": gguf.GGMLQuantizationType.F32,
    "bf16": gguf.GGMLQuantizationType.BF16,
    "int8": gguf.GGMLQuantizationType.Q8_0,
}


def write_file(path, precision):
    """In 8 bits rows that are no multiple of 32 stay f32: ffn_down."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(LmdS.LAYERS)
    writer.add_context_length(LmdS.CONTEXT)
    writer.add_embedding_length(LmdS.FEATURES)
    writer.add_feed_forward_length(LmdS.HIDDEN)
    writer.add_head_count(LmdS.HEADS)
    writer.add_head_count_kv(LmdS.KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    width = LmdS.FEATURES // LmdS.HEADS
    writer.add_rope_dimension_count(width)
    writer.add_vocab_size(LmdS.VOCABULARY)
    writer.add_tokenizer_model("no_vocab")
    rng = numpy.random.default_rng(0)

    def matrix(name, *shape):
        values = rng.normal(0, 0.02, shape).astype(numpy.float32)
        kind = TYPES[precision]
        if precision == "int8" and shape[-1] % 32 != 0:
            kind = TYPES["f32"]
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)

    def ones(name):
        writer.add_tensor(name, numpy.ones(LmdS.FEATURES, numpy.float32))

    matrix("token_embd.weight", LmdS.VOCABULARY, LmdS.FEATURES)
    matrix("output.weight", LmdS.VOCABULARY, LmdS.FEATURES)
    ones("output_norm.weight")
    for layer in range(LmdS.LAYERS):
        block = f"blk.{layer}."
        ones(block + "attn_norm.weight")
        ones(block + "ffn_norm.weight")
        matrix(block + "attn_q.weight", LmdS.FEATURES, LmdS.FEATURES)
        matrix(block + "attn_k.weight", LmdS.KV_HEADS * width, LmdS.FEATURES)
        matrix(block + "attn_v.weight", LmdS.KV_HEADS * width, LmdS.FEATURES)
        matrix(block + "attn_output.weight", LmdS.FEATURES, LmdS.FEATURES)
        matrix(block + "ffn_gate.weight", LmdS.HIDDEN, LmdS.FEATURES)
        matrix(block + "ffn_up.weight", LmdS.HIDDEN, LmdS.FEATURES)
        matrix(block + "ffn_down.weight", LmdS.FEATURES, LmdS.HIDDEN)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


QUIET = llama_cpp.llama_log_callback(lambda *_: None)


def decoder(path, threads, prompt, tokens):
    """A function that gives the mean seconds of a token behind a prompt."""
    llama_cpp.llama_log_set(QUIET, None)
    llama_cpp.llama_backend_init()
    settings = llama_cpp.llama_model_default_params()
    model = llama_cpp.llama_model_load_from_file(path.encode(), settings)
    if not model:
        raise RuntimeError("llama.cpp refused the file")
    settings = llama_cpp.llama_context_default_params()
    settings.n_ctx = LmdS.CONTEXT
    settings.n_batch = LmdS.CONTEXT
    settings.n_threads = settings.n_threads_batch = threads
    context = llama_cpp.llama_init_from_model(model, settings)
    memory = llama_cpp.llama_get_memory(context)
    drawn = numpy.random.default_rng(1).integers(0, LmdS.VOCABULARY, prompt)
    begin = (llama_cpp.llama_token * prompt)(*map(int, drawn))
    one = (llama_cpp.llama_token * 1)()

    def best():
        logits = llama_cpp.llama_get_logits_ith(context, -1)
        array = ctypes.cast(logits, ctypes.POINTER(ctypes.c_float))
        return int(numpy.ctypeslib.as_array(array, (LmdS.VOCABULARY,)).argmax())

    def decode():
        llama_cpp.llama_memory_clear(memory, True)
        llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(begin, prompt))
        token = best()
        start = time.perf_counter()
        for _ in range(tokens):
            one[0] = token
            llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(one, 1))
            token = best()
        return (time.perf_counter() - start) / tokens

    return decode
