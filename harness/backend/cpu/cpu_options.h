// What the cpu backend can make in several ways.
#ifndef ASSAY_HARNESS_BACKEND_CPU_CPU_OPTIONS_H_
#define ASSAY_HARNESS_BACKEND_CPU_CPU_OPTIONS_H_

#include <cstdint>

#include "absl/status/status.h"

namespace assay {

// How images lie between convolutions. Beside kRule, a convolution that has no
// fast primitive for the form keeps to the rule.
enum class ImageLayout : uint8_t {
  kRule,          // as the first of oneDNN's primitives likes it
  kBlocked,       // blocks of sixteen channels
  kChannelsLast,  // [images, height, width, channels]
  kRowMajor,      // [images, channels, height, width]
};

// Which of oneDNN's ways to convolve. A convolution without it keeps to the
// rule.
enum class ConvAlgorithm : uint8_t {
  kRule,    // the first that oneDNN has
  kBrgemm,  // direct, by products of batches of small matrices
  kJit,     // direct, by a kernel generated as a whole
  kGemm,    // unfolded to one large product
};

struct CpuOptions {
  // Samples that a program computes at a time (strip_plan.h): 0: as planned,
  // the batch or more: all.
  int64_t strip_samples = 0;
  // One image in bands of rows where that is faster (row_plan.h).
  bool row_bands = true;
  ImageLayout layout = ImageLayout::kRule;
  ConvAlgorithm algorithm = ConvAlgorithm::kRule;
  // Depthwise 3x3 convolutions by own kernels where there are some, else by
  // oneDNN's.
  bool own_depthwise = true;
  // Constant weights of products in the form that oneDNN likes, else as they
  // are.
  bool pack_weights = true;
  // Fewer products for more sums where that is faster: 3x3 convolutions and
  // their gradients by Winograd's algorithm (ops/conv/cpu/winograd_cpu.h), f32
  // layers with constant weights by his form of Strassen's
  // (ops/matmul/cpu/strassen_cpu.h). The same precision, other roundings. Off,
  // or where an algorithm is asked for: as sums of products.
  bool winograd = true;
  // Whether a graph without any layer that heeds what is asked beside the rules
  // is refused, so that no two options make the same program.
  bool refuse_unheeded = true;

  bool operator==(const CpuOptions&) const = default;
};

// Which options some kernel of a program has heeded.
struct CpuOptionsTaken {
  bool layout = false;
  bool algorithm = false;
  bool library_depthwise = false;
  bool plain_weights = false;
  bool whole_images = false;  // where bands of rows were forbidden
  bool sums = false;          // where Winograd's algorithm was forbidden
};

// What one of two programs has heeded.
CpuOptionsTaken operator|(const CpuOptionsTaken& a, const CpuOptionsTaken& b);

// UNIMPLEMENTED names the first option beside the rules that no kernel took:
// the program would be another's twin.
absl::Status CheckTaken(const CpuOptions& options,
                        const CpuOptionsTaken& taken);

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_CPU_CPU_OPTIONS_H_
