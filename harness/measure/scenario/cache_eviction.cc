#include "harness/measure/scenario/cache_eviction.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

constexpr int64_t kLine = 64;  // bytes of a cache line

}  // namespace

absl::StatusOr<int64_t> CacheBytes(const std::string& size) {
  absl::string_view digits = size;
  int64_t unit = 1;
  if (absl::ConsumeSuffix(&digits, "K")) unit = int64_t{1} << 10;
  if (absl::ConsumeSuffix(&digits, "M")) unit = int64_t{1} << 20;
  if (absl::ConsumeSuffix(&digits, "G")) unit = int64_t{1} << 30;
  int64_t count = 0;
  if (!absl::SimpleAtoi(digits, &count) || count <= 0 ||
      count > (int64_t{1} << 40) / unit) {
    return absl::InvalidArgumentError(
        absl::StrCat("size of a cache: expected a number and K, M or G, got \"",
                     size, "\""));
  }
  return count * unit;
}

absl::StatusOr<int64_t> BytesToEvict(
    absl::Span<const std::pair<std::string, std::string>> caches) {
  int64_t largest = 0;
  for (const auto& [name, size] : caches) {
    if (absl::EndsWith(name, "i")) continue;  // instructions
    ASSAY_ASSIGN_OR_RETURN(const int64_t bytes, CacheBytes(size));
    largest = std::max(largest, bytes);
  }
  if (largest > 0) return 2 * largest;
  return absl::UnavailableError(
      "cold caches: the kernel does not say how large the caches are "
      "(/sys/devices/system/cpu/cpu0/cache)");
}

CacheEvictor::CacheEvictor(int64_t bytes)
    : buffer_(static_cast<size_t>(std::max(bytes, kLine))) {}

void CacheEvictor::Evict() {
  ++round_;
  const int64_t lines = static_cast<int64_t>(buffer_.size()) / kLine;
  unsigned char* const data = buffer_.data();
  const unsigned char value = round_;
  // Shares first, so that no two threads write one line.
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < lines; ++i) data[i * kLine] = value;
  unsigned sum = 0;
#pragma omp parallel reduction(+ : sum)
  for (int64_t i = 0; i < lines; ++i) sum += data[i * kLine];
  sum_ += sum;
}

}  // namespace assay
