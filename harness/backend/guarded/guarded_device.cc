#include "harness/backend/guarded/guarded_device.h"

#include <cstring>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "harness/backend/guarded/guarded_memory.h"
#include "harness/backend/operands.h"
#include "harness/backend/reference/run.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

using Work = std::function<absl::Status()>;
using Tensors = std::vector<DeviceTensor>;

class GuardedStream final : public Stream {
 public:
  ~GuardedStream() override { Synchronize().IgnoreError(); }

  void Queue(Work work) { queue_.push_back(std::move(work)); }

  absl::Status Synchronize() override {
    absl::Status first;
    while (!queue_.empty()) {
      const Work work = std::move(queue_.front());
      queue_.pop_front();
      first.Update(work());
    }
    return first;
  }

 private:
  std::deque<Work> queue_;
};

void Queue(Stream& stream, Work work) {
  static_cast<GuardedStream&>(stream).Queue(std::move(work));
}

// The host's view of device memory; valid while that is open.
Tensor View(const DeviceTensor& t) {
  auto* buffer = static_cast<GuardedBuffer*>(t.buffer.get());
  return Tensor::Borrow(t.type.dtype, t.type.shape, buffer->address(),
                        t.buffer);
}

std::vector<Tensor> Views(const Tensors& tensors) {
  std::vector<Tensor> views;
  for (const DeviceTensor& tensor : tensors) views.push_back(View(tensor));
  return views;
}

void CopyBytes(const Tensor& src, Tensor dst) {
  if (dst.bytes() == 0) return;
  std::memcpy(dst.raw(), src.raw(), static_cast<size_t>(dst.bytes()));
}

class GuardedProgram final : public Program {
 public:
  explicit GuardedProgram(const Graph& graph)
      : graph_(std::make_shared<const Graph>(graph)) {}

  const Graph& graph() const override { return *graph_; }
  int64_t scratch_bytes() const override { return 0; }

  absl::Status Run(Stream& stream, absl::Span<const DeviceTensor> inputs,
                   absl::Span<const DeviceTensor> parameters,
                   absl::Span<const DeviceTensor> outputs) override {
    ASSAY_RETURN_IF_ERROR(
        CheckRunOperands(*graph_, inputs, parameters, outputs));
    Queue(stream, [graph = graph_, in = Tensors(inputs.begin(), inputs.end()),
                   params = Tensors(parameters.begin(), parameters.end()),
                   out = Tensors(outputs.begin(), outputs.end())] {
      return RunOpened(*graph, in, params, out);
    });
    return absl::OkStatus();
  }

 private:
  static absl::Status RunOpened(const Graph& graph, const Tensors& inputs,
                                const Tensors& parameters,
                                const Tensors& outputs) {
    std::vector<std::shared_ptr<DeviceBuffer>> buffers;
    for (const Tensors* list : {&inputs, &parameters, &outputs}) {
      for (const DeviceTensor& tensor : *list) buffers.push_back(tensor.buffer);
    }
    const OpenMemory open(std::move(buffers));
    std::vector<Tensor> parameter_views = Views(parameters);
    std::vector<Tensor> output_views = Views(outputs);
    return RunReferences(graph, Views(inputs), absl::MakeSpan(parameter_views),
                         absl::MakeSpan(output_views));
  }

  const std::shared_ptr<const Graph> graph_;
};

class GuardedDevice final : public Device {
 public:
  GuardedDevice() {
    description_.name = "guarded";
    description_.hardware = "host pages without permissions";
    description_.library = "readable references";
  }

  const DeviceDescription& description() const override { return description_; }

  absl::StatusOr<DeviceTensor> Allocate(const TensorType& type) override {
    ASSAY_ASSIGN_OR_RETURN(
        std::shared_ptr<GuardedBuffer> buffer,
        GuardedBuffer::Make(ElementCount(type.shape) * SizeOf(type.dtype)));
    return DeviceTensor{type, std::move(buffer)};
  }

  absl::StatusOr<std::unique_ptr<Stream>> NewStream() override {
    return std::make_unique<GuardedStream>();
  }

  absl::Status Upload(Stream& stream, const Tensor& src,
                      const DeviceTensor& dst) override {
    ASSAY_RETURN_IF_ERROR(CheckCopy("upload", TypeOf(src), dst.type));
    Queue(stream, [src, dst] {
      const OpenMemory open({dst.buffer});
      CopyBytes(src, View(dst));
      return absl::OkStatus();
    });
    return absl::OkStatus();
  }

  absl::Status Download(Stream& stream, const DeviceTensor& src,
                        Tensor* dst) override {
    ASSAY_RETURN_IF_ERROR(CheckCopy("download", src.type, TypeOf(*dst)));
    Queue(stream, [src, to = *dst] {
      const OpenMemory open({src.buffer});
      CopyBytes(View(src), to);
      return absl::OkStatus();
    });
    return absl::OkStatus();
  }

  absl::Status Copy(Stream& stream, const DeviceTensor& src,
                    const DeviceTensor& dst) override {
    ASSAY_RETURN_IF_ERROR(CheckCopy("copy", src.type, dst.type));
    Queue(stream, [src, dst] {
      const OpenMemory open({src.buffer, dst.buffer});
      CopyBytes(View(src), View(dst));
      return absl::OkStatus();
    });
    return absl::OkStatus();
  }

  absl::Status Supports(const Graph& graph, NodeId node) const override {
    return HasReference(graph, node);
  }

  absl::StatusOr<std::unique_ptr<Program>> Compile(
      const Graph& graph, const CompileOptions&) override {
    ASSAY_RETURN_IF_ERROR(CheckSupported(*this, graph));
    return std::make_unique<GuardedProgram>(graph);
  }

 private:
  DeviceDescription description_;
};

}  // namespace

std::unique_ptr<Device> MakeGuardedDevice() {
  return std::make_unique<GuardedDevice>();
}

const void* GuardedAddress(const DeviceTensor& tensor) {
  return static_cast<const GuardedBuffer*>(tensor.buffer.get())->address();
}

}  // namespace assay
