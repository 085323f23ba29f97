#include "harness/report/formats/text_table.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

TextTable Sample() {
  TextTable table({{"name"}, {"count", true}, {"empty"}, {"note"}});
  table.Add({"a", "1", "", "first"});
  table.AddRule();
  table.Add({"longer", "1000"});
  return table;
}

TEST(TextTableTest, AlignsAndDropsEmptyColumns) {
  EXPECT_EQ(Sample().Text(2),
            "  name    count  note\n"
            "  a           1  first\n"
            "  --------------------\n"
            "  longer   1000\n");
}

TEST(TextTableTest, Markdown) {
  TextTable table = Sample();
  table.Add({"x|y"});
  EXPECT_EQ(table.Markdown(),
            "| name | count | note |\n"
            "|---|---:|---|\n"
            "| a | 1 | first |\n"
            "| longer | 1000 |  |\n"
            "| x\\|y |  |  |\n");
}

TEST(TextTableTest, NoRows) { EXPECT_EQ(TextTable({{"a"}}).Text(), "\n"); }

}  // namespace
}  // namespace assay
