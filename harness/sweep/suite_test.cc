#include "harness/sweep/suite.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/host/run_spec.pb.h"
#include "harness/sweep/suite.pb.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

std::string Write(const std::string& text) {
  const std::string path = testing::TempDir() + "/suite.textproto";
  EXPECT_TRUE(WriteFileAtomically(path, text).ok());
  return path;
}

constexpr char kTwoByTwo[] = R"(
  name: "s"
  blocks {
    methods { name: "null" }
    methods {
      name: "magnitude"
      label: "lamp"
      parameters { key: "alloc" value: "lamp" }
      parameters { key: "score" value: "mag" }
    }
    tasks: "a" tasks: "b"
    budgets { sparsity: 0.9 }
    seeds: 0 seeds: 7
  }
)";

TEST(SuiteTest, ExpandsEveryMethodTaskAndSeedWithTheFirstSeedFirst) {
  auto suite = ReadSuite(Write(kTwoByTwo));
  ASSERT_TRUE(suite.ok()) << suite.status();
  auto runs = ExpandSuite(*suite);
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_EQ(runs->size(), 8u);
  EXPECT_EQ((*runs)[0].label(), "null");  // the label is the name by default
  EXPECT_EQ((*runs)[1].label(), "lamp");
  EXPECT_EQ((*runs)[1].task(), "a");
  EXPECT_EQ((*runs)[1].budgets(0).sparsity(), 0.9);
  EXPECT_EQ((*runs)[3].seed(), 0u);
  EXPECT_EQ((*runs)[4].seed(), 7u);
  EXPECT_EQ((*runs)[0].backend(), "cpu");
}

TEST(SuiteTest, RunIdHashesWhatARunIsAndNotWhereItWorks) {
  RunSpec a;
  a.set_method("null");
  a.set_task("t");
  RunSpec b = a;
  b.set_output_dir("/elsewhere");
  b.set_suite("other");
  b.set_command_line("assay run other");
  EXPECT_EQ(RunId(a), RunId(b));
  b.set_seed(1);
  EXPECT_NE(RunId(a), RunId(b));
  EXPECT_EQ(RunId(a).size(), 12u);
}

TEST(SuiteTest, RunIdDoesNotDependOnTheOrderOfParameters) {
  RunSpec a, b;
  (*a.mutable_parameters())["x"] = "1";
  (*a.mutable_parameters())["y"] = "2";
  (*b.mutable_parameters())["y"] = "2";
  (*b.mutable_parameters())["x"] = "1";
  EXPECT_EQ(RunId(a), RunId(b));
}

TEST(SuiteTest, SyntaxErrorNamesFileLineAndColumn) {
  const std::string path = Write("name: \"s\"\nblocks { metods: 1 }\n");
  auto suite = ReadSuite(path);
  ASSERT_FALSE(suite.ok());
  EXPECT_THAT(std::string(suite.status().message()), HasSubstr(path));
  EXPECT_THAT(std::string(suite.status().message()), HasSubstr("line 2"));
}

TEST(SuiteTest, RefusesTheSameRunTwice) {
  auto suite = ReadSuite(Write(R"(
    name: "s"
    blocks { methods { name: "null" } tasks: "a" seeds: 1 }
    blocks { methods { name: "null" } tasks: "a" seeds: 1 }
  )"));
  ASSERT_TRUE(suite.ok()) << suite.status();
  auto runs = ExpandSuite(*suite);
  ASSERT_FALSE(runs.ok());
  EXPECT_THAT(std::string(runs.status().message()),
              HasSubstr("block 2: null on a with seed 1 stands in block 1"));
}

TEST(SuiteTest, RefusesBlocksThatCannotRun) {
  const struct {
    const char* text;
    const char* message;
  } kCases[] = {
      {"name: 's'", "has no blocks"},
      {"blocks {}", "has no name"},
      {"name: 's' blocks { tasks: 'a' seeds: 1 }", "got 0, 1 and 1"},
      {"name: 's' blocks { methods { name: 'n' } tasks: 'a' seeds: 1 "
       "budgets { sparsity: 1 } }",
       "sparsity must be in [0, 1), got 1"},
      {"name: 's' blocks { methods { name: 'n' } tasks: 'a' seeds: 1 "
       "budgets { macs_fraction: 1.5 } }",
       "macs_fraction must be in [0, 1], got 1.5"},
      {"name: 's' blocks { methods { name: 'n' } tasks: 'a' seeds: 1 "
       "budgets { weight_bits: -8 } }",
       "bits must be in [0, 32], got -8"},
  };
  for (const auto& c : kCases) {
    auto suite = ReadSuite(Write(c.text));
    ASSERT_FALSE(suite.ok()) << c.text;
    EXPECT_THAT(std::string(suite.status().message()), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace assay
