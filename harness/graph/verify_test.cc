#include "harness/graph/verify.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/builder.h"
#include "harness/graph/testing/toy_ops.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr DType kF32 = DType::kF32;

class VerifyTest : public testing::Test {
 protected:
  VerifyTest() : graph_(ToyOps()) {
    GraphBuilder b(&graph_);
    x_ = b.Input("x", kF32, {2, 3});
    w_ = b.Parameter("w", kF32, {3, 3});
    c_ = b.Constant(Tensor::Zeros(kF32, {3}));
    y_ = b.Op("matmul", {x_, w_}, {{"transpose_b", 1}});
    z_ = b.Add(y_, c_);
    b.Output("z", z_);
    b.Update(w_, w_);
    EXPECT_TRUE(b.ok()) << b.status();
  }

  std::string Error() { return std::string(Verify(graph_).message()); }

  Graph graph_;
  ValueId x_, w_, c_, y_, z_;
};

TEST_F(VerifyTest, AWholeGraphPasses) { EXPECT_EQ(Error(), ""); }

TEST_F(VerifyTest, OperandsMustExistAndComeBefore) {
  graph_.mutable_node(0)->inputs[0] = 77;
  EXPECT_EQ(Error(), "node 0 (matmul): no value 77");
  graph_.mutable_node(0)->inputs[0] = z_;
  EXPECT_EQ(Error(), "node 0 (matmul) reads 'add' before it is made");
}

TEST_F(VerifyTest, ResultsBelongToOneNode) {
  graph_.mutable_node(1)->outputs = {y_};
  EXPECT_EQ(Error(), "node 1 (add): value 3 is not its result");
  graph_.mutable_node(1)->outputs = {};
  EXPECT_EQ(Error(), "node 1 (add) has no result");
}

TEST_F(VerifyTest, NamesMustLeadToTheirValue) {
  graph_.mutable_value(y_)->name = "x";
  EXPECT_EQ(Error(), "value 3: the name 'x' leads to another value");
}

TEST_F(VerifyTest, TypesMustBeThoseOfInference) {
  graph_.mutable_value(z_)->type.shape = {2, 4};
  EXPECT_EQ(Error(), "'add': expected f32[2,3] by inference, got f32[2,4]");
  graph_.mutable_value(w_)->type.shape = {4, 4};
  EXPECT_THAT(Error(), HasSubstr("inner extents differ"));
  graph_.mutable_value(w_)->type.shape = {-1, 4};
  EXPECT_EQ(Error(), "value 'w': negative extent in f32[-1,4]");
}

TEST_F(VerifyTest, AttributesAreChecked) {
  graph_.mutable_node(0)->attributes.Set("transpose_b", 1.0);
  EXPECT_THAT(Error(), HasSubstr("'transpose_b': expected int, got real"));
}

TEST_F(VerifyTest, ConstantsHoldTheirType) {
  graph_.mutable_value(c_)->constant = Tensor::Zeros(kF32, {4});
  EXPECT_EQ(Error(), "constant 'constant': expected f32[3], got f32[4]");
}

TEST_F(VerifyTest, KindsMustAgreeWithTheLists) {
  graph_.mutable_value(x_)->kind = ValueKind::kParameter;
  EXPECT_EQ(Error(), "list of inputs: value 0 is not one");
}

TEST_F(VerifyTest, UpdatesKeepTheirParametersType) {
  graph_.mutable_value(w_)->type.dtype = DType::kF64;
  graph_.mutable_value(x_)->type.dtype = DType::kF64;
  EXPECT_FALSE(Verify(graph_).ok());
}

}  // namespace
}  // namespace assay
