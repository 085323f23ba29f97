#include "harness/core/random.h"

#include <cassert>
#include <cmath>
#include <numeric>
#include <utility>

namespace assay {
namespace {

// The finaliser of SplitMix64: every input bit moves every output bit.
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// FNV-1a over the name, from a basis that depends on the seed.
uint64_t HashKey(uint64_t seed, absl::string_view name) {
  uint64_t h = 0xcbf29ce484222325u ^ Mix(seed + 0x9e3779b97f4a7c15u);
  for (char c : name) {
    h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return Mix(h);
}

uint32_t Low(uint64_t x) { return static_cast<uint32_t>(x); }
uint32_t High(uint64_t x) { return static_cast<uint32_t>(x >> 32); }

// Box-Muller: two independent standard normals.
std::pair<double, double> NormalPair(RandomStream& stream) {
  const double u = 1.0 - stream.UniformDouble();  // (0, 1]: log is finite
  const double angle = 2.0 * M_PI * stream.UniformDouble();
  const double radius = std::sqrt(-2.0 * std::log(u));
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

}  // namespace

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> c,
                                   std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xd2511f53} * c[0];
    const uint64_t b = uint64_t{0xcd9e8d57} * c[2];
    c = {High(b) ^ c[1] ^ k[0], Low(b), High(a) ^ c[3] ^ k[1], Low(a)};
    k = {k[0] + 0x9e3779b9u, k[1] + 0xbb67ae85u};
  }
  return c;
}

RandomStream::RandomStream(uint64_t seed, absl::string_view name) {
  const uint64_t key = HashKey(seed, name);
  key_ = {Low(key), High(key)};
}

void RandomStream::FillBlock() {
  const uint64_t index = position_ / 4;
  block_ = Philox4x32({Low(index), High(index), 0, 0}, key_);
}

uint32_t RandomStream::NextU32() {
  if (position_ % 4 == 0) FillBlock();
  return block_[position_++ % 4];
}

uint64_t RandomStream::NextU64() {
  const uint64_t low = NextU32();
  return low | (uint64_t{NextU32()} << 32);
}

uint64_t RandomStream::Below(uint64_t n) {
  assert(n >= 1);
  // Lemire 2019: the high word of a 128-bit product, after rejecting the
  // 2^64 mod n lowest products that would favour some values.
  const uint64_t reject = (0 - n) % n;
  while (true) {
    const unsigned __int128 product =
        static_cast<unsigned __int128>(NextU64()) * n;
    if (static_cast<uint64_t>(product) >= reject) {
      return static_cast<uint64_t>(product >> 64);
    }
  }
}

float RandomStream::Uniform() {
  return static_cast<float>(NextU32() >> 8) * 0x1p-24f;
}

double RandomStream::UniformDouble() {
  return static_cast<double>(NextU64() >> 11) * 0x1p-53;
}

float RandomStream::Normal() {
  return static_cast<float>(NormalPair(*this).first);
}

void RandomStream::FillUniform(absl::Span<float> out, float low, float high) {
  for (float& x : out) x = low + (high - low) * Uniform();
}

void RandomStream::FillNormal(absl::Span<float> out, float mean, float stddev) {
  for (size_t i = 0; i < out.size(); i += 2) {
    const auto [first, second] = NormalPair(*this);
    out[i] = static_cast<float>(mean + stddev * first);
    if (i + 1 < out.size()) {
      out[i + 1] = static_cast<float>(mean + stddev * second);
    }
  }
}

void RandomStream::Shuffle(absl::Span<int64_t> values) {
  for (size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[Below(i)]);
  }
}

std::vector<int64_t> RandomStream::Permutation(int64_t n) {
  std::vector<int64_t> values(static_cast<size_t>(n));
  std::iota(values.begin(), values.end(), int64_t{0});
  Shuffle(absl::MakeSpan(values));
  return values;
}

void RandomStream::Seek(uint64_t position) {
  position_ = position;
  if (position_ % 4 != 0) FillBlock();
}

}  // namespace assay
