#include "harness/train/batch.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

// Batch k holds the number k; batch `broken` fails.
class Numbers : public BatchSource {
 public:
  explicit Numbers(int64_t broken = -1) : broken_(broken) {}
  int64_t batch_size() const override { return 1; }
  int64_t batch_count() const override { return 4; }
  absl::StatusOr<Batch> Make(int64_t number) override {
    if (number == broken_) return absl::DataLossError("broken");
    ++made;
    return Batch{{{"x", Tensor::From<int64_t>({}, {number})}}, 1};
  }
  int64_t made = 0;  // read after the prefetcher has gone

 private:
  int64_t broken_;
};

TEST(PrefetcherTest, GivesBatchesInOrderThenOutOfRange) {
  Numbers source;
  Prefetcher batches(&source, 3, 6);
  for (int64_t k = 3; k < 6; ++k) {
    const auto batch = batches.Next();
    ASSERT_TRUE(batch.ok());
    EXPECT_EQ(batch->feeds[0].second.data<int64_t>()[0], k);
  }
  EXPECT_EQ(batches.Next().status().code(), absl::StatusCode::kOutOfRange);
}

TEST(PrefetcherTest, AnErrorComesAtItsBatchAndStays) {
  Numbers source(/*broken=*/1);
  Prefetcher batches(&source, 0, 5);
  EXPECT_TRUE(batches.Next().ok());
  EXPECT_EQ(batches.Next().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(batches.Next().status().code(), absl::StatusCode::kDataLoss);
}

TEST(PrefetcherTest, StopsEarlyWithoutMakingTheRest) {
  Numbers source;
  { Prefetcher batches(&source, 0, 1000000); }
  EXPECT_LE(source.made, 3);  // two in memory, one under way
}

}  // namespace
}  // namespace assay
