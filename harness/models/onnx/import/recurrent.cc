// RNN, GRU and LSTM, written out step by step.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"
#include "harness/models/onnx/import/formulas.h"

namespace assay {
namespace {

// What a step carries on: the hidden state, and the cell of an LSTM.
struct State {
  ValueId h = kNoValue, cell = kNoValue;
};

// One direction's weights and functions.
struct Direction {
  ValueId recurrence = kNoValue;       // R [G H, H]
  ValueId recurrence_bias = kNoValue;  // [G H]
  ValueId peephole = kNoValue;         // [3 H], in the order i, o, f
  std::vector<std::function<ValueId(ValueId)>> functions;
};

// The node's attributes and extents.
struct Recurrence {
  int64_t gates = 1, steps = 0, batch = 0, hidden = 0, directions = 1;
  bool backwards = false;  // the first direction
  bool batch_first = false;
  bool reset_after = false, has_cell = false;
};

// Gate `g` of [.., gates * H].
ValueId Gate(NodeContext& c, ValueId v, int64_t g, int64_t hidden) {
  return c.Slice(v, c.Rank(v) - 1, g * hidden, (g + 1) * hidden);
}

using Step = State (*)(NodeContext& c, const Recurrence& r, const Direction& d,
                       ValueId projected, State state);

State RnnStep(NodeContext& c, const Recurrence&, const Direction& d,
              ValueId projected, State s) {
  const ValueId sum =
      c.Add(projected, c.Op("linear", {s.h, d.recurrence, d.recurrence_bias}));
  return {d.functions[0](sum), kNoValue};
}

// Gates z, r, h: H = (1 - z) h + z H.
State GruStep(NodeContext& c, const Recurrence& r, const Direction& d,
              ValueId projected, State s) {
  const int64_t h = r.hidden;
  const ValueId all = c.Op("linear", {s.h, d.recurrence, d.recurrence_bias});
  const auto gate = [&](ValueId v, int64_t g) { return Gate(c, v, g, h); };
  const ValueId z = d.functions[0](c.Add(gate(projected, 0), gate(all, 0)));
  const ValueId reset = d.functions[0](c.Add(gate(projected, 1), gate(all, 1)));
  const ValueId before =
      r.reset_after
          ? c.Mul(reset, gate(all, 2))
          : c.Op("linear",
                 {c.Mul(reset, s.h), c.Slice(d.recurrence, 0, 2 * h, 3 * h),
                  c.Slice(d.recurrence_bias, 0, 2 * h, 3 * h)});
  const ValueId candidate = d.functions[1](c.Add(gate(projected, 2), before));
  const ValueId rest = c.Sub(c.Scalar(c.dtype(z), 1), z);
  return {c.Add(c.Mul(rest, candidate), c.Mul(z, s.h)), kNoValue};
}

// Gates i, o, f, c: C = f C + i c, H = o h(C).
State LstmStep(NodeContext& c, const Recurrence& r, const Direction& d,
               ValueId projected, State s) {
  const ValueId sum =
      c.Add(projected, c.Op("linear", {s.h, d.recurrence, d.recurrence_bias}));
  const auto gate = [&](int64_t g, int64_t peep, ValueId cell) {
    const ValueId own = Gate(c, sum, g, r.hidden);
    if (d.peephole == kNoValue) return own;
    return c.Add(own, c.Mul(Gate(c, d.peephole, peep, r.hidden), cell));
  };
  const ValueId input = d.functions[0](gate(0, 0, s.cell));
  const ValueId forget = d.functions[0](gate(2, 2, s.cell));
  const ValueId candidate = d.functions[1](Gate(c, sum, 3, r.hidden));
  const ValueId cell = c.Add(c.Mul(forget, s.cell), c.Mul(input, candidate));
  const ValueId output = d.functions[0](gate(1, 1, cell));
  return {c.Mul(output, d.functions[2](cell)), cell};
}

// Row `d` of operand `i` [D, ..] under `shape`; zeros where absent.
ValueId RowOf(NodeContext& c, size_t i, int64_t d, const Shape& shape) {
  if (!c.Has(i)) return c.Constant(Tensor::Zeros(DType::kF32, shape));
  return c.Reshape(c.Slice(c.In(i), 0, d, d + 1), shape);
}

// An initial state [D,N,H] ([N,D,H] with the batch first), row `d`.
ValueId InitialState(NodeContext& c, const Recurrence& r, size_t i, int64_t d) {
  const Shape shape = {r.batch, r.hidden};
  if (!c.Has(i)) return c.Constant(Tensor::Zeros(DType::kF32, shape));
  const ValueId v = c.In(i);
  if (c.ok() && c.Rank(v) != 3) {
    c.Invalid(absl::StrCat("operand ", i, ": expected rank 3, got ",
                           ToString(c.shape(v))));
  }
  return c.Reshape(c.Slice(v, r.batch_first ? 1 : 0, d, d + 1), shape);
}

// Functions of direction `d`: `presets` name those of one direction.
std::vector<std::function<ValueId(ValueId)>> FunctionsOf(
    NodeContext& c, int64_t d, const std::vector<std::string>& presets) {
  std::vector<std::string> names = c.TextList("activations");
  const std::vector<float> alphas = c.RealList("activation_alpha");
  const std::vector<float> betas = c.RealList("activation_beta");
  const double clip = c.Real("clip", 0);
  std::vector<std::function<ValueId(ValueId)>> functions;
  const size_t first = static_cast<size_t>(d) * presets.size();
  for (size_t i = 0; i < presets.size(); ++i) {
    const size_t at = first + i;
    const std::string name = at < names.size() ? names[at] : presets[i];
    const bool leaky = name == "LeakyRelu";
    const double alpha = at < alphas.size() ? static_cast<double>(alphas[at])
                         : name == "HardSigmoid" ? 0.2
                         : leaky                 ? 0.01
                                                 : 1.0;
    const double beta = at < betas.size()       ? static_cast<double>(betas[at])
                        : name == "HardSigmoid" ? 0.5
                                                : 0.0;
    functions.push_back([&c, name, alpha, beta, clip](ValueId x) {
      if (clip > 0) x = c.Op("clip", {x}, {{"low", -clip}, {"high", clip}});
      return Activation(c, name, alpha, beta, x);
    });
  }
  return functions;
}

// The steps that row n takes, as [N,1] masks per step; none where all rows take
// every step.
std::vector<ValueId> Masks(NodeContext& c, const Recurrence& r) {
  if (!c.Has(4)) return {};
  const std::vector<int64_t> lengths = c.IntsIn(4, "the lengths");
  if (!c.ok()) return {};
  if (static_cast<int64_t>(lengths.size()) != r.batch) {
    c.Invalid("the lengths: not one per batch row");
    return {};
  }
  if (std::all_of(lengths.begin(), lengths.end(),
                  [&](int64_t length) { return length >= r.steps; })) {
    return {};
  }
  if (r.backwards || r.directions > 1) {
    c.Refuse("lengths of a backward direction below the number of steps");
    return {};
  }
  std::vector<ValueId> masks;
  for (int64_t t = 0; t < r.steps; ++t) {
    Tensor mask(DType::kBool, {r.batch, 1});
    for (int64_t n = 0; n < r.batch; ++n) {
      mask.data<bool>()[n] = t < lengths[static_cast<size_t>(n)];
    }
    masks.push_back(c.Constant(mask));
  }
  return masks;
}

Recurrence ReadRecurrence(NodeContext& c, ValueId x, int64_t gates) {
  Recurrence r;
  const std::string direction = c.Text("direction", "forward");
  r.gates = gates;
  r.backwards = direction == "reverse";
  r.directions = direction == "bidirectional" ? 2 : 1;
  r.batch_first = c.Int("layout", 0) != 0;
  if (!c.ok()) return r;
  const Shape recurrence = c.shape(c.In(2));
  if (!c.ok()) return r;
  if (c.Rank(x) != 3 || recurrence.size() != 3 ||
      recurrence[0] != r.directions || recurrence[1] % gates != 0 ||
      recurrence[1] / gates != recurrence[2] ||
      c.Int("hidden_size", recurrence[2]) != recurrence[2]) {
    c.Invalid(absl::StrCat("operands ", ToString(c.shape(x)), " and ",
                           ToString(recurrence), " for ", gates,
                           " gates and direction '", direction, "'"));
    return r;
  }
  r.steps = c.Dim(x, r.batch_first ? 1 : 0);
  r.batch = c.Dim(x, r.batch_first ? 0 : 1);
  r.hidden = recurrence[2];
  return r;
}

// All steps of direction `d`; every step's state goes to `all` [N,1,H].
State RunDirection(NodeContext& c, const Recurrence& r, ValueId x, int64_t d,
                   Step step, const std::vector<std::string>& presets,
                   const std::vector<ValueId>& masks,
                   std::vector<ValueId>* all) {
  const int64_t rows = r.gates * r.hidden;
  Direction direction;
  direction.functions = FunctionsOf(c, d, presets);
  const ValueId weights = RowOf(c, 1, d, {rows, c.Dim(x, 2)});
  const ValueId biases = RowOf(c, 3, d, {2 * rows});
  direction.recurrence = RowOf(c, 2, d, {rows, r.hidden});
  direction.recurrence_bias = c.Slice(biases, 0, rows, 2 * rows);
  if (r.has_cell && c.Has(7)) {
    direction.peephole = RowOf(c, 7, d, {3 * r.hidden});
  }
  const ValueId projected =
      c.Op("linear", {x, weights, c.Slice(biases, 0, 0, rows)});
  State state{InitialState(c, r, 5, d), kNoValue};
  if (r.has_cell) state.cell = InitialState(c, r, 6, d);
  all->assign(static_cast<size_t>(r.steps), kNoValue);
  const ValueId zero = c.Scalar(DType::kF32, 0);
  for (int64_t i = 0; i < r.steps && c.ok(); ++i) {
    const int64_t t = r.backwards || d == 1 ? r.steps - 1 - i : i;
    const ValueId now =
        c.Reshape(c.Slice(projected, 0, t, t + 1), {r.batch, rows});
    State next = step(c, r, direction, now, state);
    ValueId shown = next.h;
    if (!masks.empty()) {
      const ValueId mask = masks[static_cast<size_t>(t)];
      shown = c.Where(mask, next.h, zero);
      next.h = c.Where(mask, next.h, state.h);
      if (r.has_cell) next.cell = c.Where(mask, next.cell, state.cell);
    }
    state = next;
    (*all)[static_cast<size_t>(t)] =
        c.Reshape(shown, {1, 1, r.batch, r.hidden});
  }
  return state;
}

void Recurrent(NodeContext& c, int64_t gates, Step step,
               const std::vector<std::string>& presets) {
  ValueId x = c.In(0);
  Recurrence r = ReadRecurrence(c, x, gates);
  r.has_cell = step == &LstmStep;
  r.reset_after = c.HasAttribute("linear_before_reset") &&
                  c.Int("linear_before_reset", 0) != 0;
  if (c.HasAttribute("input_forget") && c.Int("input_forget", 0) != 0) {
    return c.Refuse("attribute 'input_forget'");
  }
  if (r.batch_first) x = c.Transpose(x, {1, 0, 2});
  const std::vector<ValueId> masks = Masks(c, r);
  std::vector<std::vector<ValueId>> all(static_cast<size_t>(r.directions));
  std::vector<ValueId> hidden, cells;
  for (int64_t d = 0; d < r.directions && c.ok(); ++d) {
    const State last = RunDirection(c, r, x, d, step, presets, masks,
                                    &all[static_cast<size_t>(d)]);
    const Shape row = {1, r.batch, r.hidden};
    hidden.push_back(c.Reshape(last.h, row));
    if (r.has_cell) cells.push_back(c.Reshape(last.cell, row));
  }
  if (!c.ok()) return;
  std::vector<ValueId> sides;
  for (const auto& steps : all) sides.push_back(c.Concat(steps, 0));
  const auto state = [&](const std::vector<ValueId>& rows) {
    const ValueId v = c.Concat(rows, 0);
    return r.batch_first ? c.Transpose(v, {1, 0, 2}) : v;
  };
  const ValueId y = c.Concat(sides, 1);  // [T,D,N,H]
  if (c.Wants(0)) c.Out(0, r.batch_first ? c.Transpose(y, {2, 0, 1, 3}) : y);
  if (c.Wants(1)) c.Out(1, state(hidden));
  if (r.has_cell && c.Wants(2)) c.Out(2, state(cells));
}

void Rnn(NodeContext& c) { Recurrent(c, 1, RnnStep, {"Tanh"}); }
void Gru(NodeContext& c) { Recurrent(c, 3, GruStep, {"Sigmoid", "Tanh"}); }
void Lstm(NodeContext& c) {
  Recurrent(c, 4, LstmStep, {"Sigmoid", "Tanh", "Tanh"});
}

constexpr OnnxConverter kConverters[] = {
    {"GRU", 7, Gru, 3, 6,
     "activation_alpha activation_beta activations clip direction hidden_size "
     "layout linear_before_reset"},
    {"LSTM", 7, Lstm, 3, 8,
     "activation_alpha activation_beta activations clip direction hidden_size "
     "input_forget layout"},
    {"RNN", 7, Rnn, 3, 6,
     "activation_alpha activation_beta activations clip direction hidden_size "
     "layout"},
};

}  // namespace

absl::Span<const OnnxConverter> RecurrentConverters() { return kConverters; }

}  // namespace assay
