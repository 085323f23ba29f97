#include "harness/models/dynamic/testing/dynamic_cases.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "harness/backend/device.h"
#include "harness/backend/registry.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/batch_rows.h"
#include "harness/dynamic/host_module.h"
#include "harness/dynamic/regrouped_program.h"
#include "harness/models/dynamic/decode.h"
#include "harness/models/dynamic/early_exit.h"
#include "harness/models/dynamic/gated_resnet.h"
#include "harness/models/dynamic/routed_experts.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

using Inputs = std::map<std::string, Tensor>;
using Shares = std::function<double(int32_t site)>;

// Items of several contrasts, so that exits are more and less sure.
Tensor Contrasts(const std::string& name, Shape item, int64_t samples) {
  item.insert(item.begin(), samples);
  Tensor all(DType::kF32, std::move(item));
  RandomStream(7, name).FillNormal(all.span<float>(), 0, 1);
  const int64_t row = all.size() / samples;
  for (int64_t i = 0; i < all.size(); ++i) {
    const double place =
        static_cast<double>(i / row) / static_cast<double>(samples);
    all.data<float>()[i] *= static_cast<float>(0.3 + 2.4 * place);
  }
  return all;
}

// Prompts of 3 to 6 tokens, zeros behind them.
Inputs Prompts(const LmdOptions& lmd, int64_t samples) {
  Tensor tokens = Tensor::Zeros(DType::kS32, {samples, lmd.context});
  Tensor lengths(DType::kS32, {samples});
  RandomStream stream(11, "prompts");
  for (int64_t s = 0; s < samples; ++s) {
    const int64_t length = 3 + s % 4;
    lengths.data<int32_t>()[s] = static_cast<int32_t>(length);
    for (int64_t t = 0; t < length; ++t) {
      const uint64_t token =
          1 + stream.Below(static_cast<uint64_t>(lmd.vocabulary - 1));
      tokens.data<int32_t>()[s * lmd.context + t] = static_cast<int32_t>(token);
    }
  }
  return {{"tokens", tokens}, {"length", lengths}};
}

// Matrices of a decoder as initialised hardly differ: larger ones decide more.
void Enlarge(float factor, ParameterStore* parameters) {
  for (const std::string& name : parameters->Names()) {
    Tensor* value = parameters->Find(name);
    if (value->rank() < 2) continue;
    for (float& element : value->span<float>()) element *= factor;
  }
}

LmdOptions Decoder(CaseSize size, int64_t layers) {
  if (size == CaseSize::kFull) {
    return {.name = "lmd-s",
            .layers = layers,
            .heads = 4,
            .kv_heads = 2,
            .hidden = 344,
            .context = 256};
  }
  return {.name = "small",
          .vocabulary = 48,
          .layers = layers,
          .features = 32,
          .heads = 2,
          .kv_heads = 2,
          .hidden = 64,
          .context = 24};
}

absl::StatusOr<DynamicCase> Made(absl::StatusOr<DynamicNetwork> network,
                                 Inputs inputs, std::string output) {
  ASSAY_RETURN_IF_ERROR(network.status());
  DynamicCase c{
      "", *std::move(network), {}, std::move(inputs), std::move(output)};
  ASSAY_ASSIGN_OR_RETURN(c.parameters, Initialise(c.network, 1));
  return c;
}

// Runs all samples; with `shares`, thresholds move.
absl::StatusOr<DynamicResult> RunAll(DynamicCase* c, const Shares* shares) {
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Device> device,
                         MakeDevice("cpu"));
  ASSAY_ASSIGN_OR_RETURN(HostModule module,
                         BuildHostModule(c->network.graph, c->parameters));
  ASSAY_ASSIGN_OR_RETURN(
      const auto program,
      RegroupedProgram::Make(device.get(), std::move(module), c->parameters, 2,
                             {.threads = 1}));
  if (shares != nullptr) {
    ASSAY_ASSIGN_OR_RETURN(const auto thresholds,
                           program->Calibrate(c->inputs, *shares));
    SetThresholds(thresholds, &c->network.graph);
  }
  return program->Run(c->inputs);
}

absl::StatusOr<DynamicCase> Calibrated(absl::StatusOr<DynamicCase> c,
                                       const Shares& shares) {
  ASSAY_RETURN_IF_ERROR(c.status());
  ASSAY_RETURN_IF_ERROR(RunAll(&*c, &shares).status());
  return c;
}

// Exits that remain take equal shares of the samples.
Shares EqualShares(int32_t exits) {
  return [=](int32_t site) { return 1.0 / (exits - site); };
}

ReferenceGraphOptions ImageOptions(CaseSize size) {
  return {.input =
              size == CaseSize::kFull ? Shape{3, 32, 32} : Shape{3, 16, 16}};
}

int Depth(CaseSize size) { return size == CaseSize::kFull ? 20 : 8; }

absl::StatusOr<DynamicCase> ResNetExits(CaseSize size, int64_t samples) {
  const ReferenceGraphOptions options = ImageOptions(size);
  return Calibrated(
      Made(EarlyExitResNet(StandardOps(), Depth(size), options),
           {{"image", Contrasts("image", options.input, samples)}}, "logits"),
      EqualShares(3));
}

absl::StatusOr<DynamicCase> ResNetGated(CaseSize size, int64_t samples) {
  const ReferenceGraphOptions options = ImageOptions(size);
  return Calibrated(
      Made(GatedResNet(StandardOps(), Depth(size), options),
           {{"image", Contrasts("image", options.input, samples)}}, "logits"),
      [](int32_t) { return 0.5; });
}

absl::StatusOr<DynamicCase> MobileNetExits(CaseSize size, int64_t samples) {
  ReferenceGraphOptions options = {.input = {3, 32, 32}, .classes = 10};
  if (size == CaseSize::kFull) options.input = {3, 64, 64};
  return Calibrated(
      Made(EarlyExitMobileNet(StandardOps(), options),
           {{"image", Contrasts("image", options.input, samples)}}, "logits"),
      EqualShares(2));
}

absl::StatusOr<DynamicCase> DsCnnExits(CaseSize, int64_t samples) {
  return Calibrated(
      Made(EarlyExitDsCnn(StandardOps()),
           {{"features", Contrasts("features", {1, 49, 10}, samples)}},
           "logits"),
      EqualShares(2));
}

absl::StatusOr<DynamicCase> DecoderExits(CaseSize size, int64_t samples) {
  const LmdOptions lmd = Decoder(size, 8);
  Inputs inputs = Prompts(lmd, samples);
  inputs.erase("length");
  auto c = Made(EarlyExitDecoder(StandardOps(), lmd, 2), std::move(inputs),
                "logits");
  if (c.ok()) Enlarge(6, &c->parameters);
  return Calibrated(std::move(c), EqualShares(4));
}

// The token that about half of the samples write, but not at once.
int32_t EndOfText(const DynamicCase& c, const DynamicResult& endless) {
  const Tensor& tokens = endless.outputs.at("text");
  const Tensor& lengths = endless.outputs.at("text_length");
  const Tensor& starts = c.inputs.at("length");
  std::map<int32_t, int64_t> count;
  for (int64_t s = 0; s < tokens.dim(0); ++s) {
    const int32_t* row = tokens.data<int32_t>() + s * tokens.dim(1);
    const std::set<int32_t> written(row + starts.data<int32_t>()[s] + 1,
                                    row + lengths.data<int32_t>()[s] - 1);
    for (const int32_t token : written) ++count[token];
  }
  int32_t best = count.begin()->first;
  const auto off = [&](int32_t token) {
    return std::abs(2 * count[token] - tokens.dim(0));
  };
  for (const auto& [token, times] : count) {
    if (off(token) < off(best)) best = token;
  }
  return best;
}

absl::StatusOr<DynamicCase> Greedy(CaseSize size, int64_t samples) {
  const LmdOptions lmd = Decoder(size, size == CaseSize::kFull ? 4 : 2);
  DecodeOptions options{.steps = size == CaseSize::kFull ? 32 : 12};
  ASSAY_ASSIGN_OR_RETURN(DynamicCase c,
                         Made(GreedyDecoder(StandardOps(), lmd, options),
                              Prompts(lmd, samples), "text"));
  Enlarge(size == CaseSize::kFull ? 4 : 8, &c.parameters);
  ASSAY_ASSIGN_OR_RETURN(const DynamicResult endless, RunAll(&c, nullptr));
  options.end_of_text = EndOfText(c, endless);
  ASSAY_ASSIGN_OR_RETURN(c.network, GreedyDecoder(StandardOps(), lmd, options));
  return c;
}

LmdOptions TargetOf(CaseSize size) {
  return Decoder(size, size == CaseSize::kFull ? 8 : 3);
}
DecodeOptions DraftingOf(CaseSize size) {
  const bool full = size == CaseSize::kFull;
  return {.steps = full ? 32 : 10, .drafted = full ? 4 : 3};
}

absl::StatusOr<DynamicCase> Speculative(CaseSize size, int64_t samples) {
  const LmdOptions target = TargetOf(size);
  const LmdOptions draft = Decoder(size, size == CaseSize::kFull ? 2 : 1);
  const DecodeOptions options = DraftingOf(size);
  ASSAY_ASSIGN_OR_RETURN(
      DynamicCase c,
      Made(SpeculativeDecoder(StandardOps(), target, draft, options),
           Prompts(target, samples), "text"));
  Enlarge(3, &c.parameters);
  // A draft that is often right: the target's table and first layers.
  for (const std::string& name : c.parameters.Names()) {
    absl::string_view own = name;
    if (!absl::ConsumePrefix(&own, "draft.")) continue;
    ASSAY_ASSIGN_OR_RETURN(Tensor value,
                           c.parameters.Get(absl::StrCat("target.", own)));
    c.parameters.Set(name, std::move(value));
  }
  Tensor limits = c.inputs.at("length").Clone();
  for (int32_t& limit : limits.span<int32_t>()) {
    limit += static_cast<int32_t>(options.steps);
  }
  c.inputs["limit"] = limits;
  return c;
}

absl::StatusOr<DynamicCase> Experts(CaseSize size, int64_t samples) {
  RoutedExpertsOptions options{.features = 16, .hidden = 8, .experts = 4};
  if (size == CaseSize::kFull) options = {.features = 128, .hidden = 512};
  return Made(RoutedExperts(StandardOps(), options),
              {{"features", Contrasts("rows", {options.features}, samples)}},
              "logits");
}

struct Row {
  absl::string_view name;
  absl::StatusOr<DynamicCase> (*make)(CaseSize size, int64_t samples);
};

constexpr Row kRows[] = {
    {"decoder-exits", DecoderExits},
    {"dscnn-exits", DsCnnExits},
    {"experts", Experts},
    {"greedy", Greedy},
    {"mobilenet-exits", MobileNetExits},
    {"resnet-exits", ResNetExits},
    {"resnet-gated", ResNetGated},
    {"speculative", Speculative},
};

}  // namespace

std::vector<std::string> DynamicCaseNames() {
  std::vector<std::string> names;
  for (const Row& row : kRows) names.emplace_back(row.name);
  return names;
}

absl::StatusOr<DynamicCase> MakeDynamicCase(absl::string_view name,
                                            CaseSize size, int64_t samples) {
  for (const Row& row : kRows) {
    if (row.name != name) continue;
    ASSAY_ASSIGN_OR_RETURN(DynamicCase c, row.make(size, samples));
    c.name = std::string(name);
    return c;
  }
  return absl::NotFoundError(
      absl::StrCat("no case '", name, "'; there are ",
                   absl::StrJoin(DynamicCaseNames(), ", ")));
}

absl::StatusOr<DynamicCase> TrainedGreedyCase(ParameterStore weights,
                                              absl::string_view text,
                                              int64_t samples) {
  constexpr size_t kPrompt = 4;  // bytes
  const LmdOptions lmd;
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  lines.erase(std::remove_if(lines.begin(), lines.end(),
                             [](absl::string_view line) {
                               return line.size() < 2 * kPrompt;
                             }),
              lines.end());
  const auto all = static_cast<int64_t>(lines.size());
  if (all < samples) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected a text of ", samples, " lines or more, got ", all));
  }
  Inputs inputs = {
      {"tokens", Tensor::Zeros(DType::kS32, {samples, lmd.context})},
      {"length", Tensor(DType::kS32, {samples})}};
  for (int64_t s = 0; s < samples; ++s) {
    const absl::string_view line =
        lines[static_cast<size_t>(s * all / samples)];
    int32_t* row = inputs["tokens"].data<int32_t>() + s * lmd.context;
    for (size_t t = 0; t < kPrompt; ++t) {
      row[t] = static_cast<unsigned char>(line[t]);
    }
    inputs["length"].data<int32_t>()[s] = kPrompt;
  }
  ASSAY_ASSIGN_OR_RETURN(
      DynamicNetwork network,
      GreedyDecoder(StandardOps(), lmd, {.steps = 32, .end_of_text = '\n'}));
  return DynamicCase{"greedy, trained", std::move(network), std::move(weights),
                     std::move(inputs), "text"};
}

absl::StatusOr<DynamicCase> TargetAlone(CaseSize size,
                                        const DynamicCase& speculative) {
  ASSAY_ASSIGN_OR_RETURN(
      DynamicNetwork network,
      GreedyDecoder(StandardOps(), TargetOf(size), DraftingOf(size)));
  ParameterStore parameters;
  for (const auto& [name, value] : speculative.parameters.values()) {
    absl::string_view own = name;
    if (absl::ConsumePrefix(&own, "target.")) {
      parameters.Set(std::string(own), value);
    }
  }
  Inputs inputs = speculative.inputs;
  inputs.erase("limit");
  return DynamicCase{"target alone", std::move(network), std::move(parameters),
                     std::move(inputs), "text"};
}

std::map<std::string, Tensor> SampleOf(const DynamicCase& c, int64_t sample) {
  std::map<std::string, Tensor> one;
  for (const auto& [name, value] : c.inputs) {
    one[name] = GatherRows(value, {sample});
  }
  return one;
}

}  // namespace assay
