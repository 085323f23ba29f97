#include "harness/ops/elementwise/cpu/expression.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "harness/backend/cpu/parallel.h"
#include "harness/ops/elementwise/cpu/block_ops.h"

namespace assay::cpu {
namespace {

constexpr int64_t kBlock = 256;  // elements
constexpr size_t kMaxRegisters = 64;
// A float's worth of work per element and instruction, in bytes of traffic.
constexpr int64_t kInstructionCost = 4;

// Merges extents that every operand walks as one and drops those of 1.
void Collapse(ExpressionSpec* spec) {
  Shape extents;
  std::vector<std::vector<int64_t>> strides(spec->inputs.size());
  for (size_t d = 0; d < spec->extents.size(); ++d) {
    const int64_t extent = spec->extents[d];
    if (extent == 1) continue;
    bool merges = !extents.empty();
    for (size_t i = 0; merges && i < strides.size(); ++i) {
      merges = strides[i].back() == spec->inputs[i].strides[d] * extent;
    }
    if (merges) {
      extents.back() *= extent;
      for (size_t i = 0; i < strides.size(); ++i) {
        strides[i].back() = spec->inputs[i].strides[d];
      }
      continue;
    }
    extents.push_back(extent);
    for (size_t i = 0; i < strides.size(); ++i) {
      strides[i].push_back(spec->inputs[i].strides[d]);
    }
  }
  if (extents.empty()) {
    extents.push_back(1);
    for (std::vector<int64_t>& s : strides) s.push_back(0);
  }
  spec->extents = std::move(extents);
  for (size_t i = 0; i < strides.size(); ++i) {
    spec->inputs[i].strides = std::move(strides[i]);
  }
}

template <typename T>
class Expression final : public Kernel {
 public:
  explicit Expression(ExpressionSpec spec) : spec_(std::move(spec)) {
    inner_ = spec_.extents.back();
    spec_.extents.pop_back();
    rows_ = ElementCount(spec_.extents);
    per_row_ = (inner_ + kBlock - 1) / kBlock;
    for (const ExpressionInput& input : spec_.inputs) {
      const int64_t step = input.strides.back();
      direct_.push_back(step == 1 && input.dtype == DTypeOf<T>());
      single_.push_back(IsSingle(input));
    }
    result_direct_ = spec_.result_dtype == DTypeOf<T>();
    const int64_t work =
        rows_ * inner_ *
        static_cast<int64_t>(spec_.inputs.size() + spec_.instructions.size()) *
        kInstructionCost;
    parts_ = static_cast<int>(
        std::min<int64_t>(ThreadsFor(spec_.threads, work), rows_ * per_row_));
    AssignBuffers();
    FindGrid();
  }

  absl::Status Run(void* const* slots) const override {
    ParallelRanges(
        parts_, rows_ * per_row_,
        [&](int, int64_t begin, int64_t end) { RunBlocks(slots, begin, end); });
    return absl::OkStatus();
  }

 private:
  // Buffers are shared between registers whose lives do not overlap.
  void AssignBuffers() {
    const size_t inputs = spec_.inputs.size();
    const size_t registers = inputs + spec_.instructions.size();
    std::vector<size_t> last_use(registers, registers);
    for (size_t k = 0; k < spec_.instructions.size(); ++k) {
      for (const int r : spec_.instructions[k].operands) {
        last_use[static_cast<size_t>(r)] = k;
      }
    }
    std::vector<size_t> free;
    size_t count = 0;
    buffer_.assign(registers, 0);
    for (size_t i = 0; i < inputs; ++i) buffer_[i] = count++;
    for (size_t k = 0; k < spec_.instructions.size(); ++k) {
      if (free.empty()) free.push_back(count++);
      buffer_[inputs + k] = free.back();
      free.pop_back();
      for (size_t j = 0; j < k; ++j) {
        if (last_use[inputs + j] == k) {
          free.push_back(buffer_[inputs + j]);
          last_use[inputs + j] = registers;
        }
      }
    }
    buffers_ = count;
  }

  // A chain that ends on one grid for all elements is quantized as it is
  // stored.
  void FindGrid() {
    const ExpressionInstruction& last = spec_.instructions.back();
    const DType dtype = spec_.result_dtype;
    if (!std::is_same_v<T, float> ||
        absl::string_view(last.op->name) != "quantize_linear" ||
        (dtype != DType::kU8 && dtype != DType::kS8)) {
      return;
    }
    for (const int r : {last.operands[1], last.operands[2]}) {
      const size_t i = static_cast<size_t>(r);
      if (i >= spec_.inputs.size() || !IsSingle(spec_.inputs[i]) ||
          ReadBefore(r)) {
        return;
      }
    }
    on_grid_ = true;
  }
  static bool IsSingle(const ExpressionInput& input) {
    return std::all_of(input.strides.begin(), input.strides.end(),
                       [](int64_t stride) { return stride == 0; });
  }
  // Whether an instruction but the last reads `r`, or the last as its source.
  bool ReadBefore(int r) const {
    const auto reads = [r](const ExpressionInstruction& k) {
      return std::find(k.operands.begin(), k.operands.end(), r) !=
             k.operands.end();
    };
    return spec_.instructions.back().operands[0] == r ||
           std::any_of(spec_.instructions.begin(), spec_.instructions.end() - 1,
                       reads);
  }
  bool IsGrid(size_t input) const {
    const ExpressionInstruction& last = spec_.instructions.back();
    return on_grid_ && (static_cast<size_t>(last.operands[1]) == input ||
                        static_cast<size_t>(last.operands[2]) == input);
  }

  // The same in every block, in a buffer of its own: loaded once.
  bool IsConstantInput(size_t i) const { return single_[i] && !IsGrid(i); }

  T Single(void* const* slots, int input) const {
    const ExpressionInput& from = spec_.inputs[static_cast<size_t>(input)];
    T value;
    LoadBlock(from.dtype, At<const char>(slots, from.slot), 1, &value);
    return value;
  }

  struct State {
    std::array<std::array<T, kBlock>, kMaxRegisters> buffers;
    std::array<T*, kMaxRegisters> registers;
  };

  int64_t Offset(const ExpressionInput& input, int64_t row) const {
    int64_t offset = 0;
    for (size_t d = spec_.extents.size(); d-- > 0;) {
      offset += row % spec_.extents[d] * input.strides[d];
      row /= spec_.extents[d];
    }
    return offset;
  }

  void LoadInput(void* const* slots, size_t i, int64_t row, int64_t column,
                 int64_t n, State* state) const {
    const ExpressionInput& input = spec_.inputs[i];
    const int64_t step = input.strides.back();
    const int64_t at = Offset(input, row) + column * step;
    char* src = At<char>(slots, input.slot) + at * SizeOf(input.dtype);
    if (direct_[i]) {
      state->registers[i] = reinterpret_cast<T*>(src);
      return;
    }
    T* buffer = state->buffers[buffer_[i]].data();
    state->registers[i] = buffer;
    if (step == 1) {
      LoadBlock(input.dtype, src, n, buffer);
    } else if (step == 0) {
      T value;
      LoadBlock(input.dtype, src, 1, &value);
      std::fill(buffer, buffer + n, value);
    } else {
      for (int64_t k = 0; k < n; ++k) {
        LoadBlock(input.dtype, src + k * step * SizeOf(input.dtype), 1,
                  buffer + k);
      }
    }
  }

  void RunBlocks(void* const* slots, int64_t begin, int64_t end) const {
    State state;
    const size_t inputs = spec_.inputs.size();
    for (size_t i = 0; i < inputs; ++i) {
      if (IsConstantInput(i)) LoadInput(slots, i, 0, 0, kBlock, &state);
    }
    for (int64_t block = begin; block < end; ++block) {
      const int64_t row = block / per_row_;
      const int64_t column = block % per_row_ * kBlock;
      const int64_t n = std::min(kBlock, inner_ - column);
      for (size_t i = 0; i < inputs; ++i) {
        if (IsGrid(i) || IsConstantInput(i)) continue;
        LoadInput(slots, i, row, column, n, &state);
      }
      char* dst = At<char>(slots, spec_.result) +
                  (row * inner_ + column) * SizeOf(spec_.result_dtype);
      const size_t count = spec_.instructions.size() - (on_grid_ ? 1 : 0);
      for (size_t k = 0; k < count; ++k) {
        const bool last = k + 1 == spec_.instructions.size();
        state.registers[inputs + k] =
            last && result_direct_ ? reinterpret_cast<T*>(dst)
                                   : state.buffers[buffer_[inputs + k]].data();
        Execute(spec_.instructions[k], n, state.registers[inputs + k], &state);
      }
      if (on_grid_) {
        Quantize(slots, state, n, dst);
      } else if (!result_direct_) {
        StoreBlock(spec_.result_dtype,
                   state.registers[inputs + spec_.instructions.size() - 1], n,
                   dst);
      }
    }
  }

  void Quantize(void* const* slots, const State& state, int64_t n,
                char* dst) const {
    if constexpr (std::is_same_v<T, float>) {
      const std::vector<int>& operands = spec_.instructions.back().operands;
      QuantizeBlock(
          spec_.result_dtype, state.registers[static_cast<size_t>(operands[0])],
          n, Single(slots, operands[1]), Single(slots, operands[2]), dst);
    }
  }

  static void Execute(const ExpressionInstruction& instruction, int64_t n,
                      T* dst, State* state) {
    BlockArguments<T> x = {};
    const T** operand[] = {&x.a, &x.b, &x.c};
    for (size_t j = 0; j < instruction.operands.size(); ++j) {
      *operand[j] =
          state->registers[static_cast<size_t>(instruction.operands[j])];
    }
    x.dst = dst;
    x.n = n;
    x.p = static_cast<T>(instruction.p);
    x.q = static_cast<T>(instruction.q);
    if constexpr (std::is_same_v<T, float>) {
      instruction.op->f32(x);
    } else {
      instruction.op->f64(x);
    }
  }

  ExpressionSpec spec_;  // extents: the outer ones
  int64_t rows_, inner_, per_row_;
  std::vector<bool> direct_;  // read from memory without a copy
  std::vector<bool> single_;  // one element for all
  bool result_direct_;
  bool on_grid_ = false;
  std::vector<size_t> buffer_;  // of each register
  size_t buffers_ = 0;
  int parts_;
};

}  // namespace

std::unique_ptr<Kernel> MakeExpression(ExpressionSpec spec) {
  Collapse(&spec);
  if (spec.wide) return std::make_unique<Expression<double>>(std::move(spec));
  return std::make_unique<Expression<float>>(std::move(spec));
}

}  // namespace assay::cpu
