#include "harness/ops/matmul/cpu/outer_cpu.h"

#include <algorithm>
#include <memory>

#include "harness/backend/cpu/parallel.h"
#include "harness/ops/matmul/cpu/outer_rows.h"

namespace assay::cpu {
namespace {

struct Outer {
  int64_t inner, rows, columns;
  int parts;
  SlotId left, right, result, sums, panels;

  // Rows that are computed together.
  int64_t blocks() const { return (rows + kOuterRows - 1) / kOuterRows; }
};

class OuterKernel final : public Kernel {
 public:
  explicit OuterKernel(const Outer& o) : o_(o) {}

  absl::Status Run(void* const* slots) const override {
    const OuterProducts from{At<const float>(slots, o_.left),
                             At<const float>(slots, o_.right), o_.inner,
                             o_.rows, o_.columns};
    ParallelRanges(
        o_.parts, o_.blocks(), [&](int part, int64_t begin, int64_t end) {
          SumOuterProducts(
              from, begin * kOuterRows, std::min(end * kOuterRows, o_.rows),
              At<float>(slots, o_.panels) + part * kOuterPanel,
              At<float>(slots, o_.result), At<float>(slots, o_.sums));
        });
    return absl::OkStatus();
  }

 private:
  Outer o_;
};

}  // namespace

void MakeOuterProducts(ProgramBuilder& b, NodeId sum) {
  const Shape& left = b.shape(b.input(0));
  Outer o;
  o.inner = left[0];
  o.rows = left[1];
  o.columns = b.shape(b.input(1))[1];
  o.parts = static_cast<int>(std::min<int64_t>(
      ThreadsFor(b.threads(), o.inner * o.rows * o.columns), o.blocks()));
  o.left = b.ReadPlain(b.input(0));
  o.right = b.ReadPlain(b.input(1));
  o.result = b.WritePlain(b.output());
  o.sums = b.WritePlain(b.graph().node(sum).outputs[0]);
  o.panels = b.Scratch(4 * o.parts * kOuterPanel);
  b.AddStep(std::make_unique<OuterKernel>(o), {o.left, o.right},
            {o.result, o.sums, o.panels});
}

}  // namespace assay::cpu
