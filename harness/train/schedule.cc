#include "harness/train/schedule.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace assay {
namespace {

// From `a` at t = 0 to `b` at t = 1 along half a cosine.
double HalfCosine(double a, double b, double t) {
  return b + (a - b) * 0.5 * (1 + std::cos(std::acos(-1.0) * t));
}

// Progress after the warm-up, in [0, 1].
double Progressed(const Schedule& schedule, int64_t step) {
  const int64_t span = schedule.steps - 1 - schedule.warmup;
  if (span <= 0) return 1;
  return std::min(1.0, static_cast<double>(step - schedule.warmup) /
                           static_cast<double>(span));
}

double WarmUp(const Schedule& schedule, int64_t step) {
  const double t =
      static_cast<double>(step + 1) / static_cast<double>(schedule.warmup);
  if (schedule.kind == Schedule::Kind::kOneCycle) {
    return HalfCosine(schedule.initial * schedule.peak, schedule.peak, t);
  }
  return schedule.peak * t;
}

}  // namespace

std::string Schedule::ToString() const {
  const auto decaying = [this](const char* name) {
    return absl::StrCat(name, " from ", peak, " to ", floor * peak, " in ",
                        steps, " steps");
  };
  std::string text;
  switch (kind) {
    case Kind::kConstant:
      text = absl::StrCat("constant ", peak);
      break;
    case Kind::kCosine:
      text = decaying("cosine");
      break;
    case Kind::kLinear:
      text = decaying("linear");
      break;
    case Kind::kOneCycle:
      text =
          absl::StrCat(decaying("one-cycle"), " starting at ", initial * peak);
      break;
    case Kind::kStep:
      text = absl::StrCat("step ", peak, " times ", decay, " every ", period);
      break;
    case Kind::kMultiStep:
      text = absl::StrCat("step ", peak, " times ", decay, " at ",
                          absl::StrJoin(milestones, ","));
      break;
  }
  return warmup > 0 ? absl::StrCat(text, " after ", warmup, " of warm-up")
                    : text;
}

absl::Status Check(const Schedule& schedule) {
  const auto bad = [&](absl::string_view expected) {
    return absl::InvalidArgumentError(absl::StrCat(
        "schedule: expected ", expected, ", got ", schedule.ToString()));
  };
  if (!std::isfinite(schedule.peak) || schedule.peak <= 0) {
    return bad("a finite positive peak");
  }
  if (schedule.steps < 1) return bad("at least 1 step");
  if (schedule.warmup < 0) return bad("a warm-up of at least 0 steps");
  if (schedule.period < 1) return bad("a period of at least 1 step");
  if (!std::is_sorted(schedule.milestones.begin(), schedule.milestones.end())) {
    return bad("ascending milestones");
  }
  return absl::OkStatus();
}

double LearningRate(const Schedule& schedule, int64_t step) {
  if (step < schedule.warmup) return WarmUp(schedule, step);
  const double peak = schedule.peak;
  const double low = schedule.floor * peak;
  switch (schedule.kind) {
    case Schedule::Kind::kConstant:
      return peak;
    case Schedule::Kind::kCosine:
    case Schedule::Kind::kOneCycle:
      return HalfCosine(peak, low, Progressed(schedule, step));
    case Schedule::Kind::kLinear:
      return peak + (low - peak) * Progressed(schedule, step);
    case Schedule::Kind::kStep:
      return peak * std::pow(schedule.decay,
                             static_cast<double>(step / schedule.period));
    case Schedule::Kind::kMultiStep:
      return peak *
             std::pow(schedule.decay,
                      static_cast<double>(
                          std::upper_bound(schedule.milestones.begin(),
                                           schedule.milestones.end(), step) -
                          schedule.milestones.begin()));
  }
  return peak;
}

}  // namespace assay
