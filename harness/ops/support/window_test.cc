#include "harness/ops/support/window.h"

#include <vector>

#include "gtest/gtest.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;
using testing::HasSubstr;

TEST(WindowTest, ValidOutputsAreThoseWhoseTapLiesInside) {
  for (const int64_t stride : {1, 2, 3}) {
    for (const int64_t dilation : {1, 2}) {
      for (const int64_t pad : {0, 1, 3}) {
        const Attributes attributes = {{"strides", Ints{stride, stride}},
                                       {"dilations", Ints{dilation, dilation}},
                                       {"pads", Ints{pad, pad, pad, pad}}};
        ASSERT_OK_AND_ASSIGN(const Windows windows,
                             MakeWindows(attributes, {7, 5}, {3, 2}));
        const Window& w = windows.y;
        for (int64_t k = 0; k < w.kernel; ++k) {
          for (int64_t o = 0; o < w.out; ++o) {
            const bool inside = w.Source(o, k) >= 0 && w.Source(o, k) < w.in;
            EXPECT_EQ(inside, o >= w.FirstOutput(k) && o < w.LastOutput(k))
                << "stride " << stride << " pad " << pad << " tap " << k;
          }
        }
      }
    }
  }
}

TEST(WindowTest, OutputsAreRoundedDown) {
  ASSERT_OK_AND_ASSIGN(const Windows windows,
                       MakeWindows({{"strides", Ints{2, 2}}}, {6, 7}, {3, 3}));
  EXPECT_EQ(windows.y.out, 2);
  EXPECT_EQ(windows.x.out, 3);
}

TEST(WindowTest, HugeAttributesDoNotOverflow) {
  const int64_t most = (int64_t{1} << 31) - 1;
  EXPECT_THAT(MakeWindows({{"dilations", Ints{most, most}}}, {8, 8},
                          {int64_t{1} << 40, 3}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("fits into the padded source")));
}

}  // namespace
}  // namespace assay
