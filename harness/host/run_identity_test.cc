#include "harness/host/run_identity.h"

#include "gtest/gtest.h"
#include "harness/host/run_spec.pb.h"
#include "harness/report/report.pb.h"

namespace assay {
namespace {

RunSpec Spec() {
  RunSpec spec;
  spec.set_method("magnitude");
  spec.set_label("lamp");
  spec.set_task("cifar10_resnet20");
  spec.set_seed(3);
  spec.set_backend("cpu");
  (*spec.mutable_parameters())["scope"] = "lamp";
  (*spec.mutable_parameters())["epochs"] = "2";
  spec.add_budgets()->set_sparsity(0.95);
  return spec;
}

TEST(RunIdentityTest, PlacesDoNotCount) {
  RunSpec moved = Spec();
  moved.set_output_dir("/elsewhere");
  moved.set_data_dir("/data");
  moved.set_suite("desk");
  moved.set_suite_sha256(std::string(64, 'a'));
  moved.set_sweep("0123");
  moved.set_sweep_index(4);
  moved.mutable_limits()->set_seconds(3);
  moved.set_network_path("/networks/mine.onnx");
  EXPECT_EQ(RunHash(moved), RunHash(Spec()));
  EXPECT_EQ(RunHash(moved).size(), 64u);
}

TEST(RunIdentityTest, WhatDecidesTheResultCounts) {
  RunSpec other = Spec();
  other.set_seed(4);
  EXPECT_NE(RunHash(other), RunHash(Spec()));
  other = Spec();
  (*other.mutable_parameters())["epochs"] = "3";
  EXPECT_NE(RunHash(other), RunHash(Spec()));
  other = Spec();
  other.mutable_network()->set_sha256("ab");
  EXPECT_NE(RunHash(other), RunHash(Spec()));
}

TEST(RunIdentityTest, TheTextHoldsWhatIsNeededToRunAgain) {
  RunSpec spec = Spec();
  spec.mutable_limits()->set_seconds(3);
  spec.set_suite("desk");
  spec.set_training_precision("bf16");
  spec.mutable_measure()->add_batch_sizes(32);
  RunSpec placed = spec;
  placed.set_output_dir("/elsewhere");
  placed.set_data_dir("/data");
  placed.set_plugin_path("/plugins/magnitude.so");
  placed.set_command_line("assay run desk");
  EXPECT_EQ(RunText(placed), RunText(spec));
  RunSpec read;
  ASSERT_TRUE(ParseRunText(RunText(placed), &read).ok());
  EXPECT_EQ(read.SerializeAsString().size(), spec.SerializeAsString().size());
  EXPECT_EQ(RunHash(read), RunHash(spec));
  EXPECT_EQ(read.limits().seconds(), 3);
  EXPECT_FALSE(ParseRunText("", &read).ok());
  EXPECT_FALSE(ParseRunText("no spec", &read).ok());
}

TEST(RunIdentityTest, NamesBudgets) {
  Budget budget;
  EXPECT_EQ(BudgetName(budget), "none");
  budget.set_macs_fraction(0.5);
  budget.set_weight_bits(8);
  EXPECT_EQ(BudgetName(budget), "macs_fraction<=0.5,weight_bits<=8");
  Budget bytes;
  bytes.set_bytes(123456789);
  EXPECT_EQ(BudgetName(bytes), "bytes<=123456789");
}

TEST(RunIdentityTest, FillsFromTheSpecAndKeepsTheRest) {
  RunIdentity identity;
  identity.set_domain("vision");
  RunSpec spec = Spec();
  spec.mutable_network()->set_sha256("ab");
  FillIdentity(spec, &identity);
  FillIdentity(spec, &identity);  // once more changes nothing
  EXPECT_EQ(identity.domain(), "vision");
  EXPECT_EQ(identity.method(), "magnitude");
  EXPECT_EQ(identity.label(), "lamp");
  EXPECT_EQ(identity.network_sha256(), "ab");
  ASSERT_EQ(identity.method_settings_size(), 2);
  EXPECT_EQ(identity.method_settings(0).key(), "epochs");
  ASSERT_EQ(identity.budgets_size(), 1);
  EXPECT_EQ(identity.budgets(0), "sparsity>=0.95");
  EXPECT_EQ(identity.spec(), RunText(spec));
}

}  // namespace
}  // namespace assay
