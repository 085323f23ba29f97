// The method that does nothing: submits the dense reference network for every
// budget. What a run of it costs is what Assay itself costs.
#include "harness/abi/sdk.h"

namespace assay::null {

class Null final : public sdk::Method {
  sdk::Status Plan(const sdk::Run&, sdk::Needs& needs) override {
    needs.epochs = 0;
    needs.evaluations = 0;
    return sdk::OkStatus();
  }

  sdk::Status Apply(sdk::Run& run) override {
    for (const sdk::Budget& budget : run.budgets()) {
      ASSAY_RETURN_IF_ERROR(run.Submit(budget, run.graph(), run.parameters()));
    }
    return sdk::OkStatus();
  }
};

}  // namespace assay::null

ASSAY_EXPORT_METHOD(assay::null::Null,
                    assay::sdk::Card("null")
                        .Version("1.0.0")
                        .Title("Dense network, unchanged")
                        .Kind(assay::sdk::Kind::kBaseline)
                        .Determinism(assay::sdk::Determinism::kThreads));
