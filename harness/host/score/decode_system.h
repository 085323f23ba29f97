// A causal language model that writes: what a prompt takes, and what tokens
// take behind it.
#ifndef ASSAY_HARNESS_HOST_SCORE_DECODE_SYSTEM_H_
#define ASSAY_HARNESS_HOST_SCORE_DECODE_SYSTEM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/backend/device.h"
#include "harness/backend/session.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/host/score/plan.h"

namespace assay {

struct DecodeSystemOptions {
  std::string precision;  // as MakePlan
  LoweringOptions lowering;
  int64_t prompt = 0;       // tokens; 0: half of the context
  int64_t new_tokens = 32;  // as far as the context goes
  bool prefill = false;     // queries are prompts, not new tokens
  int threads = 1;
};

// One sequence, lowered plans with caches of keys and values
// (rewrites/with_cache.h), tokens chosen on the host: the most likely ones.
//
// A query is the prompt, up to the first token; or `new_tokens` tokens, one
// after the other, behind the prompt of the first sample, whose keys are there
// before the clock runs.
class DecodeSystem final : public TimedSystem {
 public:
  // UNAVAILABLE says why it is no causal network from "tokens" to "logits".
  // UNIMPLEMENTED lists every node that the device cannot run.
  static absl::StatusOr<std::unique_ptr<DecodeSystem>> Make(
      Device* device, const Graph& graph, const ParameterStore& parameters,
      const DecodeSystemOptions& options);

  absl::Status LoadBatches(BatchSource& source, int64_t count) override;
  absl::Status Answer(absl::Span<const int64_t> samples) override;
  int64_t samples() const override {
    return options_.prefill ? static_cast<int64_t>(prompts_.size()) : 1;
  }
  int64_t bytes() const override { return bytes_; }
  std::string form() const override;

  const DecodeSystemOptions& options() const { return options_; }  // settled
  // What the last query wrote.
  const std::vector<int32_t>& written() const { return written_; }

 private:
  explicit DecodeSystem(Device* device) : caches_(device) {}

  // The most likely token behind `tokens`, which begin at `position`.
  absl::StatusOr<int32_t> Run(absl::Span<const int32_t> tokens,
                              int64_t position);

  DecodeSystemOptions options_;
  int64_t bytes_ = 0;
  DeviceParameters caches_;
  std::map<int64_t, std::unique_ptr<Session>> sessions_;  // by positions
  std::vector<std::vector<int32_t>> prompts_;
  int32_t first_ = 0;  // token behind the first prompt
  std::vector<int32_t> written_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_DECODE_SYSTEM_H_
