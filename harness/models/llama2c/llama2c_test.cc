#include "harness/models/llama2c/llama2c.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/registry.h"
#include "harness/backend/session.h"
#include "harness/core/file.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

template <typename T>
void Append(T value, std::string* bytes) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  bytes->append(raw, sizeof(T));
}

// One layer of 4 features, 1 head, 3 hidden, 2 tokens, context 1; every float
// is its place in the file.
std::string SmallFile(int32_t features = 4) {
  std::string bytes;
  for (int32_t extent : {features, 3, 1, 1, 1, 2, 1}) Append(extent, &bytes);
  const int floats = 2 * 4 + 4 + 4 * 16 + 4 + 3 * 12 + 4 + 4;
  for (int i = 0; i < floats; ++i) {
    Append(static_cast<float>(i), &bytes);
  }
  return bytes;
}

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

TEST(Llama2cTest, TablesFollowTheHeaderKindByKind) {
  const auto model = ReadLlama2c(SmallFile(), "small.bin");
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->options.hidden, 3);
  const auto first = [&](const char* name) {
    return model->parameters.Get(name)->data<float>()[0];
  };
  EXPECT_EQ(first("embedding.weights"), 0);
  EXPECT_EQ(first("layers.0.norm1.scale"), 8);
  EXPECT_EQ(first("layers.0.attention.query.weights"), 12);
  EXPECT_EQ(first("layers.0.attention.value.weights"), 44);
  EXPECT_EQ(first("layers.0.mlp.gate.weights"), 80);
  EXPECT_EQ(first("layers.0.mlp.down.weights"), 92);
  EXPECT_EQ(first("layers.0.mlp.up.weights"), 104);
  EXPECT_EQ(first("norm.scale"), 116);
  const auto graph = Lmd(StandardOps(), model->options, {});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->graph.parameters().size(), model->parameters.size());
}

// Rows 0, 1, 2, 3 of a head turn as (0, 1), (2, 3) there and (0, 2), (1, 3)
// here.
TEST(Llama2cTest, RotatedRowsChangePlaces) {
  const auto model = ReadLlama2c(SmallFile(), "small.bin");
  ASSERT_TRUE(model.ok()) << model.status();
  const Tensor query =
      *model->parameters.Get("layers.0.attention.query.weights");
  const float* rows = query.data<float>();
  EXPECT_EQ(rows[0], 12);
  EXPECT_EQ(rows[4], 12 + 8);
  EXPECT_EQ(rows[8], 12 + 4);
  EXPECT_EQ(rows[12], 12 + 12);
}

TEST(Llama2cTest, BadFilesAreNamed) {
  EXPECT_THAT(Message(ReadLlama2c("abc", "x.bin").status()),
              HasSubstr("x.bin: expected a header of 28 bytes, got 3"));
  EXPECT_THAT(Message(ReadLlama2c(SmallFile(-4), "x.bin").status()),
              HasSubstr("features: expected 1 to 1048576, got -4"));
  EXPECT_THAT(Message(ReadLlama2c(SmallFile(3), "x.bin").status()),
              HasSubstr("even number of features"));
  std::string longer = SmallFile() + "....";
  EXPECT_THAT(Message(ReadLlama2c(longer, "x.bin").status()),
              HasSubstr("expected 496 bytes after the header, got 500"));
  EXPECT_THAT(Message(ReadLlama2cTokens("", "t.bin", 2).status()),
              HasSubstr("expected 2 tokens, got 0"));
  std::string tokens;
  Append(int32_t{9}, &tokens);
  Append(0.0f, &tokens);
  Append(int32_t{1000}, &tokens);
  EXPECT_THAT(Message(ReadLlama2cTokens(tokens, "t.bin", 1).status()),
              HasSubstr("token 0: expected at most 0 bytes"));
}

TEST(Llama2cTest, TextOfTokens) {
  const std::vector<std::string> pieces = {"<unk>", "<s>", " one", "<0x0A>",
                                           " two"};
  EXPECT_EQ(Llama2cText(pieces, {1, 2, 3, 4, 99, -1}), "one\n two");
}

// The likeliest token after each of `tokens`, by running all of them again: a
// token never sees a later one, so that what stands there is of no matter.
std::vector<int32_t> Continue(const Llama2cModel& model, int64_t length) {
  ReferenceGraphOptions options;
  options.input = {length};
  const auto built = Lmd(StandardOps(), model.options, options);
  EXPECT_TRUE(built.ok()) << built.status();
  auto device = MakeDevice("cpu");
  EXPECT_TRUE(device.ok()) << device.status();
  DeviceParameters parameters(device->get());
  EXPECT_TRUE(parameters.Load(model.parameters).ok());
  const auto session = Session::Make(device->get(), built->graph, &parameters);
  EXPECT_TRUE(session.ok()) << session.status();
  Tensor tokens = Tensor::Zeros(DType::kS32, {1, length});
  const absl::Span<int32_t> ids = tokens.span<int32_t>();
  ids[0] = kLlama2cBegin;
  for (size_t i = 0; i + 1 < ids.size(); ++i) {
    EXPECT_TRUE((*session)->Feed("tokens", tokens).ok());
    EXPECT_TRUE((*session)->Run().ok());
    const auto logits = (*session)->Fetch("logits");
    EXPECT_TRUE(logits.ok()) << logits.status();
    const auto row = logits->span<float>().subspan(
        i * static_cast<size_t>(model.options.vocabulary),
        static_cast<size_t>(model.options.vocabulary));
    ids[i + 1] = static_cast<int32_t>(std::max_element(row.begin(), row.end()) -
                                      row.begin());
  }
  return {ids.begin(), ids.end()};
}

TEST(Llama2cTest, Stories260KTellsItsPublishedStory) {
  const char* data = std::getenv("ASSAY_DATA_DIR");
  if (data == nullptr) GTEST_SKIP() << "ASSAY_DATA_DIR is not set";
  const std::string folder = JoinPath(data, "models/tinyllama-stories260K");
  const auto bytes = ReadFile(JoinPath(folder, "stories260K.bin"));
  const auto tokens = ReadFile(JoinPath(folder, "tok512.bin"));
  ASSERT_TRUE(bytes.ok() && tokens.ok()) << bytes.status() << tokens.status();
  const auto model = ReadLlama2c(*bytes, "stories260K.bin");
  ASSERT_TRUE(model.ok()) << model.status();
  const auto pieces =
      ReadLlama2cTokens(*tokens, "tok512.bin", model->options.vocabulary);
  ASSERT_TRUE(pieces.ok()) << pieces.status();
  EXPECT_THAT(
      Llama2cText(*pieces, Continue(*model, 80)),
      testing::StartsWith(
          "Once upon a time, there was a little girl named Lily. She loved to "
          "play outside in the park. One day, she saw a big, red ball. She "
          "wanted to play with it, but it was too high."));
}

}  // namespace
}  // namespace assay
