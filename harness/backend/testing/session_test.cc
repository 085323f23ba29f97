#include "harness/backend/session.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/testing/devices.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::HasSubstr;

Tensor One(float value) { return Tensor::From<float>({1}, {value}); }

float ValueOf(const absl::StatusOr<Tensor>& tensor) {
  EXPECT_OK(tensor.status());
  return tensor.ok() ? *tensor->data<float>() : -1;
}

// sum = x + p, with p := sum afterwards when `updates`.
Graph Sum(bool updates) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {1});
  const ValueId p = b.Parameter("p", DType::kF32, {1});
  const ValueId sum = b.Add(x, p);
  b.Output("sum", sum);
  if (updates) b.Update(p, sum);
  EXPECT_OK(b.status());
  return graph;
}

class SessionTest : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Device> device_ = MakeTestDevice(GetParam());
  DeviceParameters parameters_{device_.get()};
};

TEST_P(SessionTest, InputsKeepTheirValueAndUpdatesStay) {
  ASSERT_OK(parameters_.Set("p", One(10)));
  ASSERT_OK_AND_ASSIGN(const auto session,
                       Session::Make(device_.get(), Sum(true), &parameters_));
  ASSERT_OK(session->Feed("x", One(1)));
  ASSERT_OK(session->Run());
  EXPECT_EQ(ValueOf(session->Fetch("sum")), 11);
  ASSERT_OK(session->Run());
  EXPECT_EQ(ValueOf(session->Fetch("sum")), 12);
  EXPECT_EQ(ValueOf(parameters_.Get("p")), 12);
}

TEST_P(SessionTest, FeedTakesACopy) {
  ASSERT_OK(parameters_.Set("p", One(0)));
  ASSERT_OK_AND_ASSIGN(const auto session,
                       Session::Make(device_.get(), Sum(false), &parameters_));
  Tensor x = One(1);
  ASSERT_OK(session->Feed("x", x));
  *x.data<float>() = 99;
  ASSERT_OK(session->Run());
  EXPECT_EQ(ValueOf(session->Fetch("sum")), 1);
}

TEST_P(SessionTest, SessionsShareParameters) {
  ASSERT_OK(parameters_.Set("p", One(1)));
  ASSERT_OK_AND_ASSIGN(const auto writer,
                       Session::Make(device_.get(), Sum(true), &parameters_));
  ASSERT_OK_AND_ASSIGN(const auto reader,
                       Session::Make(device_.get(), Sum(false), &parameters_));
  ASSERT_OK(writer->Feed("x", One(5)));
  ASSERT_OK(writer->Run());
  ASSERT_OK(reader->Feed("x", One(0)));
  ASSERT_OK(reader->Run());
  EXPECT_EQ(ValueOf(reader->Fetch("sum")), 6);
}

TEST_P(SessionTest, MisuseIsNamed) {
  ASSERT_OK_AND_ASSIGN(const auto session,
                       Session::Make(device_.get(), Sum(false), &parameters_));
  EXPECT_THAT(session->Feed("y", One(1)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no input 'y'; the graph has: x")));
  EXPECT_THAT(session->Feed("x", Tensor::Zeros(DType::kF32, {2})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("input 'x': expected f32[1], got f32[2]")));
  EXPECT_THAT(session->Run(), StatusIs(absl::StatusCode::kNotFound,
                                       HasSubstr("parameter 'p'")));
  ASSERT_OK(parameters_.Set("p", One(1)));
  EXPECT_THAT(session->Run(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                       HasSubstr("input 'x' was never fed")));
  EXPECT_THAT(
      session->Fetch("product"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("output 'product'")));
}

TEST_P(SessionTest, FetchesOnlyWhatTheLastRunMade) {
  const auto nothing =
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("output 'sum': nothing was run, or the last run"));
  ASSERT_OK(parameters_.Set("p", One(1)));
  ASSERT_OK_AND_ASSIGN(const auto session,
                       Session::Make(device_.get(), Sum(false), &parameters_));
  EXPECT_THAT(session->Fetch("sum"), nothing);
  ASSERT_OK(session->Feed("x", One(5)));
  ASSERT_OK(session->Run());
  EXPECT_EQ(ValueOf(session->Fetch("sum")), 6);
  ASSERT_OK(parameters_.Set("p", Tensor::Zeros(DType::kF32, {3})));
  EXPECT_FALSE(session->Run().ok());
  EXPECT_THAT(session->Fetch("sum"), nothing);
  ASSERT_OK(parameters_.Set("p", One(2)));
  ASSERT_OK(session->Run());
  EXPECT_EQ(ValueOf(session->Fetch("sum")), 7);
}

TEST_P(SessionTest, ParametersLoadAndSave) {
  ParameterStore store;
  store.Set("p", One(1));
  store.Set("q", Tensor::From<int32_t>({2}, {3, 4}));
  ASSERT_OK(parameters_.Load(store));
  const DeviceBuffer* buffer = parameters_.Find("p")->buffer.get();
  ASSERT_OK(parameters_.Set("p", One(2)));
  EXPECT_EQ(parameters_.Find("p")->buffer.get(), buffer);  // same type
  ASSERT_OK(parameters_.Set("p", Tensor::Zeros(DType::kF32, {3})));
  EXPECT_EQ(parameters_.Find("p")->type.shape, Shape({3}));
  ParameterStore saved;
  ASSERT_OK(parameters_.Save(&saved));
  EXPECT_EQ(saved.Names(), store.Names());
  EXPECT_TRUE(BitEqual(*saved.Find("q"), *store.Find("q")));
  EXPECT_THAT(parameters_.Get("r"), StatusIs(absl::StatusCode::kNotFound,
                                             HasSubstr("parameter 'r'")));
}

INSTANTIATE_TEST_SUITE_P(Devices, SessionTest,
                         testing::ValuesIn(TestDeviceNames()),
                         [](const auto& device) { return device.param; });

}  // namespace
}  // namespace assay
