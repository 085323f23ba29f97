#include "harness/graph/parameter_store.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(ParameterStoreTest, HoldsValuesByName) {
  ParameterStore store;
  store.Set("b", Tensor::From<float>({2}, {1, 2}));
  store.Set("a", Tensor::Zeros(DType::kS8, {3}));
  EXPECT_THAT(store.Names(), testing::ElementsAre("a", "b"));
  EXPECT_EQ(store.bytes(), 11);
  EXPECT_TRUE(store.Has("a"));
  store.Erase("a");
  EXPECT_FALSE(store.Has("a"));
  EXPECT_EQ(store.size(), 1u);
  EXPECT_EQ(store.Get("a").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store.Get("a").status().message(), "no parameter 'a' among 1");
}

TEST(ParameterStoreTest, CopiesShareAndClonesDoNot) {
  ParameterStore store;
  store.Set("w", Tensor::From<float>({1}, {1}));
  ParameterStore copy = store, clone = store.Clone();
  store.Find("w")->data<float>()[0] = 5;
  EXPECT_EQ(copy.Find("w")->data<float>()[0], 5);
  EXPECT_EQ(clone.Find("w")->data<float>()[0], 1);
}

}  // namespace
}  // namespace assay
