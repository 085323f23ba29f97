#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/report/formats/format.h"
#include "harness/report/report_file.h"
#include "harness/report/testing/golden.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

constexpr char kFolder[] = "harness/report/formats/";

// Two runs of one task that ended well, and one that crashed.
std::vector<Report> Reports() {
  Report labelled = SampleReport();
  labelled.mutable_identity()->set_label("erk");
  labelled.mutable_identity()->set_seed(8);
  return {labelled, SampleCrash(), SampleReport()};
}

Comparison Compared() {
  Report now = SampleReport();
  now.mutable_candidates(0)->mutable_cost()->set_bytes_on_disk(26000);
  now.mutable_candidates(0)->mutable_budgets(0)->set_met(false);
  now.mutable_provenance()->set_machine_fingerprint(std::string(64, '9'));
  return CompareReports({SampleReport(), SampleCrash()}, {now});
}

// What a golden holds: all of a text; of a page only its data, a member a line,
// because what is around them is the same in every page.
std::string Essence(const std::string& text) {
  constexpr absl::string_view kData = "type=\"application/json\" id=\"data\">";
  const size_t start = text.find(kData.data());
  if (start == std::string::npos) return text;
  const size_t from = start + kData.size();
  const std::string data =
      text.substr(from, text.find("</script>", from) - from);
  return absl::StrReplaceAll(data, {{",\"", ",\n\""}, {"},{", "},\n{"}}) + "\n";
}

TEST(FormatsTest, EveryFormatAgainstItsGoldens) {
  for (const ReportFormat* format : ReportFormats()) {
    const auto check = [&](const char* what,
                           const absl::StatusOr<std::string>& text) {
      ASSERT_EQ(text.status(), absl::OkStatus()) << format->name;
      ExpectGolden(
          absl::StrCat(kFolder, format->name, "/testdata/", what, ".golden"),
          Essence(*text));
    };
    check("one", format->one(SampleReport()));
    check("crash", format->one(SampleCrash()));
    check("many", format->many(Reports()));
    check("comparison", format->comparison(Compared()));
  }
}

TEST(FormatsTest, FoundByName) {
  EXPECT_STREQ((*FindReportFormat("text"))->name, "text");
  EXPECT_EQ(FindReportFormat("xml").status().message(),
            "no report format \"xml\"; known: csv, github, html, json, junit, "
            "markdown, text");
}

TEST(FormatsTest, NothingToShow) {
  for (const ReportFormat* format : ReportFormats()) {
    EXPECT_TRUE(format->many({}).ok()) << format->name;
    EXPECT_TRUE(format->comparison(Comparison()).ok()) << format->name;
  }
}

// Whatever a reader accepts can be shown and compared.
TEST(FormatsTest, MutatedReportsCanBeShown) {
  RandomStream random(1, "formats_test");
  const std::string bytes =
      *EncodeReport(SampleReport(), ReportEncoding::kText);
  CompareOptions quick;
  quick.resamples = 50;
  int shown = 0;
  for (int i = 0; i < 200; ++i) {
    std::string changed = bytes;
    for (int edit = 0; edit < 2; ++edit) {
      const size_t at = random.Below(changed.size());
      if (changed[at] >= '0' && changed[at] <= '9') {
        changed[at] = static_cast<char>('0' + random.Below(10));
      } else {
        changed.erase(changed.rfind('\n', at) + 1,
                      changed.find('\n', at) - changed.rfind('\n', at));
      }
    }
    const auto report = DecodeReport(changed, ReportEncoding::kText, "changed");
    if (!report.ok()) continue;
    ++shown;
    for (const ReportFormat* format : ReportFormats()) {
      (void)format->one(*report);
      EXPECT_TRUE(format->many({*report, SampleReport()}).ok());
    }
    CompareReports({SampleReport()}, {*report}, quick);
  }
  EXPECT_GT(shown, 20);
}

}  // namespace
}  // namespace assay
