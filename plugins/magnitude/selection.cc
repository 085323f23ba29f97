#include "plugins/magnitude/selection.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

namespace assay::magnitude {
namespace {

struct Entry {
  double score;
  uint32_t tensor;
  uint32_t index;
  bool operator<(const Entry& o) const {
    return std::tie(score, tensor, index) <
           std::tie(o.score, o.tensor, o.index);
  }
};

sdk::Status Collect(const std::vector<MaskedScores>& tensors,
                    std::vector<Entry>* entries) {
  for (size_t t = 0; t < tensors.size(); ++t) {
    const MaskedScores& tensor = tensors[t];
    if (tensor.scores.size() != tensor.mask.size()) {
      return sdk::InvalidArgument("tensor " + std::to_string(t) + " has " +
                                  std::to_string(tensor.scores.size()) +
                                  " scores for a mask of " +
                                  std::to_string(tensor.mask.size()));
    }
    for (size_t i = 0; i < tensor.mask.size(); ++i) {
      if (tensor.mask[i] == 0) continue;
      if (std::isnan(tensor.scores[i])) {
        return sdk::InvalidArgument("the score of tensor " + std::to_string(t) +
                                    ", index " + std::to_string(i) +
                                    " is not a number");
      }
      entries->push_back({tensor.scores[i], static_cast<uint32_t>(t),
                          static_cast<uint32_t>(i)});
    }
  }
  return sdk::OkStatus();
}

}  // namespace

sdk::Status DropLowest(const std::vector<MaskedScores>& tensors,
                       int64_t count) {
  std::vector<Entry> entries;
  ASSAY_RETURN_IF_ERROR(Collect(tensors, &entries));
  if (count < 0 || count > static_cast<int64_t>(entries.size())) {
    return sdk::InvalidArgument("cannot drop " + std::to_string(count) +
                                " of " + std::to_string(entries.size()) +
                                " alive weights");
  }
  const auto cut = entries.begin() + count;
  std::nth_element(entries.begin(), cut, entries.end());
  for (auto e = entries.begin(); e != cut; ++e) {
    tensors[e->tensor].mask[e->index] = 0;
  }
  return sdk::OkStatus();
}

int64_t CountAlive(sdk::Span<const uint8_t> mask) {
  return std::count_if(mask.begin(), mask.end(),
                       [](uint8_t m) { return m != 0; });
}

}  // namespace assay::magnitude
