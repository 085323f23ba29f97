// Public model files against ONNX Runtime's outputs on the same inputs. They
// lie in $ASSAY_DATA_DIR/models; without it the tests skip.
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "harness/backend/registry.h"
#include "harness/backend/session.h"
#include "harness/core/file.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/proto/read_model.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

// scale * ((7919 i mod 1000) / 1000 - 0.5), the same in any language.
Tensor Wave(Shape shape, float scale) {
  Tensor wave(DType::kF32, std::move(shape));
  for (int64_t i = 0; i < wave.size(); ++i) {
    wave.data<float>()[i] =
        (static_cast<float>(i * 7919 % 1000) / 1000.0f - 0.5f) * scale;
  }
  return wave;
}

class PublicModelsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("ASSAY_DATA_DIR") == nullptr) {
      GTEST_SKIP() << "ASSAY_DATA_DIR is not set";
    }
    ASSERT_OK_AND_ASSIGN(device_, MakeDevice("cpu"));
  }

  // A lowered plan of a file below models/.
  void Load(const std::string& file, std::map<std::string, Tensor> values) {
    const std::string folder =
        JoinPath(std::getenv("ASSAY_DATA_DIR"), "models");
    ASSERT_OK_AND_ASSIGN(const OnnxModel model,
                         ReadOnnxModel(JoinPath(folder, file)));
    OnnxImportOptions options;
    for (const auto& [name, value] : values) {
      options.shapes[name] = value.shape();
    }
    options.values = std::move(values);
    ASSERT_OK_AND_ASSIGN(const OnnxNetwork network,
                         ImportOnnx(model, options, StandardOps()));
    ASSERT_OK_AND_ASSIGN(const LoweredNetwork plan,
                         LowerForInference(network.graph, network.parameters));
    ASSERT_OK_AND_ASSIGN(session_, Session::Make(device_.get(), plan.graph,
                                                 nullptr, {.threads = 1}));
  }

  // Feeds what is an input of the plan, runs.
  void Run(const std::map<std::string, Tensor>& inputs) {
    for (const ValueId id : session_->graph().inputs()) {
      const std::string& name = session_->graph().value(id).name;
      ASSERT_OK(session_->Feed(name, inputs.at(name)));
    }
    ASSERT_OK(session_->Run());
  }

  void Expect(const std::string& output,
              const std::vector<std::pair<size_t, double>>& elements,
              double tolerance) {
    ASSERT_OK_AND_ASSIGN(const Tensor value, session_->Fetch(output));
    for (const auto& [at, want] : elements) {
      EXPECT_NEAR(static_cast<double>(value.span<float>()[at]), want, tolerance)
          << output << " element " << at;
    }
  }

  std::unique_ptr<Device> device_;
  std::unique_ptr<Session> session_;
};

TEST_F(PublicModelsTest, UltrafaceFindsTheSameFaces) {
  const std::map<std::string, Tensor> inputs = {
      {"input", Wave({1, 3, 240, 320}, 2)}};
  Load("ultraface/version-RFB-320_simplified.onnx", inputs);
  ASSERT_NE(session_, nullptr);
  Run(inputs);
  Expect("scores",
         {{0, 0.9326723217964172},
          {1, 0.06732761114835739},
          {1111, 0.05212796479463577},
          {4000, 0.9564191699028015},
          {8838, 0.9556195139884949},
          {8839, 0.04438050091266632}},
         1e-5);
  Expect("boxes",
         {{0, 0.8045758605003357},
          {1, -0.5569785237312317},
          {2222, -3.698791980743408},
          {9000, 0.9115221500396729},
          {17679, -0.7087230086326599}},
         5e-5);
}

// Three steps of 32 ms; the state goes from one to the next.
TEST_F(PublicModelsTest, SileroHearsTheSameSpeech) {
  std::map<std::string, Tensor> inputs = {
      {"input", Wave({1, 576}, 0.2f)},
      {"state", Tensor::Zeros(DType::kF32, {2, 1, 128})},
      {"sr", Tensor::From<int64_t>({}, {16000})}};
  Load("silero-vad/silero_vad_16k_op15.onnx", inputs);
  ASSERT_NE(session_, nullptr);
  const double speech[] = {0.03266721963882446, 0.007568687200546265,
                           0.006809234619140625};
  const double state[] = {-0.08469074219465256, -0.3058428466320038,
                          -0.20505020022392273};
  for (size_t step = 0; step < 3; ++step) {
    inputs["input"] = Wave({1, 576}, 0.2f * static_cast<float>(step + 1));
    Run(inputs);
    Expect("output", {{0, speech[step]}}, 1e-5);
    Expect("stateN", {{0, state[step]}}, 1e-4);
    ASSERT_OK_AND_ASSIGN(inputs["state"], session_->Fetch("stateN"));
  }
}

}  // namespace
}  // namespace assay
