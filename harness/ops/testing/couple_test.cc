// Couplings speak of elements that exist.
#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "harness/graph/channel_groups.h"
#include "harness/graph/op_schema.h"
#include "harness/ops/ops.h"
#include "harness/ops/testing/all_cases.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

class CheckingCoupler final : public ChannelCoupler {
 public:
  CheckingCoupler(const Graph& graph, NodeId node)
      : graph_(graph), node_(graph.node(node)) {}

  const Graph& graph() const override { return graph_; }
  const Node& node() const override { return node_; }

  void Same(ValueId a, int axis_a, ValueId b, int axis_b) override {
    EXPECT_EQ(Extent(a, axis_a), Extent(b, axis_b))
        << "values " << a << " and " << b << ", axes " << axis_a << " and "
        << axis_b;
  }
  void Couple(ValueId a, int axis_a, int64_t i, ValueId b, int axis_b,
              int64_t j) override {
    CheckIndex(i, Extent(a, axis_a));
    CheckIndex(j, Extent(b, axis_b));
  }
  void Freeze(ValueId v, int axis) override { Extent(v, axis); }
  void Produces(ValueId parameter, int axis) override {
    Extent(parameter, axis);
  }

 private:
  // The extent of an axis of one of the node's values.
  int64_t Extent(ValueId v, int axis) {
    bool own = false;
    for (const auto* list : {&node_.inputs, &node_.outputs}) {
      for (const ValueId id : *list) own = own || (id == v && id != kNoValue);
    }
    EXPECT_TRUE(own) << "value " << v << " is not the node's";
    if (!own) return -1;
    const Shape& shape = graph_.shape(v);
    const bool in_range = axis >= 0 && axis < static_cast<int>(shape.size());
    EXPECT_TRUE(in_range) << "axis " << axis << " of " << ToString(shape);
    return in_range ? shape[static_cast<size_t>(axis)] : -1;
  }
  void CheckIndex(int64_t i, int64_t extent) {
    EXPECT_GE(i, 0);
    EXPECT_LT(i, extent);
  }

  const Graph& graph_;
  const Node& node_;
};

TEST(CoupleTest, NamesOnlyElementsOfTheNodesValues) {
  int coupled = 0;
  for (const OpCase& c : AllCases().accepted) {
    const OpSchema& schema = *StandardOps().Find(c.op);
    if (schema.couple == nullptr) continue;
    SCOPED_TRACE(c.op + c.attributes.ToString());
    ASSERT_OK_AND_ASSIGN(const Graph graph, MakeCaseGraph(c, DType::kF32));
    CheckingCoupler coupler(graph, 0);
    schema.couple(coupler);
    ++coupled;
  }
  EXPECT_GT(coupled, 100);
}

}  // namespace
}  // namespace assay
