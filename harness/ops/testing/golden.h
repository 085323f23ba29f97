// Golden vectors: what PyTorch makes of ops and their gradients
// (tools/referee/op_golden.py says how a file is read).
#ifndef ASSAY_HARNESS_OPS_TESTING_GOLDEN_H_
#define ASSAY_HARNESS_OPS_TESTING_GOLDEN_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/backend/device.h"
#include "harness/core/tensor.h"
#include "harness/graph/attributes.h"
#include "harness/graph/builder.h"

namespace assay {

struct Golden {
  std::string op, name;
  Attributes attributes;
  // Floats are f64; Tensor() is an absent operand, or a result that is not
  // compared.
  std::vector<Tensor> operands, results;
  std::map<size_t, Tensor> gradients;  // by operand
};

// The cases of one file. INVALID_ARGUMENT names the line.
absl::StatusOr<std::vector<Golden>> ReadGoldens(const std::string& path);

// Writes the golden's op, or the function that it stands for, into a graph.
using GoldenBuilder =
    std::function<std::vector<ValueId>(GraphBuilder& b, const Golden& golden,
                                       const std::vector<ValueId>& operands)>;
std::vector<ValueId> BuildGoldenOp(GraphBuilder& b, const Golden& golden,
                                   const std::vector<ValueId>& operands);

// Results and gradients against the file's: by the references in f64, to 1e-6
// of the largest magnitude (the file has ten digits, and some of PyTorch's
// functions compute in f32); on `device` in f32, to 64 roundings.
absl::Status CheckByReference(const Golden& golden,
                              const GoldenBuilder& build = BuildGoldenOp);
absl::Status CheckOnDevice(const Golden& golden, Device* device,
                           const GoldenBuilder& build = BuildGoldenOp);

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_TESTING_GOLDEN_H_
