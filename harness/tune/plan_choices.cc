#include "harness/tune/plan_choices.h"

#include <algorithm>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace assay {
namespace {

// One way to make a plan; the first of a name is the rules'. At most one of the
// functions; neither: as ruled.
struct Row {
  const char* name;
  const char* value;
  void (*apply)(LoweringOptions* options);
  bool of_cpu = false;
  void (*apply_cpu)(CpuOptions* options) = nullptr;
};

constexpr auto AsRuled = nullptr;

constexpr Row OfCpu(const char* name, const char* value,
                    void (*apply)(CpuOptions*)) {
  return {name, value, nullptr, true, apply};
}

constexpr int64_t kWholeBatch = std::numeric_limits<int64_t>::max();

constexpr Row kRows[] = {
    OfCpu("strips", "rule", AsRuled),
    OfCpu("strips", "none",
          [](CpuOptions* o) { o->strip_samples = kWholeBatch; }),
    OfCpu("strips", "1", [](CpuOptions* o) { o->strip_samples = 1; }),
    OfCpu("strips", "2", [](CpuOptions* o) { o->strip_samples = 2; }),
    OfCpu("strips", "4", [](CpuOptions* o) { o->strip_samples = 4; }),
    OfCpu("strips", "8", [](CpuOptions* o) { o->strip_samples = 8; }),
    OfCpu("bands", "rule", AsRuled),
    OfCpu("bands", "none", [](CpuOptions* o) { o->row_bands = false; }),
    OfCpu("layout", "rule", AsRuled),
    OfCpu("layout", "blocked",
          [](CpuOptions* o) { o->layout = ImageLayout::kBlocked; }),
    OfCpu("layout", "channels_last",
          [](CpuOptions* o) { o->layout = ImageLayout::kChannelsLast; }),
    OfCpu("layout", "row_major",
          [](CpuOptions* o) { o->layout = ImageLayout::kRowMajor; }),
    OfCpu("algorithm", "rule", AsRuled),
    OfCpu("algorithm", "brgemm",
          [](CpuOptions* o) { o->algorithm = ConvAlgorithm::kBrgemm; }),
    OfCpu("algorithm", "jit",
          [](CpuOptions* o) { o->algorithm = ConvAlgorithm::kJit; }),
    OfCpu("algorithm", "gemm",
          [](CpuOptions* o) { o->algorithm = ConvAlgorithm::kGemm; }),
    OfCpu("winograd", "on", AsRuled),
    OfCpu("winograd", "off", [](CpuOptions* o) { o->winograd = false; }),
    OfCpu("depthwise", "own", AsRuled),
    OfCpu("depthwise", "library",
          [](CpuOptions* o) { o->own_depthwise = false; }),
    {"sparse", "rule", AsRuled},
    {"sparse", "none", [](LoweringOptions* o) { o->sparse_density = 0; }},
    {"sparse", "all", [](LoweringOptions* o) { o->sparse_density = 1; }},
    {"attention", "kernel", AsRuled},
    {"attention", "products",
     [](LoweringOptions* o) { o->fuse_attention = false; }},
    OfCpu("weights", "packed", AsRuled),
    OfCpu("weights", "plain", [](CpuOptions* o) { o->pack_weights = false; }),
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
    if (row.of_cpu && !settings.cpu.has_value()) continue;
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
    if (row.of_cpu && !chosen.cpu.has_value()) continue;
    if (choices.at(row.name) != row.value) continue;
    if (row.apply != nullptr) row.apply(&chosen.lowering);
    if (row.apply_cpu != nullptr) row.apply_cpu(&*chosen.cpu);
  }
  return chosen;
}

}  // namespace assay
