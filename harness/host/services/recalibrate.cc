#include "harness/host/services/recalibrate.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/backend/session.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/prune_dead.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/rewrites/training.h"

namespace assay {
namespace {

// The network as far as its statistics: after a run they are the batch's own.
absl::StatusOr<Graph> StatisticsGraph(const Graph& network, int64_t batch) {
  ASSAY_ASSIGN_OR_RETURN(Graph graph, Rebatch(network, batch));
  TrainingOptions options;
  options.momentum = 1;
  options.dropout = false;
  ASSAY_ASSIGN_OR_RETURN(graph, ToTraining(graph, options));
  graph.ClearOutputs();
  return PruneDead(graph);
}

void Accumulate(const Tensor& value, std::vector<double>* sum) {
  sum->resize(static_cast<size_t>(value.size()), 0);
  for (size_t i = 0; i < sum->size(); ++i) {
    (*sum)[i] += static_cast<double>(value.data<float>()[i]);
  }
}

Tensor Mean(const TensorType& type, const std::vector<double>& sum,
            int64_t batches) {
  Tensor mean(type.dtype, type.shape);
  for (size_t i = 0; i < sum.size(); ++i) {
    mean.data<float>()[i] =
        static_cast<float>(sum[i] / static_cast<double>(batches));
  }
  return mean;
}

}  // namespace

absl::StatusOr<ParameterStore> RecalibratedStatistics(
    Device* device, const Graph& network, const ParameterStore& parameters,
    BatchSource& source, int64_t batches) {
  if (batches < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("recalibrate: expected at least 1 batch, got ", batches));
  }
  ASSAY_ASSIGN_OR_RETURN(const Graph graph,
                         StatisticsGraph(network, source.batch_size()));
  ParameterStore result;
  if (graph.updates().empty()) return result;
  DeviceParameters on_device(device);
  ASSAY_RETURN_IF_ERROR(on_device.Load(parameters));
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                         Session::Make(device, graph, &on_device));
  std::map<std::string, std::vector<double>> sums;
  for (int64_t k = 0; k < batches; ++k) {
    ASSAY_ASSIGN_OR_RETURN(const Batch batch, source.Make(k));
    for (const auto& [name, value] : batch.feeds) {
      if (graph.FindValue(name) == kNoValue) continue;  // labels
      ASSAY_RETURN_IF_ERROR(session->Feed(name, value));
    }
    ASSAY_RETURN_IF_ERROR(session->Run());
    for (const Graph::Update& u : graph.updates()) {
      const std::string& name = graph.value(u.parameter).name;
      ASSAY_ASSIGN_OR_RETURN(const Tensor value, on_device.Get(name));
      Accumulate(value, &sums[name]);
    }
  }
  for (const Graph::Update& u : graph.updates()) {
    const Value& v = graph.value(u.parameter);
    result.Set(v.name, Mean(v.type, sums[v.name], batches));
  }
  return result;
}

}  // namespace assay
