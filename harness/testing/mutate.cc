#include "harness/testing/mutate.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>

namespace assay {

std::string MutateBytes(std::string bytes, RandomStream* random) {
  const auto below = [&](size_t n) {
    return static_cast<size_t>(random->Below(n));
  };
  const size_t changes = 1 + below(4);
  for (size_t i = 0; i < changes && !bytes.empty(); ++i) {
    const size_t at = below(bytes.size());
    const size_t length = 1 + below(std::min<size_t>(16, bytes.size() - at));
    constexpr unsigned char kBytes[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 1:
        bytes[at] = static_cast<char>(kBytes[below(5)]);
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 4:
        bytes.erase(at, length);
        break;
      default:
        bytes.replace(at, length, bytes.substr(below(bytes.size()), length));
    }
  }
  return bytes;
}

int64_t OddInteger(RandomStream* random) {
  constexpr int64_t kLow = std::numeric_limits<int64_t>::min();
  constexpr int64_t kHigh = std::numeric_limits<int64_t>::max();
  constexpr int64_t kOdd[] = {0,
                              1,
                              -1,
                              2,
                              3,
                              -2,
                              7,
                              16,
                              1000,
                              1 << 20,
                              1 << 24,
                              -100000,
                              1 << 30,
                              kHigh,
                              kLow,
                              int64_t{1} << 31,
                              int64_t{1} << 40,
                              kHigh / 2};
  return kOdd[random->Below(std::size(kOdd))];
}

}  // namespace assay
