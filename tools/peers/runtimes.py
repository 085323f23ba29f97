"""The peers: functions that run one network once.

Inputs are bound before the clock starts and outputs stay where the runtime puts
them, so that a call costs what the runtime makes of it and little of Python.
"""

import torch


def torch_call(network, value, autocast=False):
    def call():
        with torch.inference_mode(), torch.autocast(
            "cpu", torch.bfloat16, enabled=autocast
        ):
            return network(value)

    return call


def channels_last(network, value):
    if value.dim() != 4:
        return network, value
    return (
        network.to(memory_format=torch.channels_last),
        value.contiguous(memory_format=torch.channels_last),
    )


def onnxruntime_call(path, value, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )
    binding = session.io_binding()
    binding.bind_cpu_input("x", value.numpy())
    binding.bind_output("y", "cpu")

    def call():
        session.run_with_iobinding(binding)
        return binding

    return call


def onnxruntime_output(call):
    return call().copy_outputs_to_cpu()[0]


def openvino_call(path, value, precision, threads):
    import openvino

    core = openvino.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": precision,
    }
    model = core.read_model(path)
    model.reshape({0: list(value.shape)})
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    request.set_input_tensor(openvino.Tensor(value.numpy().copy()))

    def call():
        request.start_async()
        request.wait()
        return request

    return call


def openvino_output(call):
    return call().get_output_tensor(0).data


def export_onnx(network, value, path):
    torch.onnx.export(
        network,
        (value,),
        path,
        input_names=["x"],
        output_names=["y"],
        opset_version=17,
        dynamo=False,
    )


def quantize_onnx(source, target, values, ops=None):
    """Static QDQ: u8 activations, s8 weights per channel. `ops`: the types of
    nodes that are quantized; None: all that the quantizer knows."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.left = list(values)

        def get_next(self):
            return {"x": self.left.pop().numpy()} if self.left else None

    prepared = source
    if ops is None:
        prepared = target + ".prepared"
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared,
        target,
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=ops,
    )
