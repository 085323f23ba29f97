#include "harness/report/formats/html/json_writer.h"

#include <cmath>
#include <string>

#include "gtest/gtest.h"

namespace assay::formats::html {
namespace {

TEST(JsonLiteralTest, PlainTextPasses) {
  EXPECT_EQ(JsonLiteral("lamp, 90 %"), "\"lamp, 90 %\"");
  EXPECT_EQ(JsonLiteral("Grüße, 雪, 🙂"), "\"Grüße, 雪, 🙂\"");
  EXPECT_EQ(JsonLiteral(""), "\"\"");
}

TEST(JsonLiteralTest, WhatJsonEscapes) {
  EXPECT_EQ(JsonLiteral("a\"b\\c\nd\t"), "\"a\\\"b\\\\c\\u000ad\\u0009\"");
  EXPECT_EQ(JsonLiteral(std::string(1, '\0')), "\"\\u0000\"");
  EXPECT_EQ(JsonLiteral("\x7f"), "\"\\u007f\"");
}

TEST(JsonLiteralTest, NothingCanEndTheElement) {
  EXPECT_EQ(JsonLiteral("</script><!-- &amp;"),
            "\"\\u003c/script\\u003e\\u003c!-- \\u0026amp;\"");
}

TEST(JsonLiteralTest, LineEndsOfScripts) {
  EXPECT_EQ(JsonLiteral("a\u2028b\u2029c"), "\"a\\u2028b\\u2029c\"");
}

TEST(JsonLiteralTest, NothingTurnsTheTextAround) {
  EXPECT_EQ(JsonLiteral("a\u202e\u2066b"), "\"a\\ufffd\\ufffdb\"");
  EXPECT_EQ(JsonLiteral("\u202f"), "\"\u202f\"");  // a narrow blank
}

TEST(JsonLiteralTest, BytesThatAreNoUtf8) {
  EXPECT_EQ(JsonLiteral("a\xff"), "\"a\\ufffd\"");
  EXPECT_EQ(JsonLiteral("\xc3"), "\"\\ufffd\"");             // cut off
  EXPECT_EQ(JsonLiteral("\xc0\xaf"), "\"\\ufffd\\ufffd\"");  // overlong '/'
  EXPECT_EQ(JsonLiteral("\xed\xa0\x80"),
            "\"\\ufffd\\ufffd\\ufffd\"");  // a surrogate
  EXPECT_EQ(JsonLiteral("\xf4\x90\x80\x80"),
            "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");  // past the last character
  EXPECT_EQ(JsonLiteral("\xe2\x80<"), "\"\\ufffd\\ufffd\\u003c\"");
}

TEST(JsonWriterTest, CommasGoBetween) {
  JsonWriter out;
  out.BeginObject().Text("a", "x").Key("b").BeginArray();
  out.Count(1).Int(-2).Number(0.5).Bool(true).Raw("null").EndArray();
  out.Key("c").BeginObject().EndObject().EndObject();
  EXPECT_EQ(out.json(), "{\"a\":\"x\",\"b\":[1,-2,0.5,true,null],\"c\":{}}");
}

TEST(JsonWriterTest, WhatSaysNothingIsLeftOut) {
  JsonWriter out;
  out.BeginObject().TextIf("a", "").NumberIf("b", 0).CountIf("c", 0);
  out.TextIf("d", "x").NumberIf("e", 2).CountIf("f", 3).EndObject();
  EXPECT_EQ(out.json(), "{\"d\":\"x\",\"e\":2,\"f\":3}");
}

TEST(JsonWriterTest, NumbersAreNumbers) {
  JsonWriter out;
  out.BeginArray().Number(1.0 / 3).Number(1234567).Number(1e-9);
  out.Number(std::nan("")).Number(INFINITY);
  out.Count(18446744073709551615u).EndArray();
  EXPECT_EQ(out.json(),
            "[0.33333,1.2346e+06,1e-09,null,null,18446744073709551615]");
}

}  // namespace
}  // namespace assay::formats::html
