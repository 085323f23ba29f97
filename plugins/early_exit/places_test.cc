#include "plugins/early_exit/places.h"

#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay::early_exit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<int32_t> ValuesOf(const std::vector<Place>& places) {
  std::vector<int32_t> values;
  for (const Place& place : places) values.push_back(place.value);
  return values;
}

// Parameters are 100 and up.
TEST(NarrowPlacesTest, TheLastValueOfEachLayerOfAChain) {
  const std::vector<Step> steps = {{{}, {0}},            // the input
                                   {{0, 100}, {1}, 8},   // a layer,
                                   {{1}, {2}},           // its activation
                                   {{100, 101}, {102}},  // a weight made of two
                                   {{2, 102}, {3}, 4},   // another layer
                                   {{3}, {4}},           //
                                   {{4, 103}, {5}, 1}};  // the logits
  const std::vector<Place> places = NarrowPlaces(steps, 5);
  EXPECT_THAT(ValuesOf(places), ElementsAre(2, 4));
  EXPECT_EQ(places[0].macs, 8);
  EXPECT_EQ(places[1].macs, 12);
}

TEST(NarrowPlacesTest, NothingWithinAResidualBlockOrBesideASecondInput) {
  const std::vector<Step> block = {{{}, {0}},          {{0, 100}, {1}, 8},
                                   {{1, 101}, {2}, 8}, {{2, 1}, {3}},
                                   {{3}, {4}},         {{4, 102}, {5}, 1}};
  EXPECT_THAT(ValuesOf(NarrowPlaces(block, 5)), ElementsAre(1, 4));
  const std::vector<Step> masked = {
      {{}, {0}}, {{}, {1}}, {{0, 100}, {2}, 8}, {{2, 1}, {3}, 4}};
  EXPECT_THAT(NarrowPlaces(masked, 3), IsEmpty());
}

TEST(SpreadPlacesTest, NearestToEqualShares) {
  std::vector<Place> places = {{0, 0}, {1, 10}, {2, 30}, {3, 60}, {4, 95}};
  EXPECT_THAT(ValuesOf(SpreadPlaces(places, 2, 100)), ElementsAre(2, 3));
  EXPECT_THAT(ValuesOf(SpreadPlaces(places, 1, 100)), ElementsAre(3));
  EXPECT_THAT(ValuesOf(SpreadPlaces(places, 9, 100)), ElementsAre(1, 2, 3));
  EXPECT_THAT(SpreadPlaces({{0, 0}, {4, 95}}, 2, 100), IsEmpty());
}

}  // namespace
}  // namespace assay::early_exit
