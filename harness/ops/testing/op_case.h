// Example operands of ops: the rows that every generic op test runs over.
//
// A family's rows lie beside it in <family>_cases.cc; all_cases.h has them all.
// A row yields: shape inference, f32 against f64, finite differences of the
// gradient (and of the gradient's gradient), and every backend against the
// reference.
#ifndef ASSAY_HARNESS_OPS_TESTING_OP_CASE_H_
#define ASSAY_HARNESS_OPS_TESTING_OP_CASE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

struct CaseOperand {
  // kF32 stands for the type under test: f32, f64 or bf16.
  TensorType type;
  bool absent = false;

  // Elements: `values` if given, else uniform in [low, high] (integers: both
  // ends included).
  std::vector<double> values;
  double low = -1, high = 1;
  // Floats stay at least 0.05 away from these: kinks, where differences fail.
  std::vector<double> avoid;
  // Floats are evenly spaced, in random order: no two are close.
  bool distinct = false;

  // Stays f32 when the type under test is bf16 (statistics, learning rates).
  bool statistics = false;
  // No gradient flows here by contract (relu_backward's dst).
  bool constant = false;
};

struct OpCase {
  std::string op;
  std::vector<CaseOperand> operands{};
  Attributes attributes{};
  // How often the gradient is checked: 0 for none, 2 for the gradient's
  // gradient too.
  int order = 2;
  // The longest sum behind an element of a result: for tolerances.
  int64_t terms = 1;
  // Types under test beside f32.
  bool f64 = true, bf16 = true;
};

// A node that must be refused, with a part of the message.
struct Refusal {
  std::string op;
  std::vector<TensorType> operands{};
  Attributes attributes{};
  std::string message{};
};

struct OpCases {
  std::vector<OpCase> accepted;
  std::vector<Refusal> refused;
};

// Shorthands: a float operand (see CaseOperand), and s32 ones.
CaseOperand F(Shape shape, double low = -1, double high = 1);
CaseOperand Avoiding(Shape shape, std::vector<double> avoid, double low = -1,
                     double high = 1);
CaseOperand Distinct(Shape shape, double low = -1, double high = 1);
CaseOperand Given(DType dtype, Shape shape, std::vector<double> values);
CaseOperand S32(Shape shape, double low, double high);
CaseOperand Statistics(CaseOperand operand);
CaseOperand Constant(CaseOperand operand);
CaseOperand Absent();

// The case's operands with its float type replaced by `dtype`, from a random
// stream named by the op and `index`: the same on every call.
std::vector<Tensor> MakeOperands(const OpCase& op_case, DType dtype,
                                 size_t index);

// A graph of one node: inputs "operand0", ..., outputs "result0", ....
absl::StatusOr<Graph> MakeCaseGraph(const OpCase& op_case, DType dtype);

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_TESTING_OP_CASE_H_
