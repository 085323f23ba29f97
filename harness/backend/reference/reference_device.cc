#include "harness/backend/reference/reference_device.h"

#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/backend/operands.h"
#include "harness/backend/reference/run.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

class ReferenceStream final : public Stream {
 public:
  absl::Status Synchronize() override {
    return std::exchange(error_, absl::OkStatus());
  }
  void Record(const absl::Status& status) { error_.Update(status); }

 private:
  absl::Status error_;
};

class ReferenceBuffer final : public DeviceBuffer {
 public:
  ReferenceBuffer(void* memory, int64_t bytes)
      : memory_(memory), bytes_(bytes) {}
  ~ReferenceBuffer() override { std::free(memory_); }
  int64_t bytes() const override { return bytes_; }
  void* data() { return memory_; }

 private:
  void* memory_;
  int64_t bytes_;
};

// The host's view of a tensor of this device; keeps its buffer alive.
Tensor View(const DeviceTensor& t) {
  auto* buffer = static_cast<ReferenceBuffer*>(t.buffer.get());
  return Tensor::Borrow(t.type.dtype, t.type.shape, buffer->data(), t.buffer);
}

std::vector<Tensor> Views(absl::Span<const DeviceTensor> tensors) {
  std::vector<Tensor> views;
  for (const DeviceTensor& tensor : tensors) views.push_back(View(tensor));
  return views;
}

void CopyBytes(const Tensor& src, Tensor dst) {
  if (dst.bytes() == 0) return;
  std::memcpy(dst.raw(), src.raw(), static_cast<size_t>(dst.bytes()));
}

class ReferenceProgram final : public Program {
 public:
  explicit ReferenceProgram(const Graph& graph) : graph_(graph) {}

  const Graph& graph() const override { return graph_; }
  int64_t scratch_bytes() const override { return 0; }

  absl::Status Run(Stream& stream, absl::Span<const DeviceTensor> inputs,
                   absl::Span<const DeviceTensor> parameters,
                   absl::Span<const DeviceTensor> outputs) override {
    ASSAY_RETURN_IF_ERROR(
        CheckRunOperands(graph_, inputs, parameters, outputs));
    std::vector<Tensor> parameter_views = Views(parameters);
    std::vector<Tensor> output_views = Views(outputs);
    static_cast<ReferenceStream&>(stream).Record(
        RunReferences(graph_, Views(inputs), absl::MakeSpan(parameter_views),
                      absl::MakeSpan(output_views)));
    return absl::OkStatus();
  }

 private:
  const Graph graph_;
};

class ReferenceDevice final : public Device {
 public:
  ReferenceDevice() {
    description_.name = "reference";
    description_.hardware = "one host thread";
    description_.library = "readable references";
  }

  const DeviceDescription& description() const override { return description_; }

  absl::StatusOr<DeviceTensor> Allocate(const TensorType& type) override {
    const int64_t bytes = ElementCount(type.shape) * SizeOf(type.dtype);
    const size_t whole_lines = (static_cast<size_t>(bytes) / 64 + 1) * 64;
    void* memory = std::aligned_alloc(64, whole_lines);
    if (memory == nullptr) {
      return absl::ResourceExhaustedError(
          absl::StrCat("no memory for ", bytes, " bytes: ", ToString(type)));
    }
    return DeviceTensor{type, std::make_shared<ReferenceBuffer>(memory, bytes)};
  }

  absl::StatusOr<std::unique_ptr<Stream>> NewStream() override {
    return std::make_unique<ReferenceStream>();
  }

  absl::Status Upload(Stream&, const Tensor& src,
                      const DeviceTensor& dst) override {
    ASSAY_RETURN_IF_ERROR(CheckCopy("upload", TypeOf(src), dst.type));
    CopyBytes(src, View(dst));
    return absl::OkStatus();
  }

  absl::Status Download(Stream&, const DeviceTensor& src,
                        Tensor* dst) override {
    ASSAY_RETURN_IF_ERROR(CheckCopy("download", src.type, TypeOf(*dst)));
    CopyBytes(View(src), *dst);
    return absl::OkStatus();
  }

  absl::Status Copy(Stream&, const DeviceTensor& src,
                    const DeviceTensor& dst) override {
    ASSAY_RETURN_IF_ERROR(CheckCopy("copy", src.type, dst.type));
    CopyBytes(View(src), View(dst));
    return absl::OkStatus();
  }

  absl::Status Supports(const Graph& graph, NodeId node) const override {
    return HasReference(graph, node);
  }

  absl::StatusOr<std::unique_ptr<Program>> Compile(
      const Graph& graph, const CompileOptions&) override {
    ASSAY_RETURN_IF_ERROR(CheckSupported(*this, graph));
    return std::make_unique<ReferenceProgram>(graph);
  }

 private:
  DeviceDescription description_;
};

}  // namespace

std::unique_ptr<Device> MakeReferenceDevice() {
  return std::make_unique<ReferenceDevice>();
}

}  // namespace assay
