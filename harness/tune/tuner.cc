#include "harness/tune/tuner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

class Search {
 public:
  Search(VariantMaker& maker, Clock& clock, const TuneLimits& limits)
      : maker_(maker),
        clock_(clock),
        limits_(limits),
        start_ns_(clock.NowNs()) {}

  absl::Status Begin(absl::Span<const Alternative> alternatives) {
    result_.choices = RulesOf(alternatives);
    ASSAY_ASSIGN_OR_RETURN(best_, maker_.Make(result_.choices));
    ASSAY_RETURN_IF_ERROR(best_->Prepare());
    return best_->Run();
  }

  absl::Status Try(const std::string& name, const std::string& value) {
    if (TimeIsUp()) {
      result_.unmeasured.push_back(absl::StrCat(name, "=", value));
      return absl::OkStatus();
    }
    Choices choices = result_.choices;
    choices[name] = value;
    auto made = maker_.Make(choices);
    if (absl::IsUnimplemented(made.status())) return absl::OkStatus();
    ASSAY_RETURN_IF_ERROR(made.status());
    std::unique_ptr<TunedVariant> variant = *std::move(made);
    if (variant->Key() == best_->Key()) return absl::OkStatus();
    const absl::Status prepared = variant->Prepare();
    if (absl::IsUnimplemented(prepared)) return absl::OkStatus();
    ASSAY_RETURN_IF_ERROR(prepared);
    ASSAY_ASSIGN_OR_RETURN(const double ratio, Compare(*variant));
    ++result_.comparisons;
    if (ratio > 1 - limits_.least_gain) return absl::OkStatus();
    result_.choices = std::move(choices);
    best_ = std::move(variant);
    return absl::OkStatus();
  }

  TuneResult Take() {
    result_.seconds = Elapsed();
    return std::move(result_);
  }

 private:
  double Elapsed() const {
    return static_cast<double>(clock_.NowNs() - start_ns_) * 1e-9;
  }
  bool TimeIsUp() const { return Elapsed() >= limits_.seconds; }

  absl::StatusOr<double> Seconds(TunedVariant& variant, int64_t runs) {
    const int64_t start = clock_.NowNs();
    for (int64_t i = 0; i < runs; ++i) ASSAY_RETURN_IF_ERROR(variant.Run());
    return static_cast<double>(clock_.NowNs() - start) * 1e-9;
  }

  // The challenger's time over the best one's. The first runs, which warm both
  // up, say how many make a round.
  absl::StatusOr<double> Compare(TunedVariant& challenger) {
    ASSAY_RETURN_IF_ERROR(challenger.Run());
    ASSAY_ASSIGN_OR_RETURN(const double once, Seconds(*best_, 1));
    const int64_t runs = std::max<int64_t>(
        1, static_cast<int64_t>(limits_.least_round / std::max(once, 1e-9)));
    std::vector<double> ratios;
    while (static_cast<int64_t>(ratios.size()) < limits_.rounds) {
      // Whoever is first changes from round to round.
      const bool challenger_first = ratios.size() % 2 == 0;
      TunedVariant& first = challenger_first ? challenger : *best_;
      TunedVariant& second = challenger_first ? *best_ : challenger;
      ASSAY_ASSIGN_OR_RETURN(const double a, Seconds(first, runs));
      ASSAY_ASSIGN_OR_RETURN(const double b, Seconds(second, runs));
      ratios.push_back(challenger_first ? a / std::max(b, 1e-12)
                                        : b / std::max(a, 1e-12));
      if (TimeIsUp()) break;
    }
    // Too few rounds decide nothing.
    if (ratios.size() < 3) return 1.0;
    auto middle = ratios.begin() + static_cast<ptrdiff_t>(ratios.size() / 2);
    std::nth_element(ratios.begin(), middle, ratios.end());
    return *middle;
  }

  VariantMaker& maker_;
  Clock& clock_;
  const TuneLimits limits_;
  const int64_t start_ns_;
  std::unique_ptr<TunedVariant> best_;
  TuneResult result_;
};

}  // namespace

Choices RulesOf(absl::Span<const Alternative> alternatives) {
  Choices choices;
  for (const Alternative& a : alternatives) choices[a.name] = a.values[0];
  return choices;
}

absl::StatusOr<TuneResult> Tune(absl::Span<const Alternative> alternatives,
                                VariantMaker& maker, Clock& clock,
                                const TuneLimits& limits) {
  Search search(maker, clock, limits);
  ASSAY_RETURN_IF_ERROR(search.Begin(alternatives));
  for (const Alternative& alternative : alternatives) {
    for (size_t i = 1; i < alternative.values.size(); ++i) {
      ASSAY_RETURN_IF_ERROR(
          search.Try(alternative.name, alternative.values[i]));
    }
  }
  return search.Take();
}

}  // namespace assay
