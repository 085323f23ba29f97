#include "harness/backend/cpu/cpu_device.h"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/backend/cpu/aligned_memory.h"
#include "harness/backend/cpu/band_program.h"
#include "harness/backend/cpu/cpu_buffer.h"
#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/cpu_program.h"
#include "harness/backend/cpu/kernel_registry.h"
#include "harness/backend/cpu/layout.h"
#include "harness/backend/cpu/program_builder.h"
#include "harness/backend/cpu/row_plan.h"
#include "harness/backend/cpu/strip_plan.h"
#include "harness/backend/cpu/support.h"
#include "harness/backend/cpu/thread_count.h"
#include "harness/backend/operands.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay {
namespace cpu {
namespace {

class CpuStream final : public Stream {
 public:
  absl::Status Synchronize() override { return absl::OkStatus(); }
};

bool SameKinds(const CpuProgram& a, const CpuProgram& b) {
  return std::equal(a.steps().begin(), a.steps().end(), b.steps().begin(),
                    b.steps().end(),
                    [](const ProgramStep& x, const ProgramStep& y) {
                      return x.kind == y.kind;
                    });
}

class CpuDevice final : public Device {
 public:
  explicit CpuDevice(const CpuOptions& options)
      : options_(options), engine_(dnnl::engine::kind::cpu, 0) {
    const dnnl_version_t* v = dnnl_version();
    description_.name = "cpu";
    description_.hardware = HardwareName();
    description_.features = CpuFeatures();
    description_.library =
        absl::StrCat("oneDNN ", v->major, ".", v->minor, ".", v->patch);
  }

  const DeviceDescription& description() const override { return description_; }

  absl::StatusOr<DeviceTensor> Allocate(const TensorType& type) override {
    const int64_t bytes = ElementCount(type.shape) * SizeOf(type.dtype);
    ASSAY_ASSIGN_OR_RETURN(AlignedMemory memory, AllocateAligned(bytes));
    return DeviceTensor{type,
                        std::make_shared<CpuBuffer>(std::move(memory), bytes)};
  }

  absl::StatusOr<std::unique_ptr<Stream>> NewStream() override {
    return std::make_unique<CpuStream>();
  }

  absl::Status Upload(Stream&, const Tensor& src,
                      const DeviceTensor& dst) override {
    ASSAY_RETURN_IF_ERROR(CheckCopy("cpu: upload", TypeOf(src), dst.type));
    std::memcpy(HostAddress(dst), src.raw(), static_cast<size_t>(src.bytes()));
    return absl::OkStatus();
  }

  absl::Status Download(Stream&, const DeviceTensor& src,
                        Tensor* dst) override {
    ASSAY_RETURN_IF_ERROR(CheckCopy("cpu: download", src.type, TypeOf(*dst)));
    std::memcpy(dst->raw(), HostAddress(src),
                static_cast<size_t>(dst->bytes()));
    return absl::OkStatus();
  }

  absl::Status Copy(Stream&, const DeviceTensor& src,
                    const DeviceTensor& dst) override {
    ASSAY_RETURN_IF_ERROR(CheckCopy("cpu: copy", src.type, dst.type));
    std::memcpy(HostAddress(dst), HostAddress(src),
                static_cast<size_t>(src.buffer->bytes()));
    return absl::OkStatus();
  }

  absl::Status Supports(const Graph& graph, NodeId id) const override {
    const Node& node = graph.node(id);
    const KernelEntry* entry = FindKernel(node.op);
    if (entry == nullptr) {
      return absl::UnimplementedError(
          absl::StrCat("cpu: no kernel for ", Signature(graph, node)));
    }
    return entry->supports(graph, node);
  }

  absl::StatusOr<std::unique_ptr<Program>> Compile(
      const Graph& graph, const CompileOptions& options) override {
    ASSAY_RETURN_IF_ERROR(CheckSupported(*this, graph));
    // Kernels divide their work among as many threads as they were made for.
    const int limit = omp_get_thread_limit();
    if (options.threads > limit) {
      return absl::FailedPreconditionError(
          absl::StrCat("cpu: asked for ", options.threads,
                       " threads, where OMP_THREAD_LIMIT allows ", limit));
    }
    const int threads =
        options.threads > 0 ? options.threads : std::min(UsableCores(), limit);
    const std::optional<StripPlan> plan =
        options_.strip_samples == 0
            ? PlanStrips(graph, threads, {CacheBytes(2), CacheBytes(3)})
            : MakeStrips(graph, threads, options_.strip_samples);
    if (!plan.has_value() && DividesBatch(graph)) {
      return absl::UnimplementedError(
          absl::StrCat("cpu: no strips of ", options_.strip_samples,
                       " samples on ", threads, " threads"));
    }
    CpuOptionsTaken taken;
    std::unique_ptr<Program> program;
    if (plan.has_value()) {
      ASSAY_ASSIGN_OR_RETURN(program,
                             CompileStrips(graph, *plan, threads, &taken));
    } else if (const auto rows = PlanRows(graph, threads); rows.has_value()) {
      taken.whole_images = true;
      if (options_.row_bands) {
        ASSAY_ASSIGN_OR_RETURN(program, CompileBands(graph, *rows, &taken));
      }
    }
    if (program == nullptr) {
      ASSAY_ASSIGN_OR_RETURN(program,
                             CompileParts(graph, graph, threads,
                                          /*lanes=*/1, Strips(), &taken));
    }
    ASSAY_RETURN_IF_ERROR(CheckTaken(options_, taken));
    return program;
  }

 private:
  // Whether parts of the batch were asked for.
  bool DividesBatch(const Graph& graph) const {
    return options_.refuse_unheeded && options_.strip_samples > 0 &&
           options_.strip_samples < BatchOf(graph);
  }

  // Each thread runs strips by itself.
  absl::StatusOr<std::unique_ptr<Program>> CompileStrips(
      const Graph& graph, const StripPlan& plan, int threads,
      CpuOptionsTaken* taken) {
    const Graph& strip = plan.graph;
    Strips strips;
    strips.count = plan.count;
    for (const ValueId v : strip.inputs()) {
      strips.input_bytes.push_back(
          strip.shape(v).empty() ? 0 : PlainLayout(strip.type(v)).bytes);
    }
    for (const Graph::Output& output : strip.outputs()) {
      strips.output_bytes.push_back(
          PlainLayout(strip.type(output.value)).bytes);
    }
    return CompileParts(graph, strip, /*threads=*/1, threads, std::move(strips),
                        taken);
  }

  // Each thread runs a band of the rows by itself. Null where bands came out
  // with different steps, so that one would wait for the other.
  absl::StatusOr<std::unique_ptr<Program>> CompileBands(
      const Graph& graph, const RowBands& rows, CpuOptionsTaken* taken) {
    std::vector<std::unique_ptr<CpuProgram>> bands;
    std::vector<DeviceTensor> parts;
    for (const Graph& band : rows.bands) {
      ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<CpuProgram> program,
                             CompileParts(band, band, /*threads=*/1,
                                          /*lanes=*/1, Strips(), taken));
      if (!bands.empty() && !SameKinds(*bands[0], *program)) return nullptr;
      bands.push_back(std::move(program));
      ASSAY_ASSIGN_OR_RETURN(DeviceTensor part,
                             Allocate(band.type(band.outputs()[0].value)));
      parts.push_back(std::move(part));
    }
    ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<CpuProgram> tail,
                           CompileParts(rows.tail, rows.tail, /*threads=*/1,
                                        /*lanes=*/1, Strips(), taken));
    return std::make_unique<BandProgram>(graph, std::move(bands),
                                         std::move(tail), std::move(parts));
  }

  absl::StatusOr<std::unique_ptr<CpuProgram>> CompileParts(
      const Graph& whole, const Graph& part, int threads, int lanes,
      Strips strips, CpuOptionsTaken* taken) {
    // oneDNN blocks its loops for this many when it makes a primitive.
    const ThreadCount during(threads);
    ProgramBuilder builder(part, FindKernel, engine_, threads, lanes, options_);
    ASSAY_ASSIGN_OR_RETURN(ProgramParts parts, builder.Build());
    *taken = *taken | builder.taken();
    return std::make_unique<CpuProgram>(whole, std::move(parts), threads,
                                        std::move(strips));
  }

  CpuOptions options_;
  dnnl::engine engine_;
  DeviceDescription description_;
};

}  // namespace

}  // namespace cpu

std::unique_ptr<Device> MakeCpuDevice() { return MakeCpuDevice(CpuOptions()); }

std::unique_ptr<Device> MakeCpuDevice(const CpuOptions& options) {
  return std::make_unique<cpu::CpuDevice>(options);
}

}  // namespace assay
