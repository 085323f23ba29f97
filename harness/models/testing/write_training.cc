// Writes what another framework needs to train Assay's networks from the same
// start, for tools/referee:
//
//   DIR/golden/NAME.safetensors   the runs of GoldenRuns()
//   DIR/zoo/NAME.safetensors      every network, or those named on the command
//                                 line, PlainAdamW()
//   DIR/zoo/NAME.onnx             the network as it starts
//
// A file holds the initial parameters under PyTorch's names, the tensors
// "input/NAME", "target/NAME" and "output/NAME" (of the network as it starts),
// and in its metadata the recipe and the losses on the cpu backend.
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/models/init.h"
#include "harness/models/onnx/export/export.h"
#include "harness/models/registry.h"
#include "harness/models/testing/small.h"
#include "harness/models/testing/training.h"
#include "harness/models/torch_names.h"
#include "harness/train/checkpoint.h"

namespace assay {
namespace {

constexpr int64_t kZooBatch = 4;

// Nine digits: every float reads back.
std::string Digits(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", value);
  return text;
}

void AddRecipe(const TrainingRecipe& recipe, Checkpoint* file) {
  const OptimizerOptions& o = recipe.optimizer;
  const bool sgd = o.kind == OptimizerOptions::Kind::kSgd;
  file->metadata["optimizer"] = sgd ? "sgd" : "adamw";
  file->metadata["momentum"] = Digits(o.momentum);
  file->metadata["nesterov"] = o.nesterov ? "1" : "0";
  file->metadata["weight_decay"] = Digits(o.weight_decay);
  file->metadata["learning_rate"] = Digits(recipe.learning_rate);
}

// The network's results as it starts, in inference form.
absl::Status AddOutputs(const ReferenceGraph& net, const ParameterStore& start,
                        const std::map<std::string, Tensor>& inputs,
                        Device* device, Checkpoint* file) {
  DeviceParameters parameters(device);
  ASSAY_RETURN_IF_ERROR(parameters.Load(start));
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                         Session::Make(device, net.graph, &parameters));
  for (const auto& [name, value] : inputs) {
    ASSAY_RETURN_IF_ERROR(session->Feed(name, value));
  }
  ASSAY_RETURN_IF_ERROR(session->Run());
  for (const Graph::Output& output : net.graph.outputs()) {
    ASSAY_ASSIGN_OR_RETURN(Tensor value, session->Fetch(output.name));
    file->parameters.Set("output/" + output.name, std::move(value));
  }
  return absl::OkStatus();
}

absl::Status Write(const std::string& path, const ReferenceGraph& net,
                   const TrainingRecipe& recipe, bool onnx) {
  const std::unique_ptr<Device> cpu = MakeCpuDevice();
  ASSAY_ASSIGN_OR_RETURN(const ParameterStore start,
                         Initialise(net.graph, net.initialisers, recipe.seed));
  std::map<std::string, Tensor> inputs = SampleInputs(net.graph, recipe.seed);
  Checkpoint file;
  file.metadata["network"] = net.graph.name();
  AddRecipe(recipe, &file);
  for (const auto& [name, value] : start.values()) {
    file.parameters.Set(TorchName(name), value);
  }
  ASSAY_RETURN_IF_ERROR(AddOutputs(net, start, inputs, cpu.get(), &file));
  for (const auto& [name, value] : inputs) {
    file.parameters.Set("input/" + name, value);
  }
  std::map<std::string, Tensor> targets;
  AddSampleTargets(net.graph, recipe.seed, &targets);
  for (const auto& [name, value] : targets) {
    file.parameters.Set("target/" + name, value);
  }
  ASSAY_ASSIGN_OR_RETURN(const TrainingResult result,
                         Train(net, cpu.get(), recipe));
  file.metadata["losses"] =
      absl::StrJoin(result.losses, " ", [](std::string* out, double loss) {
        absl::StrAppend(out, Digits(loss));
      });
  if (onnx) {
    ASSAY_RETURN_IF_ERROR(
        WriteOnnxFile(absl::StrCat(path, ".onnx"), net.graph, start));
  }
  return WriteCheckpoint(absl::StrCat(path, ".safetensors"), file);
}

// Of the zoo only `names`, unless empty.
absl::Status WriteAll(const std::string& folder,
                      const std::set<std::string>& names) {
  for (const char* part : {"golden", "zoo"}) {
    ASSAY_RETURN_IF_ERROR(MakeFolders(JoinPath(folder, part)));
  }
  for (const GoldenRun& run : GoldenRuns()) {
    ASSAY_ASSIGN_OR_RETURN(const ReferenceGraph net,
                           BuildSmall(run.network, kGoldenBatch));
    ASSAY_RETURN_IF_ERROR(
        Write(JoinPath(JoinPath(folder, "golden"), run.network), net,
              run.recipe, false));
  }
  for (const std::string& name : ReferenceGraphNames()) {
    if (!names.empty() && names.count(name) == 0) continue;
    ASSAY_ASSIGN_OR_RETURN(const ReferenceGraph net,
                           BuildForSteps(name, kZooBatch));
    ASSAY_RETURN_IF_ERROR(Write(JoinPath(JoinPath(folder, "zoo"), name), net,
                                PlainAdamW(), true));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: write_training DIR [NETWORK...]\n");
    return 2;
  }
  const absl::Status status = assay::WriteAll(argv[1], {argv + 2, argv + argc});
  if (status.ok()) return 0;
  std::fprintf(stderr, "write_training: %s\n",
               std::string(status.message()).c_str());
  return 3;
}
