#include "harness/report/record/quality_record.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/descriptive.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/report/check.h"
#include "harness/report/statistics/autocorrelation.h"
#include "harness/report/statistics/bootstrap.h"
#include "harness/report/statistics/proportion.h"
#include "harness/report/statistics/rank_tests.h"

namespace assay {
namespace {

constexpr size_t kFewestForBootstrap = 8;

QualityRecord Begin(size_t count, const QualityOptions& options) {
  QualityRecord record;
  record.set_split(options.split);
  record.set_metric(options.metric);
  record.set_precision(options.precision);
  record.set_direction(options.direction);
  record.set_unit(options.unit);
  record.set_batch(options.batch);
  record.set_count(count);
  record.mutable_items()->set_items_sha256(options.items_sha256);
  record.mutable_items()->set_count(count);
  *record.mutable_availability() =
      count > 0 ? MakeAvailability(Availability::MEASURED)
                : MakeAvailability(
                      Availability::UNAVAILABLE,
                      absl::StrCat("split ", options.split, " has no items"));
  return record;
}

std::string PackBits(const std::vector<bool>& bits) {
  std::string bytes((bits.size() + 7) / 8, '\0');
  for (size_t i = 0; i < bits.size(); ++i) {
    if (!bits[i]) continue;
    const int byte = static_cast<unsigned char>(bytes[i / 8]) | 1 << i % 8;
    bytes[i / 8] = static_cast<char>(byte);
  }
  return bytes;
}

void SetInterval(const Bounds& bounds, double confidence,
                 absl::string_view method, Interval* interval) {
  interval->set_low(bounds.low);
  interval->set_high(bounds.high);
  interval->set_confidence(confidence);
  interval->set_method(std::string(method));
}

void AddClasses(const std::vector<bool>& correct,
                absl::Span<const int64_t> labels,
                absl::Span<const std::string> names, double confidence,
                QualityRecord* record) {
  assert(labels.empty() || labels.size() == correct.size());
  std::vector<int64_t> right(names.size()), all(names.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    const size_t label = static_cast<size_t>(labels[i]);
    if (label >= names.size()) continue;
    ++all[label];
    right[label] += correct[i] ? 1 : 0;
  }
  for (size_t c = 0; c < names.size(); ++c) {
    ClassScore* score = record->add_classes();
    score->set_name(names[c]);
    score->set_count(static_cast<uint64_t>(all[c]));
    if (all[c] == 0) continue;
    score->set_value(static_cast<double>(right[c]) /
                     static_cast<double>(all[c]));
    SetInterval(WilsonInterval(right[c], all[c], confidence), confidence,
                "wilson", score->mutable_interval());
  }
}

// Weighted scores and weights side by side, resampled together: the bootstrap
// draws indices.
Bounds WeightedMeanInterval(absl::Span<const double> scores,
                            absl::Span<const double> weights,
                            const BootstrapOptions& options) {
  std::vector<double> index(scores.size());
  for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<double>(i);
  return BootstrapInterval(
      index,
      [&](absl::Span<const double> drawn) {
        double sum = 0.0, weight = 0.0;
        for (double d : drawn) {
          const size_t i = static_cast<size_t>(d);
          sum += weights[i] * scores[i];
          weight += weights[i];
        }
        return weight > 0.0 ? sum / weight : 0.0;
      },
      options);
}

absl::Status Unpaired(absl::string_view what, absl::string_view a,
                      absl::string_view b) {
  return absl::FailedPreconditionError(
      absl::StrCat("not paired: ", what, " \"", a, "\" and \"", b, "\""));
}

absl::Status CheckPair(const QualityRecord& a, const QualityRecord& b) {
  if (a.split() != b.split()) return Unpaired("splits", a.split(), b.split());
  if (a.metric() != b.metric()) {
    return Unpaired("metrics", a.metric(), b.metric());
  }
  if (a.items().items_sha256().empty() ||
      a.items().items_sha256() != b.items().items_sha256() ||
      a.items().count() != b.items().count()) {
    return Unpaired("items", a.items().items_sha256(),
                    b.items().items_sha256());
  }
  if (a.items().scores_case() != b.items().scores_case() ||
      a.items().scores_case() == ItemScores::SCORES_NOT_SET) {
    return absl::FailedPreconditionError("not paired: no scores per item");
  }
  return absl::OkStatus();
}

// Items are drawn with both networks' scores together. `block` items that
// follow one another stay together: 1 where they are independent, 0 where the
// series itself must tell.
void SetPairedBootstrap(absl::Span<const double> differences, int64_t block,
                        QualityComparison* result) {
  if (differences.size() < kFewestForBootstrap) return;
  BootstrapOptions options;
  options.block_length = block > 0 ? block : BlockLength(differences);
  Interval* interval = result->mutable_bootstrap_interval();
  SetInterval(BootstrapInterval(differences, Mean, options), options.confidence,
              "paired_bootstrap", interval);
  interval->set_resamples(static_cast<uint64_t>(options.resamples));
  interval->set_block_length(static_cast<uint64_t>(options.block_length));
  interval->set_seed(options.seed);
}

absl::Status CompareCorrect(const ItemScores& dense,
                            const ItemScores& candidate,
                            QualityComparison* result) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<bool> a, DecodeCorrect(dense));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<bool> b, DecodeCorrect(candidate));
  int64_t lost = 0, won = 0;
  std::vector<double> differences(a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    lost += a[i] && !b[i] ? 1 : 0;
    won += !a[i] && b[i] ? 1 : 0;
    differences[i] = static_cast<double>(b[i]) - static_cast<double>(a[i]);
  }
  SetPairedBootstrap(differences, 1, result);
  result->set_dense_right_candidate_wrong(static_cast<uint64_t>(lost));
  result->set_dense_wrong_candidate_right(static_cast<uint64_t>(won));
  result->set_p_value(McNemarExact(lost, won));
  result->set_test("mcnemar_exact");
  if (!a.empty()) {
    SetInterval(PairedDifferenceInterval(lost, won,
                                         static_cast<int64_t>(a.size()), 0.95),
                0.95, "agresti_min", result->mutable_interval());
  }
  return absl::OkStatus();
}

absl::Status CompareValues(const FloatScores& dense,
                           const FloatScores& candidate,
                           QualityComparison* result) {
  if (dense.value_size() != candidate.value_size()) {
    return absl::DataLossError(
        absl::StrCat("scores per item: ", dense.value_size(), " and ",
                     candidate.value_size()));
  }
  std::vector<double> differences;
  for (int i = 0; i < dense.value_size(); ++i) {
    differences.push_back(static_cast<double>(candidate.value(i)) -
                          static_cast<double>(dense.value(i)));
  }
  result->set_p_value(WilcoxonSignedRank(differences).p_value);
  result->set_test("wilcoxon_signed_rank");
  SetPairedBootstrap(differences, 0, result);
  if (result->has_bootstrap_interval()) {
    *result->mutable_interval() = result->bootstrap_interval();
  }
  return absl::OkStatus();
}

}  // namespace

QualityRecord MakeAccuracyRecord(const std::vector<bool>& correct,
                                 absl::Span<const int64_t> labels,
                                 absl::Span<const std::string> class_names,
                                 const QualityOptions& options) {
  QualityRecord record = Begin(correct.size(), options);
  const std::string bits = PackBits(correct);
  record.mutable_items()->set_scores_sha256(Sha256Hex(bits));
  record.mutable_items()->set_correct(bits);
  AddClasses(correct, labels, class_names, options.confidence, &record);
  if (correct.empty()) return record;
  const int64_t n = static_cast<int64_t>(correct.size());
  const int64_t right = std::count(correct.begin(), correct.end(), true);
  record.set_value(static_cast<double>(right) / static_cast<double>(n));
  SetInterval(WilsonInterval(right, n, options.confidence), options.confidence,
              "wilson", record.mutable_interval());
  return record;
}

QualityRecord MakeMeanRecord(absl::Span<const double> scores,
                             absl::Span<const double> weights,
                             const QualityOptions& options) {
  assert(weights.empty() || weights.size() == scores.size());
  QualityRecord record = Begin(scores.size(), options);
  FloatScores* values = record.mutable_items()->mutable_values();
  values->set_unit(options.unit);
  for (double score : scores) values->add_value(static_cast<float>(score));
  record.mutable_items()->set_scores_sha256(
      Sha256Hex(values->SerializeAsString()));
  if (scores.empty()) return record;
  const std::vector<double> equal(scores.size(), 1.0);
  if (weights.empty()) weights = equal;
  double sum = 0.0, weight = 0.0;
  for (size_t i = 0; i < scores.size(); ++i) {
    sum += weights[i] * scores[i];
    weight += weights[i];
  }
  record.set_value(weight > 0.0 ? sum / weight : 0.0);
  if (scores.size() < kFewestForBootstrap) return record;
  BootstrapOptions bootstrap;
  bootstrap.seed = options.seed;
  bootstrap.confidence = options.confidence;
  bootstrap.resamples = 1000;
  bootstrap.block_length = BlockLength(scores);
  Interval* interval = record.mutable_interval();
  SetInterval(WeightedMeanInterval(scores, weights, bootstrap),
              options.confidence, "block_bootstrap", interval);
  interval->set_resamples(static_cast<uint64_t>(bootstrap.resamples));
  interval->set_block_length(static_cast<uint64_t>(bootstrap.block_length));
  interval->set_seed(bootstrap.seed);
  return record;
}

absl::StatusOr<QualityComparison> CompareQuality(const QualityRecord& dense,
                                                 const QualityRecord& candidate,
                                                 uint64_t answers_changed) {
  ASSAY_RETURN_IF_ERROR(CheckPair(dense, candidate));
  QualityComparison result;
  result.set_split(candidate.split());
  result.set_metric(candidate.metric());
  result.set_precision(candidate.precision());
  *result.mutable_availability() = MakeAvailability(Availability::MEASURED);
  result.set_difference(candidate.value() - dense.value());
  result.set_count(candidate.count());
  result.set_answers_changed(answers_changed);
  if (dense.items().has_values()) {
    ASSAY_RETURN_IF_ERROR(CompareValues(dense.items().values(),
                                        candidate.items().values(), &result));
  } else {
    ASSAY_RETURN_IF_ERROR(
        CompareCorrect(dense.items(), candidate.items(), &result));
  }
  return result;
}

absl::StatusOr<std::vector<bool>> DecodeCorrect(const ItemScores& items) {
  const std::string& bytes = items.correct();
  if (items.count() > 8 * bytes.size() ||
      8 * bytes.size() >= items.count() + 8) {
    return absl::DataLossError(absl::StrCat("correctness of ", items.count(),
                                            " items in ", bytes.size(),
                                            " bytes"));
  }
  std::vector<bool> correct(items.count());
  for (size_t i = 0; i < correct.size(); ++i) {
    correct[i] = (static_cast<unsigned char>(bytes[i / 8]) >> i % 8 & 1) != 0;
  }
  return correct;
}

}  // namespace assay
