// The backend interface: a device with its own memory and streams, and programs
// compiled for it.
//
// Nothing above this layer may assume that device memory can be read by the
// host; a test backend whose memory the host cannot touch keeps it so
// (guarded/). Backends: `cpu` (oneDNN and own kernels), `reference` (the ops'
// readable references on the host, f32 and f64), CUDA later.
#ifndef ASSAY_HARNESS_BACKEND_DEVICE_H_
#define ASSAY_HARNESS_BACKEND_DEVICE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"

namespace assay {

// An ordered queue of work. Work on one stream runs in order; streams run
// independently.
class Stream {
 public:
  virtual ~Stream() = default;
  // Waits for everything queued; returns the first error since the last call.
  // [any] +blocks
  virtual absl::Status Synchronize() = 0;
};

// A piece of device memory; freed with the object, after queued work has ended.
class DeviceBuffer {
 public:
  virtual ~DeviceBuffer() = default;
  virtual int64_t bytes() const = 0;
};

// A typed row-major tensor in device memory. A handle: copies share the buffer.
struct DeviceTensor {
  TensorType type;
  std::shared_ptr<DeviceBuffer> buffer;
};

// What one step of a program does.
struct ProgramStep {
  // Nodes of graph() that it computes, in order; empty for steps that only move
  // values.
  std::vector<NodeId> nodes;
  // The op of the node that gives the step its kernel, or "reorder" or "copy"
  // where the device moves a value for it.
  std::string kind;
  std::string name;   // of the value that it is for; empty: an operand
  int64_t bytes = 0;  // of all that it reads and writes, scratch included
};

// A graph compiled for one device. Immutable; Run may be called on one stream
// at a time.
class Program {
 public:
  virtual ~Program() = default;

  // The graph as compiled (after the backend's own rewrites its operands are
  // unchanged).
  virtual const Graph& graph() const = 0;

  // Queues one run. `inputs`, `parameters` and `outputs` are ordered as
  // graph().inputs(), parameters() and outputs(), with exactly those types
  // (INVALID_ARGUMENT names the operand otherwise). Outputs are
  // caller-allocated and overwritten. Updates are written into `parameters`
  // when the whole run has been computed.
  virtual absl::Status Run(Stream& stream,
                           absl::Span<const DeviceTensor> inputs,
                           absl::Span<const DeviceTensor> parameters,
                           absl::Span<const DeviceTensor> outputs) = 0;

  // The steps of a run, in order. Empty where the device cannot tell.
  virtual absl::Span<const ProgramStep> steps() const { return {}; }
  // Run, one step after the other, with the time of each: nanoseconds[i] is
  // that of steps()[i], in which reading the clock is about 30 ns.
  // UNIMPLEMENTED where steps() is empty; INVALID_ARGUMENT: another number of
  // steps.
  virtual absl::Status RunTimed(Stream&, absl::Span<const DeviceTensor>,
                                absl::Span<const DeviceTensor>,
                                absl::Span<const DeviceTensor>,
                                absl::Span<int64_t>) {
    return absl::UnimplementedError("this backend does not time its steps");
  }

  // Bytes of scratch memory that a run needs beside its operands.
  virtual int64_t scratch_bytes() const = 0;
};

struct CompileOptions {
  int threads = 0;  // 0: the device's own choice
};

// What a device can tell about itself; goes into the report.
struct DeviceDescription {
  std::string name;                   // "cpu"
  std::string hardware;               // "AMD EPYC ... 2 cores"
  std::vector<std::string> features;  // "avx512_vnni", "amx_int8"
  std::string library;                // "oneDNN 3.2.0 (gomp)"
};

class Device {
 public:
  virtual ~Device() = default;

  virtual const DeviceDescription& description() const = 0;

  // RESOURCE_EXHAUSTED with the size when memory is short.
  virtual absl::StatusOr<DeviceTensor> Allocate(const TensorType& type) = 0;
  virtual absl::StatusOr<std::unique_ptr<Stream>> NewStream() = 0;

  // Queued copies between tensors of one type (INVALID_ARGUMENT otherwise; the
  // caller makes *dst); the host tensor must live and stay unchanged until the
  // stream has passed them.
  virtual absl::Status Upload(Stream& stream, const Tensor& src,
                              const DeviceTensor& dst) = 0;
  virtual absl::Status Download(Stream& stream, const DeviceTensor& src,
                                Tensor* dst) = 0;
  virtual absl::Status Copy(Stream& stream, const DeviceTensor& src,
                            const DeviceTensor& dst) = 0;

  // OK, or UNIMPLEMENTED naming op, operand types and what is missing. Asked
  // before a run starts; nothing falls back silently.
  virtual absl::Status Supports(const Graph& graph, NodeId node) const = 0;

  // All unsupported nodes are listed in one UNIMPLEMENTED status.
  virtual absl::StatusOr<std::unique_ptr<Program>> Compile(
      const Graph& graph, const CompileOptions& options) = 0;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_DEVICE_H_
