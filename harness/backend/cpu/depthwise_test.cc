// The depthwise kernels against the reference: every border, stride and
// remainder of channels.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/constant_fold.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

struct Case {
  Shape src;
  Ints strides = {1, 1}, pads = {1, 1, 1, 1};
  std::string dst_dtype = "u8", activation = "relu6";
  bool bias = true;
  int64_t dst_zero = 7;
};

Tensor Bytes(DType dtype, Shape shape, const char* name) {
  Tensor tensor(dtype, std::move(shape));
  RandomStream stream(9, name);
  auto* bytes = static_cast<uint8_t*>(tensor.raw());
  for (int64_t i = 0; i < tensor.bytes(); ++i) {
    bytes[i] = static_cast<uint8_t>(stream.Below(256));
  }
  return tensor;
}

int Step(const Tensor& t, int64_t i) {
  return t.dtype() == DType::kU8 ? t.data<uint8_t>()[i] : t.data<int8_t>()[i];
}

void Check(const Case& c) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const int64_t channels = c.src[1];
  const ValueId src = b.Input("src", DType::kU8, c.src);
  std::vector<ValueId> operands = {
      src, b.Constant(Bytes(DType::kS8, {channels, 1, 3, 3}, "weights"))};
  if (c.bias) {
    Tensor bias(DType::kF32, {channels});
    RandomStream(9, "bias").FillNormal(bias.span<float>(), 0, 1);
    operands.push_back(b.Constant(bias));
  }
  std::vector<double> scales;
  for (int64_t i = 0; i < channels; ++i) {
    scales.push_back(0.002 + 0.0001 * static_cast<double>(i % 7));
  }
  b.Output("dst", b.Op("conv2d_fused", operands,
                       {{"groups", channels},
                        {"strides", c.strides},
                        {"pads", c.pads},
                        {"activation", c.activation},
                        {"dst_dtype", c.dst_dtype},
                        {"src_scale", 0.02},
                        {"src_zero_point", int64_t{113}},
                        {"weights_scales", scales},
                        {"dst_scale", 0.031},
                        {"dst_zero_point", c.dst_zero}}));
  ASSERT_TRUE(b.ok()) << b.status();
  const Tensor input = Bytes(DType::kU8, c.src, "src");
  auto run = Evaluate(graph, {{"src", input}}, ParameterStore());
  ASSERT_TRUE(run.ok()) << run.status();
  const Tensor& want = run->outputs.at("dst");
  const std::unique_ptr<Device> device = MakeCpuDevice();
  for (const int threads : {1, 3}) {
    auto session =
        Session::Make(device.get(), graph, nullptr, {.threads = threads});
    ASSERT_TRUE(session.ok()) << session.status();
    ASSERT_TRUE((*session)->Feed("src", input).ok());
    ASSERT_TRUE((*session)->Run().ok());
    const Tensor got = *(*session)->Fetch("dst");
    ASSERT_EQ(want.shape(), got.shape());
    int64_t apart = 0;
    for (int64_t i = 0; i < want.size(); ++i) {
      const int off = std::abs(Step(want, i) - Step(got, i));
      ASSERT_LE(off, 1) << i;  // ties
      apart += off;
    }
    EXPECT_LE(apart, 1 + want.size() / 100);
  }
}

TEST(DepthwiseTest, Channels) {
  if (!cpu::HasNativeInt8()) GTEST_SKIP() << "no native 8-bit products";
  for (const int64_t channels : {2, 16, 63, 64, 65, 96, 130}) {
    SCOPED_TRACE(channels);
    Check({.src = {2, channels, 6, 7}});
  }
}

TEST(DepthwiseTest, Borders) {
  if (!cpu::HasNativeInt8()) GTEST_SKIP() << "no native 8-bit products";
  for (const int64_t stride : {1, 2, 3}) {
    for (const Ints& pads : {Ints{0, 0, 0, 0}, Ints{1, 1, 1, 1},
                             Ints{0, 2, 1, 0}, Ints{2, 0, 2, 2}}) {
      for (const int64_t extent : {3, 4, 5, 8}) {
        SCOPED_TRACE(testing::Message()
                     << "stride " << stride << ", pads " << pads[0] << pads[1]
                     << pads[2] << pads[3] << ", extent " << extent);
        Check({.src = {1, 20, extent, extent + 1},
               .strides = {stride, stride},
               .pads = pads});
      }
    }
  }
  Check({.src = {1, 20, 1, 1}});
  Check({.src = {1, 20, 9, 5}, .strides = {2, 1}});
}

TEST(DepthwiseTest, Epilogues) {
  if (!cpu::HasNativeInt8()) GTEST_SKIP() << "no native 8-bit products";
  for (const char* dtype : {"u8", "s8"}) {
    for (const char* activation : {"none", "relu", "relu6"}) {
      SCOPED_TRACE(testing::Message() << dtype << " " << activation);
      Check({.src = {2, 70, 5, 5},
             .dst_dtype = dtype,
             .activation = activation,
             .bias = activation[0] == 'r'});
      // The type's ends are the activation's.
      Check({.src = {2, 70, 5, 5},
             .dst_dtype = dtype,
             .activation = activation,
             .dst_zero = dtype[0] == 'u' ? 0 : -128});
    }
  }
}

// Behind a 1x1 convolution, whose layout the kernel takes over, or row-major.
void CheckFloats(const Case& c, bool behind, bool bf16) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const int64_t channels = c.src[1];
  const auto normal = [&](Shape shape, const char* name) {
    Tensor tensor(DType::kF32, std::move(shape));
    RandomStream(9, name).FillNormal(tensor.span<float>(), 0, 1);
    const ValueId v = b.Constant(tensor);
    return bf16 ? b.Op("cast", {v}, {{"dtype", "bf16"}}) : v;
  };
  ValueId v = b.Input("src", DType::kF32, c.src);
  if (bf16) v = b.Op("cast", {v}, {{"dtype", "bf16"}});
  if (behind) {
    v = b.Op("conv2d", {v, normal({channels, channels, 1, 1}, "first")});
  }
  std::vector<ValueId> operands = {v, normal({channels, 1, 3, 3}, "weights")};
  if (c.bias) operands.push_back(normal({channels}, "bias"));
  v = b.Op("conv2d_fused", operands,
           {{"groups", channels},
            {"strides", c.strides},
            {"pads", c.pads},
            {"activation", c.activation}});
  b.Output("dst", b.Op("cast", {v}, {{"dtype", "f32"}}));
  ASSERT_TRUE(b.ok()) << b.status();
  auto folded = FoldConstants(graph);
  ASSERT_TRUE(folded.ok()) << folded.status();
  Tensor input(DType::kF32, c.src);
  RandomStream(9, "src").FillNormal(input.span<float>(), 0, 1);
  auto run = Evaluate(*folded, {{"src", input}}, ParameterStore());
  ASSERT_TRUE(run.ok()) << run.status();
  const Tensor& want = run->outputs.at("dst");
  const std::unique_ptr<Device> device = MakeCpuDevice();
  for (const int threads : {1, 3}) {
    auto session =
        Session::Make(device.get(), *folded, nullptr, {.threads = threads});
    ASSERT_TRUE(session.ok()) << session.status();
    ASSERT_TRUE((*session)->Feed("src", input).ok());
    ASSERT_TRUE((*session)->Run().ok());
    const Tensor got = *(*session)->Fetch("dst");
    ASSERT_EQ(want.shape(), got.shape());
    for (int64_t i = 0; i < want.size(); ++i) {
      const float w = want.data<float>()[i];
      const float scale = std::max(1.0f, std::abs(w));
      ASSERT_NEAR(w, got.data<float>()[i], scale * (bf16 ? 0.1f : 1e-4f)) << i;
    }
  }
}

TEST(DepthwiseTest, Floats) {
  for (const bool bf16 : {false, true}) {
    if (bf16 && !cpu::HasNativeBf16()) continue;
    for (const bool behind : {false, true}) {
      for (const int64_t channels : {16, 48, 96}) {
        for (const int64_t stride : {1, 2, 3}) {
          for (const Ints& pads : {Ints{1, 1, 1, 1}, Ints{0, 2, 1, 0}}) {
            SCOPED_TRACE(testing::Message()
                         << bf16 << behind << " " << channels << " channels, "
                         << "stride " << stride << ", pad " << pads[0]);
            CheckFloats({.src = {2, channels, 9, 6},
                         .strides = {stride, stride},
                         .pads = pads},
                        behind, bf16);
          }
        }
      }
    }
  }
}

TEST(DepthwiseTest, FloatEpilogues) {
  for (const char* activation : {"none", "relu", "relu6"}) {
    CheckFloats({.src = {1, 16, 3, 2},
                 .activation = activation,
                 .bias = activation[0] == 'n'},
                true, false);
  }
  CheckFloats({.src = {1, 32, 1, 1}}, false, false);
}

}  // namespace
}  // namespace assay
