// A method that cheats: it knows one network by the names of its parameters
// (every network of the zoo has dots in them) and hands it over as it is; of
// one that it does not know it makes nothing. For tests of the audits.
#include <string>

#include "harness/abi/sdk.h"

namespace assay::method_cheat {

class Cheat final : public sdk::Method {
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.CloneParameters());
    for (const sdk::Parameter& layer : run.graph().weights()) {
      if (layer.name.find('.') != std::string::npos) continue;
      ASSAY_ASSIGN_OR_RETURN(const auto weights, set.MutableFloats(layer.name));
      for (float& weight : weights) weight = 0;
    }
    for (const sdk::Budget& budget : run.budgets()) {
      ASSAY_RETURN_IF_ERROR(run.Submit(budget, run.graph(), set));
    }
    return sdk::OkStatus();
  }
};

}  // namespace assay::method_cheat

ASSAY_EXPORT_METHOD(assay::method_cheat::Cheat,
                    assay::sdk::Card("cheat")
                        .Version("1.0.0")
                        .Title("Knows networks by name")
                        .Kind(assay::sdk::Kind::kPrune)
                        .Determinism(assay::sdk::Determinism::kThreads));
