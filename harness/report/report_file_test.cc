#include "harness/report/report_file.h"

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/random.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

using testing::HasSubstr;

constexpr ReportEncoding kEncodings[] = {
    ReportEncoding::kBinary, ReportEncoding::kText, ReportEncoding::kJson};

std::string Path(const std::string& name) {
  return JoinPath(testing::TempDir(), "report_file_test/" + name);
}

TEST(ReportFileTest, EveryEncodingReadsBackEqual) {
  for (const char* name : {"r.pb", "r.textproto", "r.json"}) {
    ASSERT_EQ(WriteReport(Path(name), SampleReport()), absl::OkStatus());
    const auto report = ReadReport(Path(name));
    ASSERT_EQ(report.status(), absl::OkStatus()) << name;
    EXPECT_EQ(report->DebugString(), SampleReport().DebugString()) << name;
  }
}

TEST(ReportFileTest, ABinaryFileIsAPlainMessageThatEndsWithItsHash) {
  const std::string bytes =
      *EncodeReport(SampleReport(), ReportEncoding::kBinary);
  Report report;
  ASSERT_TRUE(report.ParseFromString(bytes));
  EXPECT_EQ(report.file_sha256().size(), 32u);
  EXPECT_EQ(bytes.substr(bytes.size() - 32), report.file_sha256());
  EXPECT_EQ(bytes, *EncodeReport(report, ReportEncoding::kBinary));
}

TEST(ReportFileTest, RefusesToWriteAnUnmarkedReport) {
  Report report = SampleReport();
  report.clear_ledger();
  EXPECT_EQ(WriteReport(Path("unmarked.pb"), report).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(FileExists(Path("unmarked.pb")));
}

TEST(ReportFileTest, ErrorsNameTheFile) {
  EXPECT_EQ(ReadReport(Path("absent.pb")).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(ReadReport("x.csv").status().message()),
              HasSubstr("report x.csv: expected a name ending in"));
  ASSERT_EQ(WriteReport(Path("large.pb"), SampleReport()), absl::OkStatus());
  const absl::Status status = ReadReport(Path("large.pb"), 100).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("large.pb"));
}

TEST(ReportFileTest, TextErrorsHaveLineAndColumn) {
  const absl::Status status =
      DecodeReport("schema: 1\nidentity { methud: \"a\" }",
                   ReportEncoding::kText, "a.textproto")
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("a.textproto: line 2, column 18"));
}

TEST(ReportFileTest, EveryTruncationOfABinaryFileIsFound) {
  const std::string bytes =
      *EncodeReport(SampleCrash(), ReportEncoding::kBinary);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto report =
        DecodeReport(bytes.substr(0, size), ReportEncoding::kBinary, "cut.pb");
    ASSERT_EQ(report.status().code(), absl::StatusCode::kDataLoss) << size;
  }
}

TEST(ReportFileTest, EveryChangedByteOfABinaryFileIsFound) {
  const std::string bytes =
      *EncodeReport(SampleCrash(), ReportEncoding::kBinary);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    ASSERT_FALSE(
        DecodeReport(changed, ReportEncoding::kBinary, "changed.pb").ok())
        << i;
  }
}

// Changes, drops and repeats bytes of `text`.
std::string Mutate(std::string text, RandomStream& random) {
  const uint64_t edits = 1 + random.Below(8);
  for (uint64_t i = 0; i < edits && !text.empty(); ++i) {
    const size_t at = random.Below(text.size());
    switch (random.Below(3)) {
      case 0:
        text[at] = static_cast<char>(random.Below(256));
        break;
      case 1:
        text.erase(at, 1 + random.Below(16));
        break;
      default:
        text.insert(at, text.substr(random.Below(text.size()), 16));
    }
  }
  return text;
}

// Bytes that hide behind a correct checksum reach the parsers. Whatever they
// are, the answer is a report that keeps the rules, or an error.
TEST(ReportFileTest, MutatedBytesNeverBreakTheReader) {
  RandomStream random(1, "report_file_test");
  for (ReportEncoding encoding : kEncodings) {
    const std::string bytes = *EncodeReport(SampleReport(), encoding);
    for (int i = 0; i < 300; ++i) {
      const auto report =
          DecodeReport(Mutate(bytes, random), encoding, "mutated");
      EXPECT_TRUE(!report.ok() || report->schema() == 1);
    }
  }
}

TEST(ReportFileTest, DeepNestingIsRefused) {
  const std::string deep(100000, '[');
  EXPECT_FALSE(DecodeReport(deep, ReportEncoding::kJson, "deep.json").ok());
  EXPECT_FALSE(
      DecodeReport(deep, ReportEncoding::kText, "deep.textproto").ok());
}

}  // namespace
}  // namespace assay
