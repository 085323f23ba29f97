#include "harness/host/score/decode_system.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/rewrites/with_cache.h"

namespace assay {
namespace {

absl::StatusOr<int64_t> ContextOf(const Graph& graph) {
  const ValueId tokens = graph.FindValue("tokens");
  const ValueId logits = graph.FindOutput("logits");
  if (tokens != kNoValue && logits != kNoValue &&
      graph.value(tokens).kind == ValueKind::kInput &&
      graph.inputs().size() == 1 && graph.shape(tokens).size() == 2 &&
      graph.shape(logits).size() == 3 &&
      graph.shape(logits)[1] == graph.shape(tokens)[1]) {
    return graph.shape(tokens)[1];
  }
  return absl::UnavailableError(
      "decoding takes a network from tokens [N,T] to logits [N,T,V]");
}

}  // namespace

absl::StatusOr<std::unique_ptr<DecodeSystem>> DecodeSystem::Make(
    Device* device, const Graph& graph, const ParameterStore& parameters,
    const DecodeSystemOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const int64_t context, ContextOf(graph));
  std::unique_ptr<DecodeSystem> made(new DecodeSystem(device));
  made->options_ = options;
  DecodeSystemOptions& settled = made->options_;
  if (settled.prompt < 1) settled.prompt = context / 2;
  if (settled.prompt < 1 || settled.prompt >= context) {
    return absl::UnavailableError(absl::StrCat(
        "a prompt of ", settled.prompt, " tokens in a context of ", context));
  }
  settled.new_tokens = std::min(settled.new_tokens, context - settled.prompt);
  ASSAY_ASSIGN_OR_RETURN(const Graph one, Rebatch(graph, 1));
  LoweringOptions lowering = options.lowering;
  if (options.precision == "bf16") {
    lowering.precision = FloatPrecision::kBf16;
  }
  // Few rows at a time do not pay for caches that are rounded again.
  lowering.integer_attention = false;
  CompileOptions compile;
  compile.threads = options.threads;
  int64_t cache_bytes = 0;
  std::vector<int64_t> sizes = {1};
  for (int64_t left = settled.prompt; left > 0;) {
    sizes.push_back(CacheChunk(left, context));
    left -= sizes.back();
  }
  for (const int64_t size : sizes) {
    std::unique_ptr<Session>& session = made->sessions_[size];
    if (session != nullptr) continue;
    const absl::StatusOr<CachedNetwork> cached = WithCache(one, size);
    if (absl::IsInvalidArgument(cached.status())) {
      return absl::UnavailableError(cached.status().message());
    }
    ASSAY_RETURN_IF_ERROR(cached.status());
    ASSAY_RETURN_IF_ERROR(made->caches_.Load(cached->caches));
    ASSAY_ASSIGN_OR_RETURN(
        const LoweredNetwork lowered,
        LowerForInference(cached->graph, parameters, lowering));
    ASSAY_ASSIGN_OR_RETURN(
        session, Session::Make(device, lowered.graph, &made->caches_, compile));
    made->bytes_ += ConstantBytes(session->program().graph()) +
                    session->program().scratch_bytes();
    cache_bytes = cached->caches.bytes();
  }
  made->bytes_ += cache_bytes;  // which all plans share
  return made;
}

std::string DecodeSystem::form() const {
  std::string form;
  for (const auto& [size, session] : sessions_) {
    absl::StrAppend(&form, FormOf(session->program().graph()));
  }
  return form;
}

absl::StatusOr<int32_t> DecodeSystem::Run(absl::Span<const int32_t> tokens,
                                          int64_t position) {
  Tensor logits;
  while (!tokens.empty()) {
    // The largest size that there is a plan for.
    auto it = sessions_.upper_bound(static_cast<int64_t>(tokens.size()));
    --it;
    Session& session = *it->second;
    const size_t size = static_cast<size_t>(it->first);
    ASSAY_RETURN_IF_ERROR(session.Feed(
        "tokens",
        Tensor::From<int32_t>(
            {1, it->first},
            std::vector<int32_t>(tokens.begin(), tokens.begin() + size))));
    // Without attention no position is asked for.
    if (session.graph().FindValue("position") != kNoValue) {
      ASSAY_RETURN_IF_ERROR(session.Feed(
          "position",
          Tensor::From<int32_t>({}, {static_cast<int32_t>(position)})));
    }
    ASSAY_RETURN_IF_ERROR(session.Run());
    ASSAY_ASSIGN_OR_RETURN(logits, session.Fetch("logits"));
    tokens.remove_prefix(size);
    position += it->first;
  }
  const Tensor real = logits.Cast(DType::kF32);
  const int64_t width = real.dim(2);
  const float* row = real.data<float>() + (real.dim(1) - 1) * width;
  return static_cast<int32_t>(std::max_element(row, row + width) - row);
}

absl::Status DecodeSystem::LoadBatches(BatchSource& source, int64_t count) {
  prompts_.clear();
  for (int64_t number = 0; number < count; ++number) {
    ASSAY_ASSIGN_OR_RETURN(const Batch batch, source.Make(number));
    for (const auto& [name, value] : batch.feeds) {
      if (name != "tokens") continue;
      const int32_t* tokens = value.data<int32_t>();
      prompts_.emplace_back(tokens, tokens + options_.prompt);
    }
  }
  if (prompts_.empty()) {
    return absl::InvalidArgumentError("no feed for the input tokens");
  }
  ASSAY_ASSIGN_OR_RETURN(first_, Run(prompts_[0], 0));
  return absl::OkStatus();
}

absl::Status DecodeSystem::Answer(absl::Span<const int64_t> samples) {
  for (const int64_t sample : samples) {
    written_.clear();
    if (options_.prefill) {
      const auto& prompt = prompts_[static_cast<size_t>(sample)];
      ASSAY_ASSIGN_OR_RETURN(const int32_t token, Run(prompt, 0));
      written_.push_back(token);
      continue;
    }
    int32_t token = first_;
    for (int64_t i = 0; i < options_.new_tokens; ++i) {
      const int32_t fed[] = {token};
      ASSAY_ASSIGN_OR_RETURN(token, Run(fed, options_.prompt + i));
      written_.push_back(token);
    }
  }
  return absl::OkStatus();
}

}  // namespace assay
