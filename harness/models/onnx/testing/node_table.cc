#include "harness/models/onnx/testing/node_table.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace assay {
namespace {

struct Row {
  int tests = 0, passed = 0;
  std::vector<std::string> refused;
};

std::string Short(const std::string& test) {
  return std::string(absl::StripPrefix(test, "test_"));
}

}  // namespace

std::string NodeTable(const std::vector<NodeResult>& results,
                      const std::vector<std::string>& claimed) {
  std::map<std::string, Row> rows;
  for (const std::string& op : claimed) rows[op];
  int passed = 0;
  std::map<std::string, int> unclaimed;
  for (const NodeResult& r : results) {
    passed += r.verdict == NodeVerdict::kPassed;
    if (r.op != "several" && rows.count(r.op) == 0) {
      ++unclaimed[r.op];
      continue;
    }
    Row& row = rows[r.op];
    ++row.tests;
    row.passed += r.verdict == NodeVerdict::kPassed;
    if (r.verdict != NodeVerdict::kPassed) row.refused.push_back(Short(r.test));
  }
  std::string text = absl::StrCat(
      "# ONNX's node tests\n\nMade by `node_test`; do not edit. ", passed,
      " of ", results.size(), " tests of ONNX 1.12 pass on the cpu backend; ",
      "none fails: the others are refused by name before anything runs.\n\n",
      "| op | tests | passed | refused |\n|---|---|---|---|\n");
  for (const auto& [op, row] : rows) {
    absl::StrAppend(&text, "| ", op, " | ", row.tests, " | ", row.passed, " | ",
                    absl::StrJoin(row.refused, " "), " |\n");
  }
  absl::StrAppend(&text, "\nNot imported (tests): ",
                  absl::StrJoin(unclaimed, ", ",
                                [](std::string* out, const auto& entry) {
                                  absl::StrAppend(out, entry.first, " (",
                                                  entry.second, ")");
                                }),
                  ".\n");
  return text;
}

}  // namespace assay
