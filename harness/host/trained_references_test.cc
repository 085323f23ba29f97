#include "harness/host/trained_references.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

RunSpec Spec() {
  RunSpec spec;
  spec.set_method("magnitude");
  spec.set_task("shapes-resnet8");
  spec.set_backend("cpu");
  spec.set_training_precision("f32");
  spec.set_cache_dir("/cache");
  spec.set_seed(1);
  return spec;
}

TrainResult Result() {
  TrainResult result;
  result.mutable_outcome()->set_status(Outcome::OK);
  result.mutable_reference()->set_weights_sha256("abc");
  result.mutable_ledger()->set_steps(12);
  result.add_phases()->set_seconds(3);
  return result;
}

TEST(TrainedReferencesTest, MethodAndSeedShareANetwork) {
  TrainedReferences trained;
  EXPECT_EQ(trained.Find(Spec()), nullptr);
  trained.Remember(Spec(), Result());
  RunSpec other = Spec();
  other.set_method("quantization");
  other.set_seed(2);
  const TrainResult* found = trained.Find(other);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->reference().weights_sha256(), "abc");
  EXPECT_EQ(found->ledger().steps(), 12u);
  EXPECT_TRUE(found->was_cached());
  EXPECT_EQ(found->phases_size(), 0);
}

TEST(TrainedReferencesTest, WhatDecidesTheNetworkTellsRunsApart) {
  TrainedReferences trained;
  trained.Remember(Spec(), Result());
  RunSpec task = Spec(), backend = Spec(), precision = Spec(), cache = Spec(),
          data = Spec(), threads = Spec(), network = Spec();
  task.set_task("grammar-lmd");
  backend.set_backend("reference");
  precision.set_training_precision("bf16");
  cache.set_cache_dir("/other");
  data.set_data_dir("/data");
  threads.set_threads(1);
  network.mutable_network()->set_sha256("ab");
  for (const RunSpec& other :
       {task, backend, precision, cache, data, threads, network}) {
    EXPECT_EQ(trained.Find(other), nullptr) << other.ShortDebugString();
  }
}

}  // namespace
}  // namespace assay
