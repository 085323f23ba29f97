#include "harness/abi/conformance/trial.h"

#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/host/services/convert.h"
#include "harness/host/services/dynamic_network.h"
#include "harness/host/services/tables.h"

namespace assay::conformance {
namespace {

Poverty& ThePoverty() {
  static Poverty poverty;
  return poverty;
}

std::string Owned(assay_text text) { return Text(text); }

TinyRunOptions OptionsFor(const assay_card& card) {
  TinyRunOptions options;
  options.method_id = Owned(card.id);
  options.budgets.clear();
  ServedBudget none;
  none.id = "none";
  if ((card.budgets & ASSAY_BUDGET_SPARSITY) != 0) {
    ServedBudget b = none;
    b.id = "sparsity>=0.5";
    b.sparsity = 0.5;
    options.budgets.push_back(b);
  }
  if ((card.budgets & ASSAY_BUDGET_MACS) != 0) {
    ServedBudget b = none;
    b.id = "macs_fraction<=0.7";
    b.macs_fraction = 0.7;
    options.budgets.push_back(b);
  }
  if ((card.budgets & ASSAY_BUDGET_BITS) != 0) {
    ServedBudget b = none;
    b.id = "weight_bits<=8,activation_bits<=8";
    b.weight_bits = b.activation_bits = 8;
    options.budgets.push_back(b);
  }
  if ((card.budgets & ASSAY_BUDGET_BYTES) != 0) {
    ServedBudget b = none;
    b.id = "bytes<=2000";
    b.bytes = 2000;  // of about 2600
    options.budgets.push_back(b);
  }
  if (options.budgets.empty()) options.budgets.push_back(none);
  return options;
}

// The settings that the card knows.
std::map<std::string, std::string> Known(
    const assay_card& card,
    const std::map<std::string, std::string>& settings) {
  std::map<std::string, std::string> known;
  for (uint64_t i = 0; i < card.parameter_count; ++i) {
    const auto it = settings.find(Owned(card.parameters[i]->key));
    if (it != settings.end()) known.insert(*it);
  }
  return known;
}

}  // namespace

void SetPoverty(Poverty poverty) { ThePoverty() = std::move(poverty); }

const void* PoorFind(assay_host* host, assay_text id) {
  const void* table = assay_host::Find(host, id);
  const Poverty& poverty = ThePoverty();
  if (table == nullptr || View(id) != poverty.id) return table;
  if (poverty.size == 0) return nullptr;
  // A copy that says it ends early, and ends in poison: lent for ever.
  const uint32_t size = *static_cast<const uint32_t*>(table);
  auto* shorter = new std::vector<char>(size, static_cast<char>(0xdb));
  std::memcpy(shorter->data(), table, poverty.size);
  std::memcpy(shorter->data(), &poverty.size, sizeof(poverty.size));
  return shorter->data();
}

absl::StatusOr<std::unique_ptr<Module>> OpenModule(const std::string& path) {
  static RecordingSink* const sink = new RecordingSink;
  static assay_host* const host = new assay_host(sink);
  ModuleOptions options;
  options.host = host;
  options.find = &PoorFind;
  return Module::Open(path, options);
}

Trial::Trial(const Module& module, uint32_t index,
             const std::map<std::string, std::string>& settings)
    : module_(module),
      index_(index),
      card_(*module.table().card(index)),
      tiny_(OptionsFor(card_)),
      settings_(Settings::Resolve(card_, Known(card_, settings))) {}

absl::Status Trial::Make() {
  if (!settings_.ok()) return settings_.status();
  auto made =
      MethodInstance::Make(module_, index_, tiny_.host(), settings_->config());
  if (!made.ok()) return made.status();
  instance_ = *std::move(made);
  return absl::OkStatus();
}

absl::Status Trial::Plan() { return instance_->Plan().status(); }

absl::Status Trial::Run() { return instance_->Run(); }

absl::Status Trial::CheckCandidate(uint32_t budget) {
  assay_host* host = tiny_.host();
  auto* set = host->handles().Add(std::make_unique<assay_parameters>());
  absl::Status status =
      absl::NotFoundError(absl::StrCat("no candidate was submitted for budget ",
                                       host->options().budgets[budget].id));
  const auto plain = tiny_.sink().candidates.find(budget);
  const auto dynamic = tiny_.sink().dynamic_candidates.find(budget);
  if (plain != tiny_.sink().candidates.end()) {
    auto* graph =
        host->handles().Add(std::make_unique<assay_graph>(plain->second.graph));
    set->store = plain->second.parameters;
    status = Take(CostTable()->check(host, budget, graph, set));
    host->handles().Remove(graph);
  } else if (dynamic != tiny_.sink().dynamic_candidates.end()) {
    auto* network = host->handles().Add(std::make_unique<assay_dynamic>());
    network->graph = dynamic->second.graph;
    network->finished = true;
    set->store = dynamic->second.parameters;
    status = Take(DynamicTable()->check(host, budget, network, set));
    host->handles().Remove(network);
  }
  host->handles().Remove(set);
  return status;
}

std::string Trial::WrongWithCandidates() {
  assay_host* host = tiny_.host();
  host->Enter(MethodState::kRunning);
  for (uint32_t i = 0; i < host->options().budgets.size(); ++i) {
    const absl::Status status = CheckCandidate(i);
    if (!status.ok()) return std::string(status.message());
  }
  host->Enter(MethodState::kIdle);
  return "";
}

}  // namespace assay::conformance
