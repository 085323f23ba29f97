// Content hashes: SHA-256 (OpenSSL), as lower-case hexadecimal.
#ifndef ASSAY_HARNESS_CORE_HASH_H_
#define ASSAY_HARNESS_CORE_HASH_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

// Feeds bytes piece by piece; Hex() ends it.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(const void* data, size_t bytes);
  void Update(absl::string_view text) { Update(text.data(), text.size()); }
  // 64 hexadecimal digits. The object may not be used afterwards.
  std::string Hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Sha256Hex(absl::string_view bytes);

// Streams the file; NOT_FOUND or UNAVAILABLE names the path.
absl::StatusOr<std::string> Sha256OfFile(const std::string& path);

}  // namespace assay

#endif  // ASSAY_HARNESS_CORE_HASH_H_
