#include "harness/core/hash.h"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace assay {
namespace {

// OpenSSL fails here only when memory is exhausted or the library is broken.
void Check(int ok) {
  if (ok != 1) {
    std::fprintf(stderr, "SHA-256 is not available from OpenSSL\n");
    std::abort();
  }
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  Check(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr));
}

Sha256::~Sha256() = default;

void Sha256::Update(const void* data, size_t bytes) {
  Check(EVP_DigestUpdate(state_->context, data, bytes));
}

std::string Sha256::Hex() {
  std::array<unsigned char, 32> digest;
  Check(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr));
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(digest.data()), digest.size()));
}

std::string Sha256Hex(absl::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Hex();
}

absl::StatusOr<std::string> Sha256OfFile(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    const int error = errno;
    const std::string what(
        absl::ErrnoToStatus(error, absl::StrCat("open ", path)).message());
    return error == ENOENT || error == ENOTDIR ? absl::NotFoundError(what)
                                               : absl::UnavailableError(what);
  }
  absl::Cleanup close = [file] { std::fclose(file); };
  Sha256 hash;
  std::vector<char> buffer(1 << 18);
  while (size_t got = std::fread(buffer.data(), 1, buffer.size(), file)) {
    hash.Update(buffer.data(), got);
  }
  if (std::ferror(file)) {
    return absl::UnavailableError(absl::StrCat("read ", path, " failed"));
  }
  return hash.Hex();
}

}  // namespace assay
