#include "harness/host/user_network.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "datasets/dataset.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"
#include "harness/models/onnx/export/export.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// Images [1,2,3] of four classes.
class Tiny : public Dataset {
 public:
  Tiny() : Dataset(Spec()) {}
  int64_t size(Split) const override { return 8; }
  void ForgetTest() override {}

 private:
  static DatasetSpec Spec() {
    DatasetSpec spec;
    spec.name = "tiny";
    spec.sample_shape = {1, 2, 3};
    spec.classes = 4;
    spec.mean = {0};
    spec.stddev = {1};
    return spec;
  }
  void Sample(Split, int64_t, void* features, int32_t* label) const override {
    std::fill_n(static_cast<float*>(features), 6, 0.0f);
    *label = 0;
  }
};

class UserNetworkTest : public testing::Test {
 protected:
  void SetUp() override {
    TaskSpec spec;
    spec.id = "tiny-task";
    spec.recipe.batch = 1;
    spec.recipe.epochs = 1;
    ASSERT_OK_AND_ASSIGN(task_, Task::Make(spec, std::make_unique<Tiny>()));
    spec_.set_network_path(JoinPath(
        testing::TempDir(),
        testing::UnitTest::GetInstance()->current_test_info()->name()));
    Write(task_->dataset().spec().classes);
  }

  // A linear classifier of that many classes.
  void Write(int64_t classes) {
    const DatasetSpec& data = task_->dataset().spec();
    Graph graph(StandardOps());
    GraphBuilder b(&graph);
    Shape shape = {1};
    shape.insert(shape.end(), data.sample_shape.begin(),
                 data.sample_shape.end());
    const int64_t features = ElementCount(data.sample_shape);
    const ValueId x = b.Input("x", DType::kF32, shape);
    const ValueId w = b.Parameter("w", DType::kF32, {classes, features});
    b.Output("y", b.Op("linear", {b.Reshape(x, {0, -1}), w}));
    ParameterStore parameters;
    parameters.Set("w", Tensor::Zeros(DType::kF32, {classes, features}));
    OnnxExportOptions options;
    options.metadata["assay.mean"] = "0.5";
    options.metadata["assay.stddev"] = "2";
    ASSERT_OK(WriteOnnxFile(spec_.network_path(), graph, parameters, options));
    ASSERT_OK_AND_ASSIGN(const UserNetwork network,
                         ReadUserNetwork(spec_.network_path()));
    ASSERT_OK(CompleteNetworkSpec(network, spec_.mutable_network()));
  }

  std::unique_ptr<Task> task_;
  RunSpec spec_;
};

TEST_F(UserNetworkTest, TakesTheTasksPlace) {
  EXPECT_THAT(spec_.network().mean(), ElementsAre(0.5f));
  EXPECT_THAT(spec_.network().stddev(), ElementsAre(2.0f));
  ASSERT_OK(BringUserNetwork(spec_, task_.get()));
  EXPECT_EQ(task_->spec().network, "onnx " + spec_.network().sha256());
  ASSERT_OK_AND_ASSIGN(const ReferenceGraph net,
                       task_->BuildNetwork(StandardOps(), 7));
  EXPECT_EQ(net.graph.value(net.graph.inputs()[0]).name, task_->input());
  EXPECT_EQ(net.graph.shape(net.graph.FindOutput("logits"))[0], 7);
}

TEST_F(UserNetworkTest, RefusesAFileThatChanged) {
  const std::string before = spec_.network().sha256();
  Write(3);
  EXPECT_NE(spec_.network().sha256(), before);
  spec_.mutable_network()->set_sha256(before);
  EXPECT_THAT(BringUserNetwork(spec_, task_.get()),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(before)));
}

TEST_F(UserNetworkTest, SaysWhatDoesNotFit) {
  Write(3);
  EXPECT_THAT(BringUserNetwork(spec_, task_.get()),
              StatusIs(kInvalid, HasSubstr("tells 3 classes apart")));
  spec_.mutable_network()->add_mean(1);
  spec_.mutable_network()->add_mean(1);
  EXPECT_THAT(BringUserNetwork(spec_, task_.get()),
              StatusIs(kInvalid, HasSubstr("values of each")));
}

}  // namespace
}  // namespace assay
