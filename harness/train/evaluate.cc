#include "harness/train/evaluate.h"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/progress.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/train/loss.h"

namespace assay {
namespace {

const Tensor* FindFeed(const Batch& batch, absl::string_view name) {
  for (const auto& [feed, value] : batch.feeds) {
    if (feed == name) return &value;
  }
  return nullptr;
}

void Append(const Tensor& labels, const Tensor& losses,
            const Tensor& predictions, Scores* scores) {
  for (int64_t i = 0; i < labels.size(); ++i) {
    const int32_t label = labels.data<int32_t>()[i];
    if (label == kIgnoredLabel) continue;
    scores->labels.push_back(label);
    scores->predictions.push_back(predictions.data<int32_t>()[i]);
    scores->nats.push_back(losses.data<float>()[i]);
    scores->total_nats += losses.data<float>()[i];
  }
}

}  // namespace

int64_t Scores::correct() const {
  int64_t correct = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    correct += labels[i] == predictions[i];
  }
  return correct;
}

double Scores::accuracy() const {
  return labels.empty()
             ? 0
             : static_cast<double>(correct()) / static_cast<double>(count());
}

double Scores::mean_loss() const {
  return labels.empty() ? 0 : total_nats / static_cast<double>(count());
}

double Scores::bits_per_byte() const { return mean_loss() / std::log(2.0); }

double Scores::word_perplexity(int64_t words) const {
  return std::exp(total_nats / static_cast<double>(words));
}

std::vector<uint8_t> Scores::hits() const {
  std::vector<uint8_t> hits(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    hits[i] = labels[i] == predictions[i];
  }
  return hits;
}

std::vector<double> Scores::class_accuracy(int64_t classes) const {
  std::vector<int64_t> total(static_cast<size_t>(classes)), right = total;
  for (size_t i = 0; i < labels.size(); ++i) {
    const size_t label = static_cast<size_t>(labels[i]);
    if (label >= total.size()) continue;
    ++total[label];
    right[label] += labels[i] == predictions[i];
  }
  std::vector<double> accuracy(total.size(),
                               std::numeric_limits<double>::quiet_NaN());
  for (size_t i = 0; i < total.size(); ++i) {
    if (total[i] > 0) {
      accuracy[i] =
          static_cast<double>(right[i]) / static_cast<double>(total[i]);
    }
  }
  return accuracy;
}

absl::StatusOr<std::unique_ptr<Evaluator>> Evaluator::Make(
    Device* device, const Graph& network, int64_t batch,
    DeviceParameters* parameters) {
  ASSAY_ASSIGN_OR_RETURN(Graph graph, Rebatch(network, batch));
  ASSAY_RETURN_IF_ERROR(AttachScores(&graph));
  graph.set_name(absl::StrCat(network.name(), "/scores"));
  std::unique_ptr<Evaluator> evaluator(new Evaluator());
  ASSAY_ASSIGN_OR_RETURN(evaluator->session_,
                         Session::Make(device, graph, parameters));
  return evaluator;
}

absl::StatusOr<Scores> Evaluator::Run(BatchSource& source,
                                      const Options& options) {
  std::optional<Progress> progress;
  if (options.progress) {
    progress.emplace(options.label, source.batch_count(), "batches");
  }
  Scores scores;
  Prefetcher batches(&source, 0, source.batch_count());
  for (int64_t number = 0; number < source.batch_count(); ++number) {
    if (options.stop != nullptr && options.stop->load()) {
      return absl::CancelledError(absl::StrCat(options.label, ": stopped"));
    }
    ASSAY_ASSIGN_OR_RETURN(const Batch batch, batches.Next());
    const Tensor* labels = FindFeed(batch, "labels");
    if (labels == nullptr) {
      return absl::InvalidArgumentError("batch: expected a feed \"labels\"");
    }
    for (const auto& [name, value] : batch.feeds) {
      ASSAY_RETURN_IF_ERROR(session_->Feed(name, value));
    }
    ASSAY_RETURN_IF_ERROR(session_->Run());
    ASSAY_ASSIGN_OR_RETURN(const Tensor losses, session_->Fetch("row_loss"));
    ASSAY_ASSIGN_OR_RETURN(const Tensor predictions,
                           session_->Fetch("prediction"));
    Append(*labels, losses, predictions, &scores);
    if (progress.has_value()) progress->Update(number + 1);
  }
  return scores;
}

}  // namespace assay
