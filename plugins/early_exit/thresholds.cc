#include "plugins/early_exit/thresholds.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

namespace assay::early_exit {
namespace {

constexpr size_t kMostCandidates = 256;
constexpr int kMostRounds = 16;

using Better = std::function<bool(const Outcome&, const Outcome&)>;

// Between neighbouring confidences, so that rounding turns no decision; evenly
// over the samples where there are many; and nobody, and everybody.
std::vector<double> Candidates(std::vector<double> confidences) {
  std::sort(confidences.begin(), confidences.end());
  const size_t n = confidences.size();
  const size_t stride = std::max<size_t>(1, n / kMostCandidates);
  std::vector<double> candidates = {kNever, confidences.front()};
  for (size_t i = stride; i < n; i += stride) {
    const double low = confidences[i - 1], high = confidences[i];
    if (low < high) candidates.push_back(low + (high - low) / 2);
  }
  return candidates;
}

// One threshold for all, then each in turn as long as that is better.
std::vector<double> Search(const Answers& answers, const Better& better) {
  std::vector<double> best(answers.exits(), kNever);
  Outcome reached = Follow(answers, best);
  const auto consider = [&](std::vector<double> thresholds) {
    Outcome outcome = Follow(answers, thresholds);
    if (!better(outcome, reached)) return false;
    best = std::move(thresholds);
    reached = std::move(outcome);
    return true;
  };
  std::vector<double> all;
  for (const std::vector<double>& of_exit : answers.confidence) {
    all.insert(all.end(), of_exit.begin(), of_exit.end());
  }
  for (const double candidate : Candidates(std::move(all))) {
    consider(std::vector<double>(answers.exits(), candidate));
  }
  bool moved = true;
  for (int round = 0; moved && round < kMostRounds; ++round) {
    moved = false;
    for (size_t e = 0; e < answers.exits(); ++e) {
      for (const double candidate : Candidates(answers.confidence[e])) {
        std::vector<double> thresholds = best;
        thresholds[e] = candidate;
        moved = consider(std::move(thresholds)) || moved;
      }
    }
  }
  return best;
}

}  // namespace

Outcome Follow(const Answers& answers, const std::vector<double>& thresholds) {
  const size_t exits = answers.exits();
  std::vector<double> macs = answers.trunk_macs;
  double heads = 0;
  for (size_t e = 0; e < exits; ++e) {
    if (thresholds[e] != kNever) heads += answers.head_macs[e];
    macs[e] += heads;
  }
  macs[exits] += heads;
  std::vector<size_t> left(exits + 1, 0);
  size_t right = 0, changed = 0;
  for (size_t i = 0; i < answers.samples(); ++i) {
    size_t e = 0;
    while (e < exits && answers.confidence[e][i] < thresholds[e]) ++e;
    ++left[e];
    right += answers.right[e][i];
    changed += answers.right[e][i] != answers.right[exits][i] ? 1 : 0;
  }
  const auto samples = static_cast<double>(answers.samples());
  Outcome outcome;
  outcome.accuracy = static_cast<double>(right) / samples;
  outcome.deviation = std::sqrt(static_cast<double>(changed)) / samples;
  for (size_t e = 0; e <= exits; ++e) {
    outcome.shares.push_back(static_cast<double>(left[e]) / samples);
    outcome.macs += outcome.shares.back() * macs[e];
  }
  return outcome;
}

std::vector<double> ThresholdsForAccuracy(const Answers& answers,
                                          double accuracy, double caution) {
  const auto sure = [caution](const Outcome& outcome) {
    return outcome.accuracy - caution * outcome.deviation;
  };
  return Search(answers, [=](const Outcome& a, const Outcome& b) {
    const bool a_meets = sure(a) >= accuracy, b_meets = sure(b) >= accuracy;
    if (a_meets != b_meets) return a_meets;
    return a_meets ? a.macs < b.macs : sure(a) > sure(b);
  });
}

std::vector<double> ThresholdsForMacs(const Answers& answers, double macs) {
  return Search(answers, [macs](const Outcome& a, const Outcome& b) {
    const bool a_meets = a.macs <= macs, b_meets = b.macs <= macs;
    if (a_meets != b_meets) return a_meets;
    if (!a_meets) return a.macs < b.macs;
    return a.accuracy != b.accuracy ? a.accuracy > b.accuracy : a.macs < b.macs;
  });
}

}  // namespace assay::early_exit
