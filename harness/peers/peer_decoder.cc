#include "harness/peers/peer_decoder.h"

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/models/init.h"
#include "harness/models/lmd/lmd_decoder.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

absl::StatusOr<DType> MatricesOf(const std::string& precision) {
  if (precision == "f32") return DType::kF32;
  if (precision == "bf16") return DType::kBF16;
  if (precision == "int8") return DType::kS8;
  if (precision == "u4") return DType::kU8;
  return absl::InvalidArgumentError(absl::StrCat(
      "expected the precision f32, bf16, int8 or u4, got '", precision, "'"));
}

}  // namespace

LmdOptions LmdS() {
  LmdOptions options;
  options.name = "lmd-s";
  options.layers = 8;
  options.kv_heads = 2;
  options.context = 256;
  return options;
}

absl::StatusOr<std::unique_ptr<PeerDecoder>> PeerDecoder::Make(
    Device* device, const LmdOptions& lmd, int64_t prompt, int64_t tokens,
    const std::string& precision, int threads) {
  if (prompt < 1 || tokens < 1 || prompt + tokens > lmd.context) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected a prompt and tokens of together at most ",
                     lmd.context, ", got ", prompt, " and ", tokens));
  }
  ASSAY_ASSIGN_OR_RETURN(const DType matrices, MatricesOf(precision));
  ASSAY_ASSIGN_OR_RETURN(const ReferenceGraph network,
                         Lmd(StandardOps(), lmd, {}));
  ASSAY_ASSIGN_OR_RETURN(const ParameterStore parameters,
                         Initialise(network.graph, network.initialisers, 1));
  ASSAY_ASSIGN_OR_RETURN(
      const LmdDecoder decoder,
      MakeLmdDecoder(StandardOps(), lmd, parameters, matrices));
  std::unique_ptr<PeerDecoder> made(new PeerDecoder(device, tokens));
  ASSAY_RETURN_IF_ERROR(made->caches_.Load(decoder.caches));
  ASSAY_ASSIGN_OR_RETURN(made->session_,
                         Session::Make(device, decoder.graph, &made->caches_,
                                       {.threads = threads}));
  RandomStream stream(1, "prompt");
  for (int64_t i = 0; i < prompt; ++i) {
    made->prompt_.push_back(static_cast<int32_t>(
        stream.Below(static_cast<uint64_t>(lmd.vocabulary))));
  }
  return made;
}

absl::StatusOr<int32_t> PeerDecoder::Step(int32_t token, int64_t position) {
  Tensor fed(DType::kS32, {1}), at(DType::kS32, {});
  *fed.data<int32_t>() = token;
  *at.data<int32_t>() = static_cast<int32_t>(position);
  ASSAY_RETURN_IF_ERROR(session_->Feed("token", fed));
  ASSAY_RETURN_IF_ERROR(session_->Feed("position", at));
  ASSAY_RETURN_IF_ERROR(session_->Run());
  ASSAY_ASSIGN_OR_RETURN(const Tensor next, session_->Fetch("next"));
  return *next.data<int32_t>();
}

absl::StatusOr<double> PeerDecoder::Decode() {
  int32_t token = 0;
  int64_t position = 0;
  for (const int32_t given : prompt_) {
    ASSAY_ASSIGN_OR_RETURN(token, Step(given, position++));
  }
  decoded_.clear();
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  for (int64_t i = 0; i < tokens_; ++i) {
    decoded_.push_back(token);
    ASSAY_ASSIGN_OR_RETURN(token, Step(token, position++));
  }
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace assay
