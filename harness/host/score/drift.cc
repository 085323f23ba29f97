#include "harness/host/score/drift.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "harness/backend/session.h"
#include "harness/core/status_macros.h"
#include "harness/host/score/difference.h"
#include "harness/host/score/materialisation.h"
#include "harness/host/score/plan.h"
#include "harness/report/check.h"

namespace assay {
namespace {

// Rows first, first + 1, ... of `all`, as many as `count`, going round at
// `rows`.
Tensor TakeRows(const Tensor& all, int64_t first, int64_t count, int64_t rows) {
  Shape shape = all.shape();
  shape[0] = count;
  Tensor taken(all.dtype(), shape);
  const int64_t width = all.bytes() / all.dim(0);
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(
        static_cast<char*>(taken.raw()) + i * width,
        static_cast<const char*>(all.raw()) + (first + i) % rows * width,
        static_cast<size_t>(width));
  }
  return taken;
}

size_t ArgMax(absl::Span<const float> row) {
  return static_cast<size_t>(std::max_element(row.begin(), row.end()) -
                             row.begin());
}

// The answers to the first `rows` of `first`, in plans of `batch`.
absl::StatusOr<Tensor> PlanLogits(const Graph& graph,
                                  const ParameterStore& parameters,
                                  const Batch& first, int64_t rows,
                                  Device* device, int64_t batch) {
  const int64_t full = first.feeds[0].second.dim(0);
  ASSAY_ASSIGN_OR_RETURN(
      const Plan plan,
      MakePlan(graph, parameters, IsQuantized(graph) ? "int8" : "f32", batch));
  DeviceParameters none(device);
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                         Session::Make(device, plan.graph, &none));
  Tensor all;
  for (int64_t begin = 0; begin < rows; begin += batch) {
    for (const auto& [name, value] : first.feeds) {
      if (plan.graph.FindValue(name) == kNoValue) continue;  // labels
      ASSAY_RETURN_IF_ERROR(session->Feed(
          name, batch == full ? value : TakeRows(value, begin, batch, full)));
    }
    ASSAY_RETURN_IF_ERROR(session->Run());
    ASSAY_ASSIGN_OR_RETURN(const Tensor logits, session->Fetch("logits"));
    const Tensor part = logits.Cast(DType::kF32);
    if (begin == 0) {
      Shape shape = part.shape();
      shape[0] = (rows + batch - 1) / batch * batch;
      all = Tensor(DType::kF32, shape);
    }
    std::memcpy(
        static_cast<char*>(all.raw()) + begin * (part.bytes() / part.dim(0)),
        part.raw(), static_cast<size_t>(part.bytes()));
  }
  return all;
}

class DriftMeter {
 public:
  using Answer = std::function<absl::StatusOr<Tensor>(
      const Batch& first, int64_t rows, Device* device, int64_t batch)>;

  DriftMeter(std::string precision, const Batch& batch, Answer answer)
      : batch_(batch),
        precision_(std::move(precision)),
        answer_(std::move(answer)),
        full_(batch.feeds.empty() ? 0 : batch.feeds[0].second.dim(0)),
        rows_(std::min(batch.samples, kDriftRows)) {}

  int64_t full() const { return full_; }
  int64_t rows() const { return rows_; }

  absl::StatusOr<Tensor> Logits(Device* device, int64_t batch) {
    return answer_(batch_, rows_, device, batch);
  }

  absl::StatusOr<DriftRecord> Compare(const Tensor& reference,
                                      const TimedDevice& device, bool own,
                                      int64_t batch) {
    DriftRecord record;
    record.set_precision(precision_);
    record.set_batch(static_cast<uint64_t>(batch));
    record.set_against_batch(static_cast<uint64_t>(full_));
    if (!own) record.set_backend(device.backend);
    const auto logits = Logits(device.device, batch);
    if (absl::IsUnimplemented(logits.status())) {
      *record.mutable_availability() = MakeAvailability(
          Availability::UNAVAILABLE, logits.status().message());
      return record;
    }
    ASSAY_RETURN_IF_ERROR(logits.status());
    *record.mutable_availability() = MakeAvailability(Availability::MEASURED);
    CompareLogits(reference, *logits, rows_, &record);
    return record;
  }

 private:
  const Batch& batch_;
  const std::string precision_;
  const Answer answer_;
  const int64_t full_, rows_;
};

}  // namespace

void CompareLogits(const Tensor& reference, const Tensor& other, int64_t rows,
                   DriftRecord* record) {
  const int64_t classes = reference.dim(reference.rank() - 1);
  const int64_t count = reference.size() / reference.dim(0) * rows;
  const absl::Span<const float> a = reference.span<float>();
  const absl::Span<const float> b = other.span<float>();
  double largest = 0.0, sum = 0.0, scale = 0.0;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    const double difference = Apart(double{a[i]}, double{b[i]});
    largest = std::max(largest, difference);
    sum += difference;
    if (std::isfinite(a[i])) scale = std::max(scale, std::abs(double{a[i]}));
  }
  uint64_t changed = 0;
  for (int64_t at = 0; at < count; at += classes) {
    const size_t begin = static_cast<size_t>(at);
    const size_t width = static_cast<size_t>(classes);
    changed +=
        ArgMax(a.subspan(begin, width)) != ArgMax(b.subspan(begin, width)) ? 1
                                                                           : 0;
  }
  record->set_items(static_cast<uint64_t>(count / classes));
  record->set_logits(static_cast<uint64_t>(count));
  record->set_max_difference(largest);
  record->set_mean_difference(
      count > 0 ? std::min(largest, sum / static_cast<double>(count)) : 0.0);
  record->set_largest_logit(scale);
  record->set_answers_changed(changed);
}

namespace {

absl::StatusOr<std::vector<DriftRecord>> Measure(
    const Task& task, absl::Span<const TimedDevice> devices,
    absl::Span<const int32_t> batches, const std::string& precision,
    DriftMeter::Answer answer) {
  ASSAY_ASSIGN_OR_RETURN(
      const Batch batch,
      task.EvaluationBatches(Split::kTest, task.spec().evaluation_batch)
          ->Make(0));
  DriftMeter meter(precision, batch, std::move(answer));
  std::vector<DriftRecord> records;
  if (meter.rows() == 0) return records;
  ASSAY_ASSIGN_OR_RETURN(const Tensor reference,
                         meter.Logits(devices[0].device, meter.full()));
  std::set<int64_t> others(batches.begin(), batches.end());
  others.insert(1);
  others.erase(meter.full());
  for (const int64_t other : others) {
    ASSAY_ASSIGN_OR_RETURN(records.emplace_back(),
                           meter.Compare(reference, devices[0], true, other));
  }
  for (const TimedDevice& device : devices.subspan(1)) {
    ASSAY_ASSIGN_OR_RETURN(
        records.emplace_back(),
        meter.Compare(reference, device, false, meter.full()));
  }
  return records;
}

}  // namespace

absl::StatusOr<std::vector<DriftRecord>> MeasureDrift(
    const Task& task, absl::Span<const TimedDevice> devices,
    absl::Span<const int32_t> batches, const Graph& graph,
    const ParameterStore& parameters) {
  return Measure(
      task, devices, batches, IsQuantized(graph) ? "int8" : "f32",
      [&](const Batch& first, int64_t rows, Device* device, int64_t batch) {
        return PlanLogits(graph, parameters, first, rows, device, batch);
      });
}

absl::StatusOr<std::vector<DriftRecord>> MeasureDrift(
    const Task& task, absl::Span<const TimedDevice> devices,
    absl::Span<const int32_t> batches, const Flow& flow) {
  return Measure(
      task, devices, batches, flow.precision(),
      [&](const Batch& first, int64_t rows, Device* device, int64_t batch) {
        return FlowLogits(device, flow, first, rows, batch);
      });
}

}  // namespace assay
