#include "harness/cli/table.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

Table Sample() {
  Table table({"name", "licence"});
  table.Add({"mnist", "CC BY-SA"});
  table.Add({"fashion_mnist", "MIT \"X\""});
  return table;
}

TEST(TableTest, AlignsColumnsAndLeavesTheLastOneAlone) {
  EXPECT_EQ(Sample().Render(Format::kText),
            "name           licence\n"
            "mnist          CC BY-SA\n"
            "fashion_mnist  MIT \"X\"\n");
}

TEST(TableTest, JsonHasOneObjectPerRow) {
  EXPECT_EQ(Sample().Render(Format::kJson),
            "[\n"
            "  {\"name\": \"mnist\", \"licence\": \"CC BY-SA\"},\n"
            "  {\"name\": \"fashion_mnist\", \"licence\": \"MIT \\\"X\\\"\"}\n"
            "]\n");
  EXPECT_EQ(Table({"a"}).Render(Format::kJson), "[]\n");
}

TEST(TableTest, JsonStringsEscapeControlCharacters) {
  EXPECT_EQ(JsonString("a\nb\\"), "\"a\\u000ab\\\\\"");
}

TEST(TableTest, RefusesUnknownFormats) {
  EXPECT_EQ(ParseFormat("xml").status().message(),
            "--format expects text or json, got 'xml'");
}

}  // namespace
}  // namespace assay
