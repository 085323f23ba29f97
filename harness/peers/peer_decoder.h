// Greedy decoding as a peer does it: a prompt, then tokens one by one.
#ifndef ASSAY_HARNESS_PEERS_PEER_DECODER_H_
#define ASSAY_HARNESS_PEERS_PEER_DECODER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/backend/session.h"
#include "harness/models/lmd/lmd.h"

namespace assay {

// The shape of lmd-s.
LmdOptions LmdS();

class PeerDecoder {
 public:
  // A decoder of this shape as it starts, with matrices of `precision` ("f32",
  // "bf16" or "int8"); the prompt is drawn.
  static absl::StatusOr<std::unique_ptr<PeerDecoder>> Make(
      Device* device, const LmdOptions& lmd, int64_t prompt, int64_t tokens,
      const std::string& precision, int threads);

  // Decodes a sequence; the seconds that the tokens behind the prompt took.
  absl::StatusOr<double> Decode();
  int64_t tokens() const { return tokens_; }
  // Of the last sequence.
  const std::vector<int32_t>& decoded() const { return decoded_; }
  Session& session() { return *session_; }

 private:
  PeerDecoder(Device* device, int64_t tokens)
      : caches_(device), tokens_(tokens) {}
  // Runs one token; the most likely next one.
  absl::StatusOr<int32_t> Step(int32_t token, int64_t position);

  DeviceParameters caches_;
  std::unique_ptr<Session> session_;
  std::vector<int32_t> prompt_, decoded_;
  int64_t tokens_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_PEERS_PEER_DECODER_H_
