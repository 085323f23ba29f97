#include "harness/dynamic/executable.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"

namespace assay {

absl::StatusOr<DeviceTensor> BufferPool::Take(const TensorType& type) {
  std::vector<DeviceTensor>& tensors = tensors_[ToString(type)];
  for (const DeviceTensor& tensor : tensors) {
    if (tensor.buffer.use_count() == 1) return tensor;
  }
  ASSAY_ASSIGN_OR_RETURN(DeviceTensor made, device_->Allocate(type));
  tensors.push_back(made);
  return made;
}

absl::StatusOr<std::unique_ptr<Executable>> Executable::Make(
    Device* device, const Graph& graph, const ParameterStore& store,
    const DeviceParameters& parameters, const ExecutableOptions& options) {
  std::unique_ptr<Executable> made(new Executable);
  const CompileOptions compile{.threads = options.threads};
  if (options.lower) {
    ASSAY_ASSIGN_OR_RETURN(const LoweredNetwork lowered,
                           LowerForInference(graph, store, options.lowering));
    ASSAY_ASSIGN_OR_RETURN(made->program_,
                           device->Compile(lowered.graph, compile));
  } else {
    ASSAY_ASSIGN_OR_RETURN(made->program_, device->Compile(graph, compile));
  }
  const Graph& compiled = made->program_->graph();
  for (const ValueId id : compiled.parameters()) {
    const std::string& name = compiled.value(id).name;
    const DeviceTensor* parameter = parameters.Find(name);
    if (parameter == nullptr) {
      return absl::NotFoundError(absl::StrCat("no parameter '", name, "'"));
    }
    made->parameters_.push_back(*parameter);
  }
  for (const Graph::Output& output : compiled.outputs()) {
    made->output_types_.push_back(compiled.type(output.value));
  }
  return made;
}

int64_t Executable::bytes() const {
  const Graph& graph = program_->graph();
  int64_t bytes = program_->scratch_bytes();
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    if (graph.value(id).kind != ValueKind::kConstant) continue;
    bytes += ElementCount(graph.shape(id)) * SizeOf(graph.type(id).dtype);
  }
  return bytes;
}

absl::Status Executable::Run(Stream& stream,
                             absl::Span<const DeviceTensor> inputs,
                             BufferPool* pool,
                             std::vector<DeviceTensor>* outputs) {
  outputs->clear();
  for (const TensorType& type : output_types_) {
    ASSAY_ASSIGN_OR_RETURN(DeviceTensor tensor, pool->Take(type));
    outputs->push_back(std::move(tensor));
  }
  return program_->Run(stream, inputs, parameters_, *outputs);
}

}  // namespace assay
