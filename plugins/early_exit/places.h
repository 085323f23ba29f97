// Where a network can be left: values through which everything goes that is
// computed after them.
#ifndef ASSAY_PLUGINS_EARLY_EXIT_PLACES_H_
#define ASSAY_PLUGINS_EARLY_EXIT_PLACES_H_

#include <cstdint>
#include <vector>

namespace assay::early_exit {

// One operation in execution order, by the numbers of its values. An input is a
// step that reads nothing and writes itself; a number that no step writes is a
// parameter.
struct Step {
  std::vector<int32_t> reads;
  std::vector<int32_t> writes;
  double macs = 0;
};

struct Place {
  int32_t value = -1;
  double macs = 0;  // of all steps up to it
};

// In order, none after the last use of `result`'s ancestors. Of places with the
// same work before them the last one alone: activations and pools that cost
// nothing belong to the layer that they follow.
std::vector<Place> NarrowPlaces(const std::vector<Step>& steps, int32_t result);

// At most `count` of them, each nearest to an equal share of `all_macs`: for
// two, to a third and to two thirds. A place that spares less than a tenth of
// the work, or has no work before it, is none.
std::vector<Place> SpreadPlaces(const std::vector<Place>& places, int64_t count,
                                double all_macs);

}  // namespace assay::early_exit

#endif  // ASSAY_PLUGINS_EARLY_EXIT_PLACES_H_
