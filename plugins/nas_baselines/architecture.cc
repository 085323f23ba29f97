#include "plugins/nas_baselines/architecture.h"

#include <utility>

namespace assay::nas_baselines {
namespace {

constexpr int kStages = 3;
constexpr int kStageVariables = 4;  // width, depth, two kernels
constexpr int kLayers = 4;
const std::vector<int64_t> kKernels = {3, 5};

std::vector<int64_t> Widths(int64_t width) {
  return {width / 2, width / 4 * 3, width};
}

Space CnnSpace(int64_t width) {
  std::vector<Variable> variables = {{"stem.width", Widths(width)}};
  for (int s = 0; s < kStages; ++s) {
    const std::string stage = "stage" + std::to_string(s + 1);
    const int depth = static_cast<int>(variables.size()) + 1;
    variables.push_back({stage + ".width", Widths(width << s)});
    variables.push_back({stage + ".depth", {1, 2}});
    variables.push_back({stage + ".kernel1", kKernels});
    variables.push_back({stage + ".kernel2", kKernels, depth, 2});
  }
  return Space(std::move(variables));
}

Space TdnnSpace(int64_t width) {
  std::vector<Variable> variables = {{"depth", {2, 3, 4}}};
  for (int l = 0; l < kLayers; ++l) {
    const std::string layer = "layer" + std::to_string(l + 1);
    variables.push_back({layer + ".width", Widths(width), 0, l + 1});
    variables.push_back({layer + ".kernel", kKernels, 0, l + 1});
  }
  return Space(std::move(variables));
}

}  // namespace

Architectures::Architectures(Family family, int64_t inputs, int64_t width)
    : family_(family),
      inputs_(inputs),
      space_(family == Family::kCnn ? CnnSpace(width) : TdnnSpace(width)) {}

std::vector<Block> Architectures::Blocks(const Choice& x) const {
  return family_ == Family::kCnn ? Cnn(x) : Tdnn(x);
}

std::vector<Block> Architectures::Cnn(const Choice& x) const {
  int64_t width = space_.ValueOf(x, 0);
  std::vector<Block> blocks = {
      {.name = "stem", .inputs = inputs_, .outputs = width, .kernel = 3}};
  for (size_t s = 0; s < kStages; ++s) {
    const size_t first = 1 + s * kStageVariables;
    for (int64_t d = 0; d < space_.ValueOf(x, first + 1); ++d) {
      Block block;
      block.name =
          "stage" + std::to_string(s + 1) + ".block" + std::to_string(d + 1);
      block.inputs = width;
      block.outputs = width = space_.ValueOf(x, first);
      block.kernel = space_.ValueOf(x, first + 2 + static_cast<size_t>(d));
      block.stride = s > 0 && d == 0 ? 2 : 1;
      block.residual = d > 0;
      blocks.push_back(std::move(block));
    }
  }
  return blocks;
}

std::vector<Block> Architectures::Tdnn(const Choice& x) const {
  int64_t width = inputs_;
  std::vector<Block> blocks;
  for (int64_t l = 0; l < space_.ValueOf(x, 0); ++l) {
    const size_t first = 1 + 2 * static_cast<size_t>(l);
    Block block;
    block.name = "layer" + std::to_string(l + 1);
    block.inputs = width;
    block.outputs = width = space_.ValueOf(x, first);
    block.kernel = space_.ValueOf(x, first + 1);
    block.dilation = l + 1;
    blocks.push_back(std::move(block));
  }
  return blocks;
}

}  // namespace assay::nas_baselines
