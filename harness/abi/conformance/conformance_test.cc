// Every check can fail: modules that break one rule each are caught by the
// check that is meant for it, and a sound one passes all.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/abi/conformance/checks.h"
#include "harness/abi/conformance/image.h"
#include "harness/abi/conformance/isolate.h"
#include "harness/core/file.h"

namespace assay::conformance {
namespace {

using ::testing::HasSubstr;

std::string PathOf(const std::string& name) {
  return "harness/abi/conformance/bad_" + name + ".so";
}

std::string Outcome(const std::string& check, const std::string& module) {
  for (const Check& c : Checks()) {
    if (c.name == check) {
      return RunIsolated([&] { return c.run(PathOf(module), {}); }, 8);
    }
  }
  return "no such check";
}

struct Case {
  const char* module;
  const char* check;
  const char* wrong;
};

class BadModuleTest : public ::testing::TestWithParam<Case> {};

TEST_P(BadModuleTest, IsCaught) {
  EXPECT_THAT(Outcome(GetParam().check, GetParam().module),
              HasSubstr(GetParam().wrong));
}

INSTANTIATE_TEST_SUITE_P(
    Kit, BadModuleTest,
    ::testing::Values(
        Case{"crash_in_open", "L0.opens_quietly", "signal 6"},
        Case{"two_exports", "L0.one_export", "another_export"},
        Case{"prints", "L0.opens_quietly", "printed at open"},
        Case{"ignores_negotiation", "L1.refuses_older_hosts", "got 0"},
        Case{"ignores_negotiation", "L1.refuses_newer_hosts", "got 0"},
        Case{"card", "L1.cards_are_sound", "expected lower-case letters"},
        Case{"throws", "L1.makes_and_drops", "thrown in make"},
        Case{"garbage", "L1.makes_and_drops", "has no table assay.method/1"},
        Case{"exits", "L1.runs_and_meets_budgets", "ended without a result"},
        Case{"misses_budget", "L1.runs_and_meets_budgets",
             "expected a sparsity of at least 0.5"},
        Case{"leaks", "L1.keeps_the_rules", "without freeing 1 handles"},
        Case{"wrong_thread", "L1.keeps_the_rules", "called from a thread"},
        Case{"global_state", "L1.instances_are_independent",
             "but two runs differ"},
        Case{"ignores_stop", "L1.stops_when_asked", "no end after"},
        Case{"trusts_tables", "L1.survives_poor_hosts", "signal 11"}),
    [](const auto& test) {
      std::string check = test.param.check;
      for (char& c : check) {
        if (c == '.') c = '_';
      }
      return std::string(test.param.module) + "_" + check;
    });

TEST(ImageTest, RefusesWhatIsNoSharedObject) {
  EXPECT_FALSE(ReadImage("").ok());
  EXPECT_FALSE(ReadImage(std::string(64, 'x')).ok());
  auto bytes = ReadFile(PathOf("prints"));
  ASSERT_TRUE(bytes.ok());
  ASSERT_TRUE(ReadImage(*bytes).ok());
  for (size_t keep = 0; keep < bytes->size(); keep += bytes->size() / 97) {
    (void)ReadImage(bytes->substr(0, keep));  // no crash
  }
}

TEST(IsolateTest, SaysHowAChildEnded) {
  EXPECT_EQ(RunIsolated([] { return std::string(); }, 5), "");
  EXPECT_EQ(RunIsolated([] { return std::string("wrong"); }, 5), "wrong");
  EXPECT_THAT(RunIsolated([]() -> std::string { _exit(3); }, 5),
              HasSubstr("exit code 3"));
}

}  // namespace
}  // namespace assay::conformance
