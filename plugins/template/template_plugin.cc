// The smallest useful method, to copy from: rounds the weights of every layer
// to a grid, which the report then shows as quality lost. The mathematics is in
// round_weights.h, this file is the wiring.
#include "harness/abi/sdk.h"
#include "plugins/template/round_weights.h"

namespace assay::method_template {

class Template final : public sdk::Method {
  sdk::Status Apply(sdk::Run& run) override {
    const auto step = static_cast<float>(run.config().Real("step"));
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.CloneParameters());
    for (const sdk::Parameter& layer : run.graph().weights()) {
      if (run.stop_wanted()) return sdk::Cancelled();
      ASSAY_ASSIGN_OR_RETURN(const auto weights, set.MutableFloats(layer.name));
      RoundWeights(step, weights);
    }
    for (const sdk::Budget& budget : run.budgets()) {
      ASSAY_RETURN_IF_ERROR(run.Submit(budget, run.graph(), set));
    }
    return sdk::OkStatus();
  }
};

}  // namespace assay::method_template

ASSAY_EXPORT_METHOD(assay::method_template::Template,
                    assay::sdk::Card("template")
                        .Version("1.0.0")
                        .Title("Weights rounded to a grid")
                        .Kind(assay::sdk::Kind::kQuantize)
                        .Determinism(assay::sdk::Determinism::kThreads)
                        .Real(1, "step", 1.0 / 64, {1e-6, 1},
                              "distance of the grid's points"));
