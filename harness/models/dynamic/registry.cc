#include "harness/models/dynamic/registry.h"

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/models/dynamic/decode.h"
#include "harness/models/dynamic/early_exit.h"
#include "harness/models/dynamic/gated_resnet.h"
#include "harness/models/dynamic/routed_experts.h"

namespace assay {
namespace {

using Made = absl::StatusOr<DynamicNetwork>;

LmdOptions Decoder(int64_t layers) {
  return {.name = "lmd-xs", .layers = layers};
}

struct Row {
  absl::string_view name;
  Made (*build)(const OpSet& ops);
};

constexpr Row kRows[] = {
    {"dscnn-exits", [](const OpSet& ops) { return EarlyExitDsCnn(ops); }},
    {"experts", [](const OpSet& ops) { return RoutedExperts(ops, {}); }},
    {"lmd-xs-exits",
     [](const OpSet& ops) { return EarlyExitDecoder(ops, Decoder(4), 1); }},
    {"lmd-xs-greedy",
     [](const OpSet& ops) { return GreedyDecoder(ops, Decoder(4), {}); }},
    {"lmd-xs-speculative",
     [](const OpSet& ops) {
       return SpeculativeDecoder(ops, Decoder(4), Decoder(1), {});
     }},
    {"mobilenet-v2-exits",
     [](const OpSet& ops) {
       return EarlyExitMobileNet(ops,
                                 {.input = Shape{3, 32, 32}, .classes = 10});
     }},
    {"resnet20-exits",
     [](const OpSet& ops) { return EarlyExitResNet(ops, 20); }},
    {"resnet20-gated", [](const OpSet& ops) { return GatedResNet(ops, 20); }},
};

// Below the vocabulary of every decoder.
constexpr uint64_t kTokens = 256;

}  // namespace

std::vector<std::string> DynamicNetworkNames() {
  std::vector<std::string> names;
  for (const Row& row : kRows) names.emplace_back(row.name);
  return names;
}

Made BuildDynamicNetwork(absl::string_view name, const OpSet& ops) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.build(ops);
  }
  return absl::NotFoundError(absl::StrCat(
      "no network with control flow is called '", name, "'; there are ",
      absl::StrJoin(DynamicNetworkNames(), ", ")));
}

std::map<std::string, Tensor> RandomInputs(const DynamicGraph& graph,
                                           RandomStream* random) {
  const auto length = static_cast<int32_t>(3 + random->Below(4));
  const float width = 0.3f + 0.3f * static_cast<float>(random->Below(9));
  std::map<std::string, Tensor> inputs;
  for (const DynamicGraph::Input& input : graph.inputs) {
    Tensor value = Tensor::Zeros(input.type.dtype, input.type.shape);
    if (input.type.dtype == DType::kF32) {
      random->FillNormal(value.span<float>(), 0, width);
    } else if (input.name == "tokens") {
      for (int32_t t = 0; t < length; ++t) {
        value.data<int32_t>()[t] =
            static_cast<int32_t>(1 + random->Below(kTokens - 1));
      }
    } else {
      // "length" of the prompt, or the "limit" behind the first tokens written.
      const int32_t written = input.name == "limit" ? 12 : 0;
      for (int32_t& element : value.span<int32_t>()) {
        element = length + written;
      }
    }
    inputs[input.name] = std::move(value);
  }
  return inputs;
}

}  // namespace assay
