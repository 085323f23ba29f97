// Modules that break one rule each: compiled once per rule, with BAD set.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "harness/abi/sdk.h"

#define BAD_CRASH_IN_OPEN 1
#define BAD_TWO_EXPORTS 2
#define BAD_THROWS 3
#define BAD_GARBAGE 4
#define BAD_PRINTS 5
#define BAD_IGNORES_NEGOTIATION 6
#define BAD_GLOBAL_STATE 7
#define BAD_LEAKS 8
#define BAD_MISSES_BUDGET 9
#define BAD_WRONG_THREAD 10
#define BAD_IGNORES_STOP 11
#define BAD_EXITS 12
#define BAD_CARD 13
#define BAD_TRUSTS_TABLES 14

namespace {

using assay::sdk::Status;

int runs_so_far = 0;  // what no method may have

class Bad final : public assay::sdk::Method {
  Status Apply(assay::sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(assay::sdk::Parameters set, run.CloneParameters());
    if (BAD == BAD_EXITS) std::exit(0);
    if (BAD == BAD_GLOBAL_STATE) {
      ASSAY_ASSIGN_OR_RETURN(const auto values,
                             set.MutableFloats("stem.weights"));
      values[0] = static_cast<float>(++runs_so_far);
    }
    if (BAD == BAD_LEAKS) {
      assay_graph* kept = nullptr;
      const assay_graph_table& graphs = *run.services().graph;
      graphs.make(run.services().host, {"kept", 4}, &kept);
    }
    if (BAD == BAD_WRONG_THREAD) {
      std::thread([&] { (void)run.CloneGraph(); }).join();
    }
    if (BAD == BAD_IGNORES_STOP) {
      while (run.stop_wanted()) std::this_thread::yield();
    }
    if (BAD == BAD_TRUSTS_TABLES) {  // calls slots without looking
      run.services().log->progress(run.services().host, {"x", 1}, 0, 1);
    }
    for (const assay::sdk::Budget& budget : run.budgets()) {
      ASSAY_RETURN_IF_ERROR(run.Submit(budget, run.graph(), set));
    }
    return assay::sdk::OkStatus();
  }
};

assay::sdk::Card MakeCard() {
  assay::sdk::Card card(BAD == BAD_CARD ? "Bad Id" : "bad");
  card.Version("1.0.0").Determinism(assay::sdk::Determinism::kMachine);
  if (BAD == BAD_MISSES_BUDGET) card.Budgets(ASSAY_BUDGET_SPARSITY);
  return card;
}

#if BAD == BAD_CRASH_IN_OPEN
struct AtLoad {
  AtLoad() { std::abort(); }
} at_load;
#elif BAD == BAD_PRINTS
struct AtLoad {
  AtLoad() { std::puts("loading"); }
} at_load;
#endif

}  // namespace

#if BAD == BAD_TWO_EXPORTS
extern "C" ASSAY_EXPORT int another_export() { return 0; }
#endif

#if BAD == BAD_THROWS || BAD == BAD_GARBAGE || BAD == BAD_IGNORES_NEGOTIATION
// The SDK would not let these out.
namespace {
std::vector<assay::sdk::Entry> MakeEntries() {
  std::vector<assay::sdk::Entry> entries;
  entries.push_back(assay::sdk::MakeEntry<Bad>(MakeCard()));
  return entries;
}
}  // namespace
std::vector<assay::sdk::Entry> assay::sdk::internal::Module::Entries() {
  return MakeEntries();
}
extern "C" ASSAY_EXPORT int32_t assay_module_open_v1(const assay_offer* offer,
                                                     assay_answer* answer) {
  assay_offer as_wished = *offer;
  as_wished.revision_low = as_wished.revision_high = 1;
  const int32_t result = assay::sdk::internal::Module::Open(&as_wished, answer);
  static assay_module table = *answer->module;
  answer->module = &table;
#if BAD == BAD_THROWS
  table.make = [](uint32_t, assay_host*, const assay_config*,
                  assay_method**) -> assay_status* {
    throw std::runtime_error("thrown in make");
  };
#elif BAD == BAD_GARBAGE
  table.make = [](uint32_t, assay_host*, const assay_config*,
                  assay_method** out) -> assay_status* {
    *out = reinterpret_cast<assay_method*>(std::malloc(1));
    return nullptr;
  };
  table.find = [](assay_method*, assay_text) -> const void* { return nullptr; };
  table.drop = [](assay_method* method) { std::free(method); };
#endif
  return result;
}
#else
ASSAY_EXPORT_METHOD(Bad, MakeCard());
#endif
