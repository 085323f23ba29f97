// The spaces of networks: what a choice means, as a list of convolutions. Pure
// and host-free.
#ifndef ASSAY_PLUGINS_NAS_BASELINES_ARCHITECTURE_H_
#define ASSAY_PLUGINS_NAS_BASELINES_ARCHITECTURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/nas_baselines/space.h"

namespace assay::nas_baselines {

// Convolution, batch norm, relu; extents stay, divided by `stride`.
struct Block {
  std::string name;
  int64_t inputs = 0;
  int64_t outputs = 0;
  int64_t kernel = 0;  // odd
  int64_t stride = 1;
  int64_t dilation = 1;
  bool residual = false;  // the input is added before the relu

  bool operator==(const Block&) const = default;
};

enum class Family {
  // Images [N,C,H,W]: a stem and three stages of one or two blocks, mean over
  // the pixels, linear layer.
  kCnn,
  // Features [N,1,T,F] as [N,F,1,T]: two to four dilated blocks along time,
  // mean and deviation over time, linear layer.
  kTdnn,
};

class Architectures {
 public:
  // `inputs`: channels of the first block's input. `width`: the largest width
  // of the stem (CNN, stage s has 2^s times it) or of each block (TDNN), a
  // positive multiple of 4; half and three quarters of it may be chosen.
  Architectures(Family family, int64_t inputs, int64_t width);

  Family family() const { return family_; }
  const Space& space() const { return space_; }
  std::vector<Block> Blocks(const Choice& x) const;

 private:
  std::vector<Block> Cnn(const Choice& x) const;
  std::vector<Block> Tdnn(const Choice& x) const;

  Family family_;
  int64_t inputs_;
  Space space_;
};

}  // namespace assay::nas_baselines

#endif  // ASSAY_PLUGINS_NAS_BASELINES_ARCHITECTURE_H_
