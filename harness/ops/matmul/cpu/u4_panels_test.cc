#include "harness/ops/matmul/cpu/u4_panels.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/ops/quantize/group.h"

namespace assay::cpu {
namespace {

struct Layer {
  Layer(const U4Shape& s, bool zeroed) : shape(s) {
    RandomStream random(5, "layer");
    const auto bytes = [&](int64_t n) {
      std::vector<uint8_t> made(static_cast<size_t>(n));
      for (uint8_t& x : made) x = static_cast<uint8_t>(random.Below(256));
      return made;
    };
    weights = bytes(s.outputs * s.groups * s.group / 2);
    if (zeroed) zeros = bytes(s.outputs * ((s.groups + 1) / 2));
    scales.resize(static_cast<size_t>(s.outputs * s.groups));
    for (float& x : scales) {
      x = 0.01f + 0.001f * static_cast<float>(random.Below(10));
    }
    words.resize(static_cast<size_t>(s.words()));
    packed_scales.resize(static_cast<size_t>(s.factors()));
    packed_zeros.resize(zeroed ? packed_scales.size() : 0);
    PackWords(weights.data(), s, words.data());
    PackScales(scales.data(), s, packed_scales.data());
    if (zeroed) PackZeros(zeros.data(), s, packed_zeros.data());
  }

  U4Panels panels() const {
    return {shape, words.data(), packed_scales.data(),
            zeros.empty() ? nullptr : packed_zeros.data()};
  }

  double Weight(int64_t o, int64_t i) const {
    const int64_t g = i / shape.group;
    const int zero =
        zeros.empty()
            ? 8
            : NibbleAt(zeros.data() + o * ((shape.groups + 1) / 2), g);
    const int q =
        NibbleAt(weights.data() + o * shape.groups * shape.group / 2, i);
    return static_cast<double>(
               scales[static_cast<size_t>(o * shape.groups + g)]) *
           (q - zero);
  }

  U4Shape shape;
  std::vector<uint8_t> weights, zeros;
  std::vector<float> scales;
  std::vector<uint32_t> words;
  std::vector<float> packed_scales, packed_zeros;
};

std::vector<float> Source(int64_t n) {
  std::vector<float> x(static_cast<size_t>(n));
  RandomStream(7, "source").FillNormal(absl::MakeSpan(x), 0, 1);
  return x;
}

std::vector<float> Multiply(const Layer& layer, U4Form form,
                            const std::vector<float>& src, int rows) {
  const U4Shape& s = layer.shape;
  const size_t row = static_cast<size_t>(U4RowBytes(form, s));
  // Words, so that what follows a row's floats is aligned as in a program.
  std::vector<float> prepared(row * static_cast<size_t>(rows) / sizeof(float));
  for (int r = 0; r < rows; ++r) {
    PrepareU4Row(form, src.data() + r * s.inputs, s,
                 prepared.data() + static_cast<size_t>(r) * row / 4);
  }
  std::vector<float> out(static_cast<size_t>(rows * s.panels() * kPanel));
  MultiplyU4(form, layer.panels(), 0, s.panels(), prepared.data(), rows,
             out.data());
  return out;
}

// Widths that fill words, groups and panels and that do not; a group of all.
const U4Shape kShapes[] = {{64, 64, 2, 32},
                           {33, 96, 3, 32},
                           {7, 50, 4, 16},
                           {17, 300, 5, 64},
                           {80, 1000, 1, 1008}};

TEST(U4PanelsTest, GivesTheProduct) {
  for (const U4Form form : {U4Form::kFloats, BestU4Form()}) {
    for (const U4Shape& shape : kShapes) {
      for (const bool zeroed : {false, true}) {
        const Layer layer(shape, zeroed);
        constexpr int kRowCount = 7;
        const std::vector<float> src = Source(kRowCount * shape.inputs);
        const std::vector<float> got = Multiply(layer, form, src, kRowCount);
        for (int64_t r = 0; r < kRowCount; ++r) {
          for (int64_t o = 0; o < shape.outputs; ++o) {
            double sum = 0, magnitudes = 0;
            for (int64_t i = 0; i < shape.inputs; ++i) {
              const double w = layer.Weight(o, i);
              sum += w * static_cast<double>(
                             src[static_cast<size_t>(r * shape.inputs + i)]);
              magnitudes += std::abs(w);
            }
            // Sources are below 6: half a step of 16 bits for each weight.
            const double bound = form == U4Form::kBytes ? magnitudes * 6 / 32512
                                                        : magnitudes * 6 * 1e-6;
            EXPECT_NEAR(
                got[static_cast<size_t>(r * shape.panels() * kPanel + o)], sum,
                bound)
                << shape.outputs << "x" << shape.inputs << ", row " << r
                << ", output " << o;
          }
        }
      }
    }
  }
}

TEST(U4PanelsTest, RowsAndPanelsDoNotDependOnTheirNeighbours) {
  for (const U4Form form : {U4Form::kFloats, BestU4Form()}) {
    const Layer layer({96, 96, 3, 32}, true);
    const std::vector<float> src = Source(8 * 96);
    const std::vector<float> all = Multiply(layer, form, src, 8);
    for (int r = 0; r < 8; ++r) {
      const std::vector<float> row(src.begin() + r * 96,
                                   src.begin() + (r + 1) * 96);
      const std::vector<float> one = Multiply(layer, form, row, 1);
      EXPECT_TRUE(std::equal(one.begin(), one.end(), all.begin() + r * 96));
    }
  }
}

TEST(U4PanelsTest, ZerosGiveZeros) {
  const Layer layer({16, 40, 2, 32}, true);
  for (const U4Form form : {U4Form::kFloats, BestU4Form()}) {
    const std::vector<float> got =
        Multiply(layer, form, std::vector<float>(40), 1);
    EXPECT_EQ(got, std::vector<float>(16));
  }
}

}  // namespace
}  // namespace assay::cpu
