#include "harness/host/user_network.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "datasets/dataset.h"
#include "harness/core/dtype.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/graph/structural_hash.h"
#include "harness/models/network_file.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/ops/ops.h"
#include "harness/tasks/fit_network.h"
#include "harness/train/checkpoint.h"

namespace assay {
namespace {

absl::Status At(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(path, ": ", status.message()));
}

// Numbers between commas under `key`, where the file has them.
absl::Status ReadNumbers(const UserNetwork& network, const char* key,
                         google::protobuf::RepeatedField<float>* numbers) {
  const auto found = network.metadata.find(key);
  if (found == network.metadata.end() || !numbers->empty()) {
    return absl::OkStatus();
  }
  for (const absl::string_view word : absl::StrSplit(found->second, ',')) {
    float number = 0;
    if (!absl::SimpleAtof(word, &number)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "metadata ", key, ": expected numbers, got '", found->second, "'"));
    }
    numbers->Add(number);
  }
  return absl::OkStatus();
}

// One value for all channels, or one per channel.
absl::Status CheckStandardisation(const NetworkSpec& spec,
                                  const DatasetSpec& data) {
  if (spec.mean().empty() && spec.stddev().empty()) return absl::OkStatus();
  if (data.dtype != DType::kF32) {
    return absl::InvalidArgumentError(absl::StrCat(
        "mean and stddev do not fit the task: ", data.name, " is of tokens"));
  }
  const auto channels = static_cast<int>(data.sample_shape[0]);
  const int count = spec.mean_size();
  if (count != spec.stddev_size() || (count != 1 && count != channels)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "mean and stddev do not fit the task: expected 1 or ", channels,
        " values of each, as ", data.name, " has channels, got ", count,
        " and ", spec.stddev_size()));
  }
  for (const float stddev : spec.stddev()) {
    if (!(stddev > 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("stddev: expected numbers above 0, got ", stddev));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<UserNetwork> ReadUserNetwork(const std::string& path) {
  ASSAY_ASSIGN_OR_RETURN(const OnnxModel model, ReadNetworkFile(path));
  auto imported = ImportOnnx(model, OnnxImportOptions(), StandardOps());
  if (!imported.ok()) return At(path, imported.status());
  const std::string sha256 =
      Sha256Hex(absl::StrCat(StructuralHash(imported->graph),
                             SerializeCheckpoint({imported->parameters, {}})));
  return UserNetwork{std::move(imported->graph),
                     std::move(imported->parameters), sha256, model.metadata};
}

absl::Status CompleteNetworkSpec(const UserNetwork& network,
                                 NetworkSpec* spec) {
  spec->set_sha256(network.sha256);
  if (spec->mean().empty() && spec->stddev().empty()) {
    ASSAY_RETURN_IF_ERROR(
        ReadNumbers(network, "assay.mean", spec->mutable_mean()));
    ASSAY_RETURN_IF_ERROR(
        ReadNumbers(network, "assay.stddev", spec->mutable_stddev()));
  }
  const auto classes = network.metadata.find("assay.classes");
  if (classes != network.metadata.end() && spec->labels().empty()) {
    for (const absl::string_view label : absl::StrSplit(classes->second, ',')) {
      spec->add_labels(std::string(label));
    }
  }
  return absl::OkStatus();
}

absl::Status BringUserNetwork(const RunSpec& spec, Task* task) {
  const std::string& path = spec.network_path();
  if (path.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the run has a network of the user's, content ",
        spec.network().sha256(),
        ", and nothing says where it lies: the run's command has its file"));
  }
  ASSAY_RETURN_IF_ERROR(
      CheckStandardisation(spec.network(), task->dataset().spec()));
  ASSAY_ASSIGN_OR_RETURN(UserNetwork network, ReadUserNetwork(path));
  if (network.sha256 != spec.network().sha256()) {
    return absl::DataLossError(
        absl::StrCat(path, ": the network has changed: expected the content ",
                     spec.network().sha256(), ", got ", network.sha256));
  }
  FitOptions options;
  options.channels_last = spec.network().channels_last();
  options.output = spec.network().output();
  options.labels.assign(spec.network().labels().begin(),
                        spec.network().labels().end());
  auto fitted = FitNetwork(task->dataset().spec(), task->input(), network.graph,
                           network.parameters, options);
  if (!fitted.ok()) return At(path, fitted.status());
  task->Bring(absl::StrCat("onnx ", network.sha256), *std::move(fitted));
  return absl::OkStatus();
}

}  // namespace assay
