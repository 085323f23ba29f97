// The fastest loops of this processor against those that every one has.
#include "harness/ops/fused/cpu/attention_bytes.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/ops/fused/cpu/attention_rows.h"

namespace assay::cpu {
namespace {

template <typename T>
std::vector<T> Drawn(int64_t n, const char* name) {
  std::vector<T> values(static_cast<size_t>(n));
  RandomStream stream(4, name);
  for (T& v : values) v = static_cast<T>(stream.Below(uint64_t{1} << 32));
  return values;
}

TEST(AttentionBytesTest, ProductsAreEqual) {
  for (const int64_t columns : {16, 32, 64, 112, 208}) {
    for (const int64_t inner : {1, 7}) {
      const auto a = Drawn<uint32_t>(kBlockRows * inner, "a");
      const auto b = Drawn<uint32_t>(inner * columns, "b");
      const auto start = Drawn<int32_t>(columns, "start");
      std::vector<int32_t> want(static_cast<size_t>(kBlockRows * columns));
      std::vector<int32_t> got = want;
      for (const int32_t* from :
           {static_cast<const int32_t*>(nullptr), start.data()}) {
        PlainByteLoops().product(a.data(), inner, b.data(), columns, inner,
                                 columns, from, want.data(), columns);
        FindByteLoops().product(a.data(), inner, b.data(), columns, inner,
                                columns, from, got.data(), columns);
        EXPECT_EQ(want, got) << columns << " " << inner;
      }
    }
  }
}

TEST(AttentionBytesTest, WeightsAreAStepApartAtMost) {
  std::vector<int32_t> scores = Drawn<int32_t>(224, "scores");
  for (int32_t& s : scores) s %= 20000;
  std::vector<float> mask(224);
  RandomStream(4, "mask").FillNormal(absl::MakeSpan(mask), 0, 1);
  for (const int64_t n : {1, 15, 16, 17, 197, 208}) {
    for (const float* m : {static_cast<const float*>(nullptr),
                           static_cast<const float*>(mask.data())}) {
      for (const int64_t step : {0, 1}) {
        std::vector<uint8_t> want(224, 9), got(224, 9);
        const int32_t sum = PlainByteLoops().softmax(
            3e-4f, m, step, n, 208, scores.data(), want.data());
        const int32_t all = FindByteLoops().softmax(3e-4f, m, step, n, 208,
                                                    scores.data(), got.data());
        int32_t want_sum = 0, got_sum = 0, largest = 0;
        for (size_t i = 0; i < 208; ++i) {
          EXPECT_LE(std::abs(int{want[i]} - int{got[i]}), 1) << n << " " << i;
          want_sum += want[i];
          got_sum += got[i];
          largest = std::max<int32_t>(largest, got[i]);
          EXPECT_TRUE(static_cast<int64_t>(i) < n || got[i] == 0) << i;
        }
        EXPECT_EQ(sum, want_sum);
        EXPECT_EQ(all, got_sum);
        EXPECT_EQ(largest, 255);
        EXPECT_EQ(got[208], 9);  // nothing behind the row
      }
    }
  }
}

TEST(AttentionBytesTest, RowsAreJoinedAlike) {
  const auto bytes = Drawn<uint8_t>(4 * 40, "rows");
  for (const int64_t n : {3, 16, 35}) {
    for (const int present : {1, 4}) {
      const uint8_t* rows[4] = {};
      for (int r = 0; r < present; ++r) rows[r] = bytes.data() + 40 * r;
      std::vector<uint32_t> want(40, 1), got(40, 1);
      PlainByteLoops().join_rows(rows, 0x80808080u, n, want.data());
      FindByteLoops().join_rows(rows, 0x80808080u, n, got.data());
      EXPECT_EQ(want, got) << n;
      EXPECT_EQ(want[2] & 255u, uint32_t{bytes[2]} ^ 0x80u);
      EXPECT_EQ(want[static_cast<size_t>(n)], 1u);
    }
  }
}

TEST(AttentionBytesTest, SumsAreStoredOnTheSameGrid) {
  std::vector<int32_t> sums = Drawn<int32_t>(48, "sums");
  for (int32_t& s : sums) s %= 3000000;
  for (const int64_t n : {5, 16, 33}) {
    std::vector<uint8_t> want(48, 9), got(48, 9);
    // From far below the grid to far above it.
    PlainByteLoops().store(sums.data(), 2e-5f, 0.3f, 4.0f, 120, n, want.data());
    FindByteLoops().store(sums.data(), 2e-5f, 0.3f, 4.0f, 120, n, got.data());
    for (size_t i = 0; i < 48; ++i) {
      EXPECT_LE(std::abs(int{want[i]} - int{got[i]}), 1) << i;
    }
    EXPECT_EQ(got[static_cast<size_t>(n)], 9);
  }
}

}  // namespace
}  // namespace assay::cpu
