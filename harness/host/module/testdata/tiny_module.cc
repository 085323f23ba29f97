// The least that a module can be: one method that does nothing.
#include "harness/abi/sdk.h"

namespace {

class Tiny final : public assay::sdk::Method {
  assay::sdk::Status Apply(assay::sdk::Run&) override {
    return assay::sdk::OkStatus();
  }
};

}  // namespace

ASSAY_EXPORT_METHOD(Tiny, assay::sdk::Card("tiny").Version("1.0.0"));
