#include "datasets/formats/labelled_lines.h"

#include <string>

#include "gtest/gtest.h"
#include "harness/core/random.h"

namespace assay {
namespace {

std::string Message(absl::string_view bytes) {
  return std::string(ParseLabelledLines(bytes, 2, "f").status().message());
}

TEST(LabelledLinesTest, ReadsTextAndLabel) {
  for (const char* bytes :
       {"good film\t1\n bad\t0\n", "good film\t1\n bad\t0"}) {
    const auto lines = ParseLabelledLines(bytes, 2, "f");
    ASSERT_TRUE(lines.ok()) << lines.status();
    ASSERT_EQ(lines->size(), 2u);
    EXPECT_EQ((*lines)[0].text, "good film");
    EXPECT_EQ((*lines)[0].label, 1);
    EXPECT_EQ((*lines)[1].text, " bad");
    EXPECT_EQ((*lines)[1].label, 0);
  }
}

TEST(LabelledLinesTest, MalformedLinesAreNamed) {
  EXPECT_EQ(Message("a\t1\nno tab\n"),
            "f: byte 10: expected a tab in line 2, got the end of the line");
  EXPECT_EQ(Message("a\t2"),
            "f: byte 2: expected a label from 0 to 1 in line 1, got \"2\"");
  EXPECT_EQ(Message("a\tb\t1"),
            "f: byte 2: expected a label from 0 to 1 in line 1, got "
            "\"b\\t1\"");
  EXPECT_EQ(Message("a\t"),
            "f: byte 2: expected a label from 0 to 1 in line 1, got \"\"");
  EXPECT_EQ(Message(""), "f: byte 0: expected a line, got the end of the file");
  EXPECT_EQ(Message("a\t1\n\n"),
            "f: byte 4: expected a tab in line 2, got the end of the line");
}

TEST(LabelledLinesTest, RandomBytesNeverCrash) {
  RandomStream stream(1, "labelled_lines_test");
  for (int i = 0; i < 20000; ++i) {
    std::string bytes;
    for (uint64_t n = stream.Below(12); n > 0; --n) {
      bytes += "\t\n01a"[stream.Below(5)];
    }
    ParseLabelledLines(bytes, 2, "f").status().IgnoreError();
  }
}

}  // namespace
}  // namespace assay
