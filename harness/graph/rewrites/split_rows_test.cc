#include "harness/graph/rewrites/split_rows.h"

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/models/init.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;
using testing::HasSubstr;

Tensor Normal(Shape shape, const std::string& name) {
  Tensor tensor(DType::kF32, std::move(shape));
  RandomStream(3, name).FillNormal(tensor.span<float>(), 0, 1);
  return tensor;
}

// Builds a network of images up to their mean and a layer behind it.
class RowsNetwork {
 public:
  explicit RowsNetwork(int64_t height) : graph_(StandardOps()), b_(&graph_) {
    image_ = b_.Input("image", DType::kF32, {1, 3, height, 5});
  }

  GraphBuilder& b() { return b_; }
  ValueId image() const { return image_; }
  const Graph& graph() const { return graph_; }

  ValueId Conv(ValueId v, int64_t out, int64_t kernel, Attributes attributes) {
    const int64_t groups = attributes.Int("groups", 1);
    const Shape shape = {out, b_.shape(v)[1] / groups, kernel, kernel};
    const std::string name = absl::StrCat("weights", graph_.node_count());
    return b_.Op("conv2d", {v, b_.Constant(Normal(shape, name), name)},
                 std::move(attributes));
  }

  // The mean over positions and a linear layer.
  void Finish(ValueId v) {
    const ValueId mean = b_.ReduceMean(v, {2, 3}, false);
    const ValueId weights =
        b_.Constant(Normal({4, b_.shape(mean)[1]}, "linear"), "linear");
    b_.Output("logits", b_.Op("linear", {mean, weights}));
    EXPECT_OK(b_.status());
  }

 private:
  Graph graph_;
  GraphBuilder b_;
  ValueId image_;
};

std::map<std::string, Tensor> Run(const Graph& graph,
                                  const std::map<std::string, Tensor>& inputs,
                                  const ParameterStore& parameters = {}) {
  auto run = Evaluate(graph, inputs, parameters);
  EXPECT_OK(run.status());
  return run->outputs;
}

// The logits by the whole and by bands, which may differ by the mean's
// rounding.
void ExpectSame(const Graph& graph, int64_t count,
                const ParameterStore& parameters = {}) {
  SCOPED_TRACE(absl::StrCat(count, " bands"));
  ASSERT_OK_AND_ASSIGN(const RowBands rows, SplitRows(graph, count));
  ASSERT_EQ(static_cast<int64_t>(rows.bands.size()), count);
  const Value& image = graph.value(graph.inputs()[0]);
  const std::map<std::string, Tensor> images = {
      {image.name, Normal(image.type.shape, "image")}};
  std::map<std::string, Tensor> parts;
  for (size_t i = 0; i < rows.bands.size(); ++i) {
    const std::string& name = rows.tail.value(rows.tail.inputs()[i]).name;
    parts[name] = Run(rows.bands[i], images, parameters).begin()->second;
  }
  const Tensor want = Run(graph, images, parameters).at("logits");
  const Tensor got = Run(rows.tail, parts, parameters).at("logits");
  ASSERT_EQ(got.shape(), want.shape());
  for (int64_t i = 0; i < want.size(); ++i) {
    const float w = want.data<float>()[i];
    EXPECT_NEAR(got.data<float>()[i], w, 1e-5 * (1 + std::abs(w)));
  }
}

TEST(SplitRowsTest, BandsOfConvolutionsGiveTheWhole) {
  RowsNetwork net(13);
  const Ints same = {1, 1, 1, 1};
  ValueId v = net.Conv(net.image(), 8, 3, {{"pads", same}});
  v = net.b().Op("relu", {v});
  v = net.Conv(v, 8, 3, {{"pads", same}, {"groups", int64_t{8}}});
  v = net.Conv(v, 6, 1, {});
  net.Finish(v);
  for (const int64_t count : {1, 2, 3, 13}) ExpectSame(net.graph(), count);
}

TEST(SplitRowsTest, StridesDilationsAndUnevenPads) {
  RowsNetwork net(16);
  ValueId v = net.Conv(net.image(), 4, 3,
                       {{"strides", Ints{2, 1}}, {"pads", Ints{0, 1, 1, 1}}});
  v = net.Conv(v, 4, 3,
               {{"dilations", Ints{2, 1}}, {"pads", Ints{2, 1, 1, 1}}});
  v = net.Conv(v, 4, 2, {{"pads", Ints{0, 0, 1, 1}}});
  net.Finish(v);
  for (const int64_t count : {2, 3}) ExpectSame(net.graph(), count);
}

TEST(SplitRowsTest, ShortcutsReadOtherRowsThanTheirBranch) {
  RowsNetwork net(9);
  const ValueId stem = net.Conv(net.image(), 4, 1, {});
  ValueId v = net.Conv(stem, 4, 3, {{"pads", Ints{1, 1, 1, 1}}});
  v = net.Conv(net.b().Op("relu", {v}), 4, 3, {{"pads", Ints{1, 1, 1, 1}}});
  net.Finish(net.b().Add(v, stem));
  for (const int64_t count : {2, 4}) ExpectSame(net.graph(), count);
}

TEST(SplitRowsTest, ABandComputesItsRowsAndTheBorder) {
  RowsNetwork net(12);
  ValueId v = net.Conv(net.image(), 4, 1, {});
  net.Finish(net.Conv(v, 4, 3, {{"pads", Ints{1, 1, 1, 1}}}));
  ASSERT_OK_AND_ASSIGN(const RowBands rows, SplitRows(net.graph(), 2));
  for (const Graph& band : rows.bands) {
    EXPECT_EQ(band.shape(band.FindValue("conv2d"))[2], 7);
    EXPECT_EQ(band.shape(band.FindValue("conv2d_2"))[2], 6);
  }
}

TEST(SplitRowsTest, LoweredNetworksWithParametersToo) {
  ReferenceGraphOptions options;
  options.batch = 1;
  ASSERT_OK_AND_ASSIGN(const ReferenceGraph net,
                       BuildReferenceGraph("dscnn", StandardOps(), options));
  ASSERT_OK_AND_ASSIGN(const ParameterStore parameters,
                       Initialise(net.graph, net.initialisers, 7));
  ASSERT_OK_AND_ASSIGN(const auto plan,
                       LowerForInference(net.graph, parameters));
  ExpectSame(net.graph, 2, parameters);
  ExpectSame(plan.graph, 2);
}

TEST(SplitRowsTest, SaysWhatDoesNotGoByRows) {
  RowsNetwork pooled(8);
  pooled.Finish(
      pooled.b().Op("max_pool", {pooled.image()}, {{"kernel", Ints{2, 2}}}));
  EXPECT_THAT(SplitRows(pooled.graph(), 2).status().message(),
              HasSubstr("max_pool 'max_pool' is not known to go by rows"));

  RowsNetwork early(8);
  early.b().Output("image", early.image());
  early.Finish(early.image());
  EXPECT_THAT(SplitRows(early.graph(), 2).status().message(),
              HasSubstr("output 'image' is not behind the mean"));

  RowsNetwork low(2);
  low.Finish(low.image());
  EXPECT_THAT(SplitRows(low.graph(), 3).status().message(),
              HasSubstr("the last images have 2 rows"));
  EXPECT_TRUE(absl::IsInvalidArgument(SplitRows(low.graph(), 0).status()));
}

}  // namespace
}  // namespace assay
