#include "harness/host/twin.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>

#include "gtest/gtest.h"
#include "harness/backend/reference/reference_device.h"
#include "harness/backend/session.h"
#include "harness/graph/structural_hash.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

ReferenceGraph Build(const std::string& network) {
  ReferenceGraphOptions options;
  options.batch = 2;
  auto built = BuildReferenceGraph(network, StandardOps(), options);
  EXPECT_TRUE(built.ok()) << built.status();
  return *std::move(built);
}

Tensor Logits(const Graph& graph, const ParameterStore& parameters,
              const Tensor& image) {
  const std::unique_ptr<Device> device = MakeReferenceDevice();
  DeviceParameters loaded(device.get());
  EXPECT_TRUE(loaded.Load(parameters).ok());
  auto session = Session::Make(device.get(), graph, &loaded);
  EXPECT_TRUE(session.ok()) << session.status();
  EXPECT_TRUE((*session)->Feed("image", image).ok());
  EXPECT_TRUE((*session)->Run().ok());
  return *(*session)->Fetch("logits");
}

TEST(TwinTest, AnswersTheSameUnderOtherNames) {
  const ReferenceGraph own = Build("lenet5");
  ASSERT_OK_AND_ASSIGN(const ParameterStore parameters,
                       Initialise(own.graph, own.initialisers, 7));
  const std::vector<int32_t> order = TwinClasses(own.graph, 3);
  ASSERT_EQ(order.size(), 10u);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(order, TwinClasses(own.graph, 3));
  ASSERT_OK_AND_ASSIGN(
      const TwinNetwork twin,
      MakeTwin(own.graph, parameters, own.initialisers, order));
  EXPECT_EQ(twin.initialisers.size(), own.initialisers.size());
  EXPECT_EQ(twin.parameters.size(), parameters.size());
  for (const std::string& name : twin.parameters.Names()) {
    EXPECT_FALSE(parameters.Has(name)) << name;
  }
  for (ValueId id = 0; id < twin.graph.value_count(); ++id) {
    if (twin.graph.value(id).kind == ValueKind::kInput) continue;
    EXPECT_EQ(own.graph.FindValue(twin.graph.value(id).name), kNoValue);
  }

  Tensor image(DType::kF32, own.graph.shape(own.graph.FindValue("image")));
  for (int64_t i = 0; i < image.size(); ++i) {
    image.data<float>()[i] = static_cast<float>(i % 97) / 97;
  }
  const Tensor a = Logits(own.graph, parameters, image);
  const Tensor b = Logits(twin.graph, twin.parameters, image);
  for (int64_t row = 0; row < 2; ++row) {
    for (int64_t c = 0; c < 10; ++c) {
      EXPECT_EQ(a.data<float>()[row * 10 + c],
                b.data<float>()[row * 10 + order[static_cast<size_t>(c)]]);
    }
  }
}

TEST(TwinTest, ATwinOfATwinIsItself) {
  const ReferenceGraph own = Build("lenet5");
  ASSERT_OK_AND_ASSIGN(const ParameterStore parameters,
                       Initialise(own.graph, own.initialisers, 7));
  ASSERT_OK_AND_ASSIGN(const TwinNetwork once,
                       MakeTwin(own.graph, parameters, own.initialisers, {}));
  ASSERT_OK_AND_ASSIGN(
      const TwinNetwork twice,
      MakeTwin(once.graph, once.parameters, once.initialisers, {}));
  EXPECT_EQ(StructuralHash(once.graph), StructuralHash(twice.graph));
  EXPECT_NE(StructuralHash(once.graph), StructuralHash(own.graph));
}

TEST(TwinTest, ClassesThatAreTokensKeepTheirNumbers) {
  EXPECT_TRUE(TwinClasses(Build("lmd-xs").graph, 3).empty());
}

TEST(TwinTest, AParameterThatIsNotThereIsNamed) {
  const ReferenceGraph own = Build("lenet5");
  EXPECT_FALSE(MakeTwin(own.graph, {}, own.initialisers, {}).ok());
}

}  // namespace
}  // namespace assay
