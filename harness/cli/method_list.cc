#include "harness/cli/method_list.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "harness/abi/assay.h"
#include "harness/cli/methods.h"
#include "harness/core/status_macros.h"
#include "harness/host/module/card.h"
#include "harness/host/module/module_loader.h"

namespace assay {
namespace {

absl::string_view View(assay_text text) {
  return absl::string_view(text.data, text.size);
}

std::string KindName(uint32_t kind) {
  switch (kind) {
    case ASSAY_KIND_BASELINE:
      return "baseline";
    case ASSAY_KIND_PRUNE:
      return "prune";
    case ASSAY_KIND_SEARCH:
      return "search";
    case ASSAY_KIND_QUANTIZE:
      return "quantize";
    case ASSAY_KIND_MIXED:
      return "mixed";
    default:
      return "other";
  }
}

std::string BudgetNames(uint32_t kinds) {
  std::vector<std::string> names;
  if ((kinds & ASSAY_BUDGET_SPARSITY) != 0) names.push_back("sparsity");
  if ((kinds & ASSAY_BUDGET_MACS) != 0) names.push_back("macs");
  if ((kinds & ASSAY_BUDGET_BITS) != 0) names.push_back("bits");
  if ((kinds & ASSAY_BUDGET_BYTES) != 0) names.push_back("bytes");
  return absl::StrJoin(names, " ");
}

std::string TypeAndRange(const assay_param& p) {
  const std::string range = absl::StrFormat("%g to %g", p.low, p.high);
  switch (p.type) {
    case ASSAY_PARAM_FLAG:
      return "true or false";
    case ASSAY_PARAM_INTEGER:
      return absl::StrCat("integer, ", range);
    case ASSAY_PARAM_REAL:
      return absl::StrCat("real, ", range);
    case ASSAY_PARAM_REALS:
      return absl::StrCat("reals, ", range);
    case ASSAY_PARAM_CHOICE: {
      std::vector<absl::string_view> choices;
      for (uint64_t i = 0; i < p.choice_count; ++i) {
        choices.push_back(View(p.choices[i]));
      }
      return absl::StrJoin(choices, " | ");
    }
    default:
      return "text";
  }
}

}  // namespace

Table Methods() {
  Table table({"method", "kind", "version", "budgets", "title"});
  for (const std::string& file : PluginFiles()) {
    auto module = Module::Open(file, {});
    if (!module.ok()) {
      table.Add({file, "", "", "", std::string(module.status().message())});
      continue;
    }
    for (uint32_t i = 0; i < (*module)->count(); ++i) {
      const assay_card* card = (*module)->table().card(i);
      if (absl::Status sound = CheckCard(card); !sound.ok()) {
        table.Add({file, "", "", "", std::string(sound.message())});
        continue;
      }
      table.Add({std::string(View(card->id)), KindName(card->kind),
                 std::string(View(card->version)), BudgetNames(card->budgets),
                 std::string(View(card->title))});
    }
  }
  return table;
}

absl::StatusOr<Table> MethodParameters(const std::string& method) {
  ASSAY_ASSIGN_OR_RETURN(std::string file, PluginFileOf(method, ""));
  ASSAY_ASSIGN_OR_RETURN(auto module, Module::Open(file, {}));
  ASSAY_ASSIGN_OR_RETURN(Module::Method found, module->Find(method));
  ASSAY_ASSIGN_OR_RETURN(Settings presets, Settings::Resolve(*found.card, {}));
  Table table({"parameter", "preset", "values", "meaning"});
  for (const auto& [key, value] : presets.canonical()) {
    for (uint64_t i = 0; i < found.card->parameter_count; ++i) {
      const assay_param& p = *found.card->parameters[i];
      if (View(p.key) != key) continue;
      table.Add({key, value, TypeAndRange(p), std::string(View(p.help))});
    }
  }
  return table;
}

}  // namespace assay
