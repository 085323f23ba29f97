// Kernels that round as they store, against the nodes one by one.
#include <algorithm>
#include <cmath>
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
#include "harness/graph/reference.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

Tensor Normal(Shape shape, const char* name, float deviation = 1) {
  Tensor tensor(DType::kF32, std::move(shape));
  RandomStream(5, name).FillNormal(tensor.span<float>(), 0, deviation);
  return tensor;
}

double At(const Tensor& t, int64_t i) {
  switch (t.dtype()) {
    case DType::kU8:
      return t.data<uint8_t>()[i];
    case DType::kS8:
      return t.data<int8_t>()[i];
    case DType::kBF16:
      return static_cast<double>(static_cast<float>(t.data<BFloat16>()[i]));
    default:
      return static_cast<double>(t.data<float>()[i]);
  }
}

// Each element within one step of its type's grid, nearly all equal.
void ExpectRounded(const Tensor& want, const Tensor& got, double step) {
  ASSERT_EQ(want.dtype(), got.dtype());
  ASSERT_EQ(want.shape(), got.shape());
  int64_t apart = 0;
  for (int64_t i = 0; i < want.size(); ++i) {
    const double off = std::abs(At(want, i) - At(got, i));
    ASSERT_LE(off, step * std::max(1.0, std::abs(At(want, i)))) << i;
    apart += off > 1e-4;
  }
  EXPECT_LE(apart, want.size() / 50);
}

// On one thread and three.
void Check(const Graph& graph, Tensor input, double step) {
  auto want = Evaluate(graph, {{"src", input}}, ParameterStore());
  ASSERT_TRUE(want.ok()) << want.status();
  const std::unique_ptr<Device> device = MakeCpuDevice();
  for (const int threads : {1, 3}) {
    auto session =
        Session::Make(device.get(), graph, nullptr, {.threads = threads});
    ASSERT_TRUE(session.ok()) << session.status();
    ASSERT_TRUE((*session)->Feed("src", input).ok());
    ASSERT_TRUE((*session)->Run().ok());
    for (const auto& [name, tensor] : want->outputs) {
      SCOPED_TRACE(name);
      auto got = (*session)->Fetch(name);
      ASSERT_TRUE(got.ok()) << got.status();
      ExpectRounded(tensor, *got, tensor.dtype() == DType::kF32 ? 1e-4 : step);
    }
  }
}

struct Net {
  explicit Net(Shape shape) : b(&graph) {
    src = b.Input("src", DType::kF32, std::move(shape));
  }
  ValueId Quantized(ValueId v, const char* dtype, int32_t zero_point) {
    Tensor zero(DType::kS32, {});
    zero.data<int32_t>()[0] = zero_point;
    return b.Op("quantize_linear",
                {v, b.Scalar(DType::kF32, 0.031), b.Constant(zero)},
                {{"dtype", dtype}});
  }
  Graph graph{StandardOps()};
  GraphBuilder b;
  ValueId src;
};

// Lengths that fill vectors and that do not; results beside the rounded one.
TEST(RoundingTest, Norms) {
  for (const int64_t length : {32, 37}) {
    for (const bool centred : {true, false}) {
      for (const bool others : {true, false}) {
        for (const char* dtype : {"u8", "s8", "bf16"}) {
          SCOPED_TRACE(testing::Message() << length << " " << dtype);
          Net net({3, 5, length});
          GraphBuilder& b = net.b;
          const ValueId scale = b.Constant(Normal({length}, "scale", 2));
          const ValueId shift = b.Constant(Normal({length}, "shift"));
          const ValueId norm = centred
                                   ? b.Op("layer_norm", {net.src, scale, shift})
                                   : b.Op("rms_norm", {net.src, scale});
          b.Output("rounded",
                   dtype[0] == 'b'
                       ? b.Op("cast", {norm}, {{"dtype", "bf16"}})
                       : net.Quantized(norm, dtype, dtype[0] == 'u' ? 121 : 3));
          if (others) b.Output("norm", norm);
          ASSERT_TRUE(b.ok()) << b.status();
          Check(net.graph, Normal({3, 5, length}, "src"),
                dtype[0] == 'b' ? 0.01 : 1);
        }
      }
    }
  }
}

TEST(RoundingTest, NormsInBf16) {
  if (!cpu::HasNativeBf16()) GTEST_SKIP() << "no native bf16";
  for (const char* dtype : {"u8", "s8"}) {
    Net net({4, 48});
    GraphBuilder& b = net.b;
    const ValueId half = b.Op("cast", {net.src}, {{"dtype", "bf16"}});
    const ValueId norm =
        b.Op("rms_norm", {half, b.Constant(Normal({48}, "scale"))});
    const ValueId wide = b.Op("cast", {norm}, {{"dtype", "f32"}});
    b.Output("rounded", net.Quantized(wide, dtype, 0));
    ASSERT_TRUE(b.ok()) << b.status();
    Check(net.graph, Normal({4, 48}, "src"), 1);
  }
}

TEST(RoundingTest, Attention) {
  // Query, key and value of two heads of 24 features beside each other.
  const Attributes attributes = {{"extents", Ints{2, 2, 7, 7, 24}},
                                 {"query_view", Ints{0, 7 * 144, 24, 144}},
                                 {"key_view", Ints{48, 7 * 144, 24, 144}},
                                 {"value_view", Ints{96, 7 * 144, 24, 144}},
                                 {"scale", 0.2}};
  for (const bool bf16 : {false, true}) {
    if (bf16 && !cpu::HasNativeBf16()) continue;
    for (const char* dtype : {"u8", "s8"}) {
      Net net({2, 7, 144});
      GraphBuilder& b = net.b;
      ValueId v = net.src;
      if (bf16) v = b.Op("cast", {v}, {{"dtype", "bf16"}});
      v = b.Op("attention_fused", {v, v, v}, attributes);
      if (bf16) v = b.Op("cast", {v}, {{"dtype", "f32"}});
      b.Output("rounded", net.Quantized(v, dtype, dtype[0] == 'u' ? 128 : 0));
      ASSERT_TRUE(b.ok()) << b.status();
      Check(net.graph, Normal({2, 7, 144}, "src"), 1);
    }
  }
}

TEST(RoundingTest, IntegerLayers) {
  if (!cpu::HasNativeInt8()) GTEST_SKIP() << "no native 8-bit products";
  Net net({2, 9, 40});
  GraphBuilder& b = net.b;
  Tensor weights(DType::kS8, {24, 40});
  for (int64_t i = 0; i < weights.size(); ++i) {
    weights.data<int8_t>()[i] = static_cast<int8_t>(i * 37 % 255 - 127);
  }
  const ValueId sum =
      b.Op("linear_fused",
           {net.Quantized(net.src, "u8", 128), b.Constant(weights),
            b.Constant(Normal({24}, "bias"))},
           {{"src_scale", 0.031},
            {"src_zero_point", int64_t{128}},
            {"weights_scales", std::vector<double>{0.002}}});
  b.Output("rounded", b.Op("cast", {sum}, {{"dtype", "bf16"}}));
  ASSERT_TRUE(b.ok()) << b.status();
  Check(net.graph, Normal({2, 9, 40}, "src"), 0.01);
}

}  // namespace
}  // namespace assay
