#include "harness/peers/peer_programs.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/models/init.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/onnx/proto/read_model.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"
#include "harness/train/step.h"

namespace assay {
namespace {

absl::Status CheckPrecision(const std::string& precision) {
  if (precision == "f32" || precision == "bf16") return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "expected the precision f32 or bf16, got '", precision, "'"));
}

// Images N(0, 1), tokens and labels below 10, step 1.
Tensor Drawn(const Value& value) {
  RandomStream stream(1, value.name);
  Tensor t = Tensor::Zeros(value.type.dtype, value.type.shape);
  if (t.dtype() == DType::kF32 && t.rank() > 0) {
    stream.FillNormal(t.span<float>(), 0, 1);
  } else if (t.dtype() == DType::kF32) {
    t.data<float>()[0] = 1e-3f;
  } else if (t.dtype() == DType::kS32) {
    for (int32_t& x : t.span<int32_t>()) {
      x = static_cast<int32_t>(stream.Below(10));
    }
  } else if (t.dtype() == DType::kS64) {
    for (int64_t& x : t.span<int64_t>()) x = 1;
  }
  return t;
}

absl::Status FeedDrawn(Session& session) {
  for (const ValueId input : session.graph().inputs()) {
    const Value& value = session.graph().value(input);
    ASSAY_RETURN_IF_ERROR(session.Feed(value.name, Drawn(value)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PeerProgram> MakePlan(Device* device, const std::string& path,
                                     int64_t batch,
                                     const std::string& precision,
                                     int threads) {
  ASSAY_RETURN_IF_ERROR(CheckPrecision(precision));
  ASSAY_ASSIGN_OR_RETURN(const OnnxModel model, ReadOnnxModel(path));
  OnnxImportOptions import;
  import.batch = batch;
  ASSAY_ASSIGN_OR_RETURN(const OnnxNetwork network,
                         ImportOnnx(model, import, StandardOps()));
  LoweringOptions lowering;
  if (precision == "bf16") lowering.precision = FloatPrecision::kBf16;
  ASSAY_ASSIGN_OR_RETURN(
      LoweredNetwork lowered,
      LowerForInference(network.graph, network.parameters, lowering));
  PeerProgram program;
  program.left_in_float = std::move(lowered.left_in_float);
  ASSAY_ASSIGN_OR_RETURN(
      program.session,
      Session::Make(device, lowered.graph, nullptr, {.threads = threads}));
  ASSAY_RETURN_IF_ERROR(FeedDrawn(*program.session));
  return program;
}

absl::StatusOr<PeerProgram> MakeTrainingStep(
    Device* device, const std::string& network, int64_t batch,
    const std::string& optimizer, const std::string& precision, int threads) {
  ASSAY_RETURN_IF_ERROR(CheckPrecision(precision));
  StepOptions options;
  options.bf16 = precision == "bf16";
  if (optimizer == "adamw") {
    options.optimizer.kind = OptimizerOptions::Kind::kAdamW;
  } else if (optimizer != "sgd") {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected the optimizer sgd or adamw, got '", optimizer, "'"));
  }
  ReferenceGraphOptions reference;
  reference.batch = batch;
  ASSAY_ASSIGN_OR_RETURN(
      const ReferenceGraph made,
      BuildReferenceGraph(network, StandardOps(), reference));
  ASSAY_ASSIGN_OR_RETURN(const Graph step, BuildStep(made.graph, options));
  PeerProgram program;
  program.parameters = std::make_unique<DeviceParameters>(device);
  {
    ASSAY_ASSIGN_OR_RETURN(const ParameterStore store,
                           Initialise(made.graph, made.initialisers, 1));
    ASSAY_RETURN_IF_ERROR(program.parameters->Load(store));
  }
  for (const ValueId p : step.parameters()) {
    const Value& value = step.value(p);
    if (program.parameters->Find(value.name) != nullptr) continue;
    ASSAY_RETURN_IF_ERROR(program.parameters->Set(  // the optimizer's state
        value.name, Tensor::Zeros(value.type.dtype, value.type.shape)));
  }
  ASSAY_ASSIGN_OR_RETURN(program.session,
                         Session::Make(device, step, program.parameters.get(),
                                       {.threads = threads}));
  ASSAY_RETURN_IF_ERROR(FeedDrawn(*program.session));
  return program;
}

}  // namespace assay
