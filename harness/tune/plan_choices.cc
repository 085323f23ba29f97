#include "harness/tune/plan_choices.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace assay {
namespace {

// One way to make a plan; the first of a name is the rules'.
struct Row {
  const char* name;
  const char* value;
  void (*apply)(LoweringOptions* options);
};

void AsRuled(LoweringOptions*) {}

constexpr Row kRows[] = {
    {"sparse", "rule", AsRuled},
    {"sparse", "none", [](LoweringOptions* o) { o->sparse_density = 0; }},
    {"sparse", "all", [](LoweringOptions* o) { o->sparse_density = 1; }},
    {"attention", "kernel", AsRuled},
    {"attention", "products",
     [](LoweringOptions* o) { o->fuse_attention = false; }},
    {"group_weights", "packed", AsRuled},
    {"group_weights", "wide",
     [](LoweringOptions* o) { o->group_weights = false; }},
    {"low_rank", "rule", AsRuled},
    {"low_rank", "kept", [](LoweringOptions* o) { o->fold_low_rank = false; }},
    {"fuse", "on", AsRuled},
    {"fuse", "off", [](LoweringOptions* o) { o->fuse = false; }},
};

}  // namespace

std::vector<Alternative> PlanAlternatives(const PlanSettings& settings) {
  std::vector<Alternative> alternatives = {{"threads", {}}};
  for (int threads = settings.threads; threads >= 1; threads /= 2) {
    alternatives[0].values.push_back(absl::StrCat(threads));
  }
  for (const Row& row : kRows) {
    if (alternatives.back().name != row.name) {
      alternatives.push_back({row.name, {}});
    }
    alternatives.back().values.push_back(row.value);
  }
  return alternatives;
}

absl::StatusOr<PlanSettings> WithChoices(const PlanSettings& settings,
                                         const Choices& choices) {
  const std::vector<Alternative> alternatives = PlanAlternatives(settings);
  for (const Alternative& a : alternatives) {
    const auto found = choices.find(a.name);
    if (found != choices.end() &&
        std::count(a.values.begin(), a.values.end(), found->second) > 0) {
      continue;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "plan: expected '", a.name, "' to be one of ",
        absl::StrJoin(a.values, ", "), ", got ",
        found == choices.end() ? "none" : "'" + found->second + "'"));
  }
  if (choices.size() != alternatives.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("plan: expected choices of ", alternatives.size(),
                     " alternatives, got ", choices.size()));
  }
  PlanSettings chosen = settings;
  if (!absl::SimpleAtoi(choices.at("threads"), &chosen.threads)) {
    return absl::InternalError("plan: threads are no number");
  }
  for (const Row& row : kRows) {
    if (choices.at(row.name) == row.value) row.apply(&chosen.lowering);
  }
  return chosen;
}

}  // namespace assay
