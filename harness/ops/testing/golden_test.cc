// Every op and its gradient against PyTorch's, by the references and on the cpu
// backend.
#include "harness/ops/testing/golden.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/graph/op_schema.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr const char* kFamilies[] = {
    "attention", "conv", "elementwise", "fused",  "matmul", "norm",
    "optimizer", "pool", "quantize",    "reduce", "shape",  "softmax"};

// Ops without a golden vector, and why.
const std::map<std::string, std::string>& WithoutGolden() {
  static const auto* const reasons = new std::map<std::string, std::string>{
      {"attention_backward", "the gradient in attention_fused's vector"},
      {"conv2d_fused", "made by lowering; compared with what it lowers"},
      {"custom", "computed by functions of a plugin"},
      {"custom_backward", "computed by functions of a plugin"},
      {"decoder_layer", "a whole layer; decoding is compared with the network"},
      {"dequantize_u4", "PyTorch has no such tensor; group_test works some"},
      {"linear_fused", "made by lowering; compared with what it lowers"},
      {"linear_u4", "made by lowering; compared with what it lowers"},
      {"random_uniform", "Philox in our counting; its test has known blocks"},
  };
  return *reasons;
}

const std::vector<Golden>& Goldens() {
  static const auto* const all = [] {
    auto* goldens = new std::vector<Golden>;
    for (const char* family : kFamilies) {
      auto more = ReadGoldens(
          absl::StrCat("harness/ops/testing/goldens/", family, ".txt"));
      EXPECT_OK(more);
      if (!more.ok()) continue;
      goldens->insert(goldens->end(), more->begin(), more->end());
    }
    return goldens;
  }();
  return *all;
}

TEST(GoldenTest, EveryOpHasAVectorOrAReason) {
  std::set<std::string> seen, differentiated;
  for (const Golden& golden : Goldens()) {
    seen.insert(golden.op);
    if (!golden.gradients.empty()) differentiated.insert(golden.op);
  }
  // Gradients of gradients: PyTorch has no function that gives these as such.
  const std::set<std::string> values_only = {
      "avg_pool_backward", "batch_norm_backward", "layer_norm_backward",
      "max_pool_backward", "rms_norm_backward"};
  for (const std::string& op : StandardOps().Names()) {
    const bool excused = WithoutGolden().count(op) > 0;
    EXPECT_NE(seen.count(op) > 0, excused) << op;
    if (excused || values_only.count(op) > 0) continue;
    const bool has_gradient = StandardOps().Find(op)->gradient != nullptr;
    EXPECT_TRUE(!has_gradient || differentiated.count(op) > 0)
        << op << " has no gradient vector";
  }
}

TEST(GoldenTest, ReferencesAgree) {
  for (const Golden& golden : Goldens()) {
    EXPECT_OK(CheckByReference(golden)) << golden.op << " " << golden.name;
  }
}

TEST(GoldenTest, TheCpuBackendAgrees) {
  const std::unique_ptr<Device> device = MakeCpuDevice();
  for (const Golden& golden : Goldens()) {
    EXPECT_OK(CheckOnDevice(golden, device.get()))
        << golden.op << " " << golden.name;
  }
}

}  // namespace
}  // namespace assay
