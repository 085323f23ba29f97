#include "harness/cli/export_source.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/backend/session.h"
#include "harness/cli/places.h"
#include "harness/core/file.h"
#include "harness/core/npy.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/host/artifact.h"
#include "harness/host/run_files.h"
#include "harness/host/run_spec.pb.h"
#include "harness/ops/ops.h"
#include "harness/tasks/reference_network.h"
#include "harness/train/batch.h"
#include "harness/train/checkpoint.h"

namespace assay {
namespace {

RunSpec SpecOf(const ExportRequest& request, const std::string& task) {
  RunSpec spec;
  spec.set_task(task);
  spec.set_backend(request.backend);
  spec.set_training_precision(request.precision);
  spec.set_data_dir(request.data_dir);
  spec.set_cache_dir(request.cache_dir);
  return spec;
}

absl::StatusOr<ExportSource> FromTask(const ExportRequest& request) {
  const RunSpec spec = SpecOf(request, request.what);
  ASSAY_ASSIGN_OR_RETURN(RunSetup setup, OpenTask(spec));
  ASSAY_ASSIGN_OR_RETURN(ReferenceNetwork network, ReferenceOf(spec, setup));
  return ExportSource{std::move(network.graph), std::move(network.parameters),
                      std::move(setup),
                      absl::StrCat("reference network of ", request.what)};
}

// The run that left an artifact in RUN/artifacts/<budget>, where it is there.
absl::StatusOr<RunSpec> RunOf(const ExportRequest& request) {
  if (!request.task.empty()) return SpecOf(request, request.task);
  ASSAY_ASSIGN_OR_RETURN(
      RunSpec spec,
      ReadRunSpec(JoinPath(request.what, absl::StrCat("../../", kSpecFile))));
  spec.set_data_dir(request.data_dir);
  spec.set_cache_dir(request.cache_dir);
  return spec;
}

absl::StatusOr<ExportSource> FromArtifact(const ExportRequest& request) {
  ASSAY_ASSIGN_OR_RETURN(
      Artifact artifact,
      ReadArtifact(request.what, StandardOps(), ArtifactLimits(), nullptr));
  ExportSource source{std::move(artifact.graph),
                      std::move(artifact.parameters),
                      {},
                      absl::StrCat("artifact ", artifact.name)};
  const auto spec = RunOf(request);
  if (absl::IsNotFound(spec.status())) return source;
  if (!spec.ok()) return spec.status();
  ASSAY_ASSIGN_OR_RETURN(source.setup, OpenTask(*spec));
  return source;
}

absl::StatusOr<ExportSource> FromCheckpoint(const ExportRequest& request) {
  if (request.task.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        request.what, " holds parameters alone: --task says of which network"));
  }
  ASSAY_ASSIGN_OR_RETURN(RunSetup setup,
                         OpenTask(SpecOf(request, request.task)));
  ASSAY_ASSIGN_OR_RETURN(ReferenceGraph reference,
                         setup.task->BuildNetwork(StandardOps(), 1));
  ASSAY_ASSIGN_OR_RETURN(Checkpoint checkpoint, ReadCheckpoint(request.what));
  return ExportSource{std::move(reference.graph),
                      std::move(checkpoint.parameters), std::move(setup),
                      absl::StrCat("checkpoint of ", request.task)};
}

std::vector<int64_t> FirstSamples(const Task& task, int64_t count) {
  if (task.dataset().spec().form == Form::kStream) return {};
  std::vector<int64_t> samples(
      static_cast<size_t>(std::min(count, task.dataset().size(Split::kTest))));
  std::iota(samples.begin(), samples.end(), 0);
  return samples;
}

// Rows of several batches, one below the other.
class Rows {
 public:
  void Append(const Tensor& batch, int64_t rows) {
    shape_ = batch.shape();
    dtype_ = batch.dtype();
    rows_ += rows;
    bytes_.append(static_cast<const char*>(batch.raw()),
                  static_cast<size_t>(batch.bytes() / batch.dim(0) * rows));
  }
  absl::Status Write(const std::string& path) const {
    Shape shape = shape_;
    shape[0] = rows_;
    Tensor all(dtype_, std::move(shape));
    std::memcpy(all.raw(), bytes_.data(), bytes_.size());
    ASSAY_ASSIGN_OR_RETURN(const std::string npy, SerializeNpy(all));
    return WriteFileAtomically(path, npy);
  }
  int64_t rows() const { return rows_; }

 private:
  Shape shape_;
  DType dtype_ = DType::kF32;
  int64_t rows_ = 0;
  std::string bytes_;
};

}  // namespace

ExportRequest ExportRequestOf(const Args& args, const std::string& precision) {
  ExportRequest request;
  request.what = args.positional()[0];
  if (FileExists(UserPath(request.what))) {
    request.what = UserPath(request.what);
  }
  request.task = args.Text("task");
  request.backend = args.Text("backend");
  request.precision = precision;
  request.data_dir = DataFolder(args.Text("data_dir"));
  request.cache_dir = CacheFolder(args.Text("cache_dir"));
  return request;
}

absl::StatusOr<ExportSource> OpenExportSource(const ExportRequest& request) {
  if (FileExists(JoinPath(request.what, "artifact.textproto"))) {
    return FromArtifact(request);
  }
  if (absl::EndsWith(request.what, ".safetensors")) {
    return FromCheckpoint(request);
  }
  return FromTask(request);
}

std::map<std::string, std::string> TaskMetadata(const Task& task) {
  const DatasetSpec& data = task.dataset().spec();
  std::map<std::string, std::string> metadata = {
      {"assay.task", task.spec().id}};
  if (!data.class_names.empty()) {
    metadata["assay.classes"] = absl::StrJoin(data.class_names, ",");
  }
  if (task.spec().mean.empty()) {
    metadata["assay.input"] =
        absl::StrCat("tokens of ", data.name, " below ", data.vocabulary);
    return metadata;
  }
  metadata["assay.mean"] = absl::StrJoin(task.spec().mean, ",");
  metadata["assay.stddev"] = absl::StrJoin(task.spec().stddev, ",");
  metadata["assay.input"] =
      absl::StrCat("(x - mean) / stddev per channel, x ",
                   data.form == Form::kImage ? "in [0, 1]" : "features", " [N,",
                   absl::StrJoin(data.sample_shape, ","), "] of ", data.name);
  return metadata;
}

absl::Status WriteSamples(const ExportSource& source, int64_t count,
                          bool lowered, const std::string& folder) {
  const Task& task = *source.setup.task;
  const int64_t batch = task.spec().evaluation_batch;
  ASSAY_ASSIGN_OR_RETURN(const Graph batched, Rebatch(source.graph, batch));
  Device* const device = source.setup.device.get();
  DeviceParameters parameters(device);
  std::unique_ptr<Session> session;
  if (lowered) {
    ASSAY_ASSIGN_OR_RETURN(const LoweredNetwork plan,
                           LowerForInference(batched, source.parameters));
    ASSAY_ASSIGN_OR_RETURN(session, Session::Make(device, plan.graph, nullptr));
  } else {
    ASSAY_RETURN_IF_ERROR(parameters.Load(source.parameters));
    ASSAY_ASSIGN_OR_RETURN(session,
                           Session::Make(device, batched, &parameters));
  }
  const std::unique_ptr<BatchSource> batches = task.EvaluationBatches(
      Split::kTest, batch, Scoring::kFull, FirstSamples(task, count));
  Rows inputs, logits, labels;
  for (int64_t k = 0; k < batches->batch_count() && inputs.rows() < count;
       ++k) {
    ASSAY_ASSIGN_OR_RETURN(const Batch made, batches->Make(k));
    const int64_t rows = std::min(made.samples, count - inputs.rows());
    for (const auto& [name, value] : made.feeds) {
      const bool is_input = name == task.input();
      (is_input ? inputs : labels).Append(value, rows);
      if (is_input) ASSAY_RETURN_IF_ERROR(session->Feed(name, value));
    }
    ASSAY_RETURN_IF_ERROR(session->Run());
    ASSAY_ASSIGN_OR_RETURN(const Tensor scores, session->Fetch("logits"));
    logits.Append(scores, rows);
  }
  ASSAY_RETURN_IF_ERROR(inputs.Write(JoinPath(folder, "inputs.npy")));
  ASSAY_RETURN_IF_ERROR(logits.Write(JoinPath(folder, "logits.npy")));
  return labels.Write(JoinPath(folder, "labels.npy"));
}

}  // namespace assay
