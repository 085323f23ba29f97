#include <algorithm>
#include <charconv>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"

namespace assay {
namespace {

// "resnet/conv1" of results, so that names say where nodes come from.
std::string PrefixOf(const OnnxNode& node) {
  return node.outputs.empty() ? node.name : node.outputs[0];
}

Tensor Keep(const Tensor& value, const Shape&) { return value; }

Tensor Reshaped(const Tensor& value, const Shape& shape) {
  return value.Reshaped(shape);
}

template <typename T>
Tensor TransposedAs(const Tensor& value) {
  const int64_t rows = value.dim(0), columns = value.dim(1);
  Tensor result(value.dtype(), {columns, rows});
  const T* from = static_cast<const T*>(value.raw());
  T* to = static_cast<T*>(result.raw());
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      to[j * rows + i] = from[i * columns + j];
    }
  }
  return result;
}

Tensor Transposed(const Tensor& value, const Shape&) {
  switch (SizeOf(value.dtype())) {
    case 1:
      return TransposedAs<uint8_t>(value);
    case 2:
      return TransposedAs<uint16_t>(value);
    case 4:
      return TransposedAs<uint32_t>(value);
    default:
      return TransposedAs<uint64_t>(value);
  }
}

bool IsByte(DType dtype) { return dtype == DType::kS8 || dtype == DType::kU8; }

}  // namespace

Binding* Scope::Find(const std::string& name) {
  for (Scope* scope = this; scope != nullptr; scope = scope->outer) {
    const auto it = scope->names.find(name);
    if (it != scope->names.end()) return &it->second;
  }
  return nullptr;
}

NodeContext::NodeContext(const OnnxNode* node, Scope* scope, ImportState* state)
    : Emitter(&state->draft, PrefixOf(*node)),
      node_(node),
      scope_(scope),
      state_(state) {}

// --- Attributes.

bool NodeContext::HasAttribute(absl::string_view name) const {
  return node_->attributes.find(name) != node_->attributes.end();
}

template <typename T>
const T* NodeContext::Attribute(absl::string_view name,
                                absl::string_view kind) {
  const auto it = node_->attributes.find(name);
  if (it == node_->attributes.end()) return nullptr;
  const T* value = std::get_if<T>(&it->second);
  if (value == nullptr) {
    Invalid(absl::StrCat("attribute '", name, "': expected ", kind, ", got ",
                         KindName(it->second)));
  }
  return value;
}

int64_t NodeContext::Int(absl::string_view name, int64_t preset) {
  const auto* value = Attribute<int64_t>(name, "an integer");
  return value == nullptr ? preset : *value;
}

double AsWritten(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), value);
  double real = 0;
  const absl::string_view digits(text, static_cast<size_t>(end.ptr - text));
  return absl::SimpleAtod(digits, &real) ? real : static_cast<double>(value);
}

double NodeContext::Real(absl::string_view name, double preset) {
  const auto* value = Attribute<float>(name, "a real");
  return value == nullptr ? preset : AsWritten(*value);
}

std::string NodeContext::Text(absl::string_view name,
                              absl::string_view preset) {
  const auto* value = Attribute<std::string>(name, "a text");
  return value == nullptr ? std::string(preset) : *value;
}

std::vector<int64_t> NodeContext::IntList(absl::string_view name,
                                          std::vector<int64_t> preset) {
  const auto* value =
      Attribute<std::vector<int64_t>>(name, "a list of integers");
  return value == nullptr ? std::move(preset) : *value;
}

std::vector<float> NodeContext::RealList(absl::string_view name) {
  const auto* value = Attribute<std::vector<float>>(name, "a list of reals");
  return value == nullptr ? std::vector<float>() : *value;
}

std::vector<std::string> NodeContext::TextList(absl::string_view name) {
  const auto* value =
      Attribute<std::vector<std::string>>(name, "a list of texts");
  return value == nullptr ? std::vector<std::string>() : *value;
}

const OnnxTensor* NodeContext::TensorAttribute(absl::string_view name) {
  return Attribute<OnnxTensor>(name, "a tensor");
}

const OnnxGraph* NodeContext::GraphAttribute(absl::string_view name) {
  const auto* value =
      Attribute<std::shared_ptr<const OnnxGraph>>(name, "a graph");
  if (value == nullptr) {
    Invalid(absl::StrCat("attribute '", name, "': expected a graph"));
    return nullptr;
  }
  return value->get();
}

// --- Operands.

bool NodeContext::Has(size_t i) const {
  return i < node_->inputs.size() && !node_->inputs[i].empty();
}

Binding* NodeContext::BindingOf(size_t i) {
  if (!ok()) return nullptr;
  if (!Has(i)) {
    Invalid(absl::StrCat("operand ", i, " is absent"));
    return nullptr;
  }
  Binding* binding = scope_->Find(node_->inputs[i]);
  if (binding == nullptr) {
    Invalid(absl::StrCat("operand ", i, ": no input, initializer or earlier ",
                         "node gives '", node_->inputs[i],
                         "' (it is missing, or nodes form a cycle)"));
  }
  return binding;
}

ValueId NodeContext::EnterParameter(std::string name, Tensor value) {
  Graph& graph = draft().graph;
  const TensorType type = {value.dtype(), value.shape()};
  // Graphs in graphs may use a name again.
  const auto taken = [&] {
    const Tensor* stored = draft().parameters.Find(name);
    return stored == nullptr ? graph.FindValue(name) != kNoValue
                             : stored->raw() != value.raw() ||
                                   stored->shape() != value.shape();
  };
  while (taken()) name += "+";
  absl::StatusOr<ValueId> id = graph.AddParameter(name, type);
  if (!id.ok()) {
    Fail(id.status());
    return kNoValue;
  }
  draft().parameters.Set(name, std::move(value));
  return *id;
}

ValueId NodeContext::Enter(Binding* binding, std::string name, Edit edit,
                           const Shape& shape) {
  const OnnxTensor& tensor = *binding->initializer;
  if (!ToDType(tensor.type)) {
    Refuse(absl::StrCat("initializer '", tensor.name, "': ", Name(tensor.type),
                        " is no type of this engine"));
    return kNoValue;
  }
  const Tensor value = edit(tensor.value, shape);
  const bool parameter =
      value.size() > 1 && (assay::IsFloat(value.dtype()) ||
                           (binding->grid && IsByte(value.dtype())));
  binding->value =
      parameter ? EnterParameter(std::move(name), value) : Constant(value);
  if (binding->grid && ok()) {
    const PendingGrid& grid = *binding->grid;
    const int64_t axis = edit == &Transposed ? 1 - grid.axis : grid.axis;
    binding->value =
        Op("dequantize_linear",
           {binding->value, Constant(grid.scale), Constant(grid.zero_point)},
           {{"axis", axis}});
  }
  return binding->value;
}

ValueId NodeContext::In(size_t i) {
  const ValueId value = InOrEmpty(i);
  if (ok() && ElementCount(graph().shape(value)) == 0) {
    Refuse(absl::StrCat("operand ", i, " '", node_->inputs[i],
                        "' has no elements: ", ToString(graph().type(value))));
  }
  return ok() ? value : kNoValue;
}

ValueId NodeContext::InOrEmpty(size_t i) {
  Binding* binding = BindingOf(i);
  if (binding == nullptr) return kNoValue;
  if (binding->value != kNoValue) return binding->value;
  return Enter(binding, binding->initializer->name, &Keep, {});
}

std::vector<ValueId> NodeContext::AllIn() {
  std::vector<ValueId> values;
  for (size_t i = 0; i < operand_count(); ++i) values.push_back(In(i));
  return ok() ? values : std::vector<ValueId>();
}

bool NodeContext::IsWeights(size_t i) {
  const Binding* binding = Has(i) ? scope_->Find(node_->inputs[i]) : nullptr;
  return ok() && binding != nullptr && binding->initializer != nullptr &&
         ToDType(binding->initializer->type);
}

Shape NodeContext::WeightsShape(size_t i) {
  return IsWeights(i)
             ? scope_->Find(node_->inputs[i])->initializer->value.shape()
             : Shape();
}

bool NodeContext::IsKnown(size_t i) {
  if (!ok() || !Has(i)) return false;
  const Binding* binding = scope_->Find(node_->inputs[i]);
  return binding != nullptr &&
         ((binding->initializer != nullptr && !binding->grid &&
           ToDType(binding->initializer->type)) ||
          Known(binding->value) != nullptr);
}

const Tensor* NodeContext::KnownIn(size_t i, absl::string_view what) {
  Binding* binding = BindingOf(i);
  if (binding == nullptr) return nullptr;
  if (binding->initializer != nullptr && !binding->grid &&
      ToDType(binding->initializer->type)) {
    return &binding->initializer->value;
  }
  return RequireKnown(InOrEmpty(i), absl::StrCat(what, ", operand ", i));
}

const Tensor* NodeContext::RequireKnown(ValueId v, absl::string_view what) {
  const Tensor* known = Known(v);
  if (known != nullptr || !ok()) return known;
  std::vector<ValueId> stack = {v};
  std::set<ValueId> seen;
  std::vector<std::string> inputs;
  while (!stack.empty()) {
    const ValueId at = stack.back();
    stack.pop_back();
    if (at == kNoValue || !seen.insert(at).second) continue;
    const Value& value = graph().value(at);
    if (value.kind == ValueKind::kInput) inputs.push_back(value.name);
    if (value.kind != ValueKind::kResult) continue;
    const std::vector<ValueId>& from = graph().node(value.producer).inputs;
    stack.insert(stack.end(), from.begin(), from.end());
  }
  std::sort(inputs.begin(), inputs.end());
  const bool given =
      std::all_of(inputs.begin(), inputs.end(), [&](const std::string& name) {
        return state_->options->values.count(name) > 0;
      });
  if (given) state_->wanted.insert(inputs.begin(), inputs.end());
  Refuse(absl::StrCat(
      what, " '", graph().value(v).name, "' must be known at import",
      inputs.empty() ? std::string(", but parameters decide it")
                     : absl::StrCat("; it depends on the value of input ",
                                    absl::StrJoin(inputs, ", "))));
  return nullptr;
}

std::vector<int64_t> NodeContext::IntsIn(size_t i, absl::string_view what) {
  const Tensor* known = KnownIn(i, what);
  if (known == nullptr) return {};
  if (assay::IsFloat(known->dtype()) || known->rank() > 1) {
    Invalid(absl::StrCat(what, ", operand ", i,
                         ": expected a list of integers,", " got ",
                         known->TypeString()));
    return {};
  }
  const Tensor ints = known->Cast(DType::kS64);
  const int64_t* data = ints.data<int64_t>();
  return std::vector<int64_t>(data, data + ints.size());
}

double NodeContext::RealIn(size_t i, absl::string_view what) {
  const Tensor* known = KnownIn(i, what);
  if (known == nullptr) return 0;
  if (known->size() != 1) {
    Invalid(absl::StrCat(what, ", operand ", i, ": expected one number, got ",
                         known->TypeString()));
    return 0;
  }
  return known->Cast(DType::kF64).data<double>()[0];
}

ValueId NodeContext::Edited(size_t i, Edit edit, const Shape& shape) {
  Binding* binding = BindingOf(i);
  if (binding == nullptr || binding->value != kNoValue ||
      binding->initializer == nullptr || !ToDType(binding->initializer->type) ||
      Reads(node_->inputs[i]) != 1 || Reads(binding->initializer->name) != 1) {
    return kNoValue;
  }
  const Tensor& value = binding->initializer->value;
  const bool fits = edit == &Transposed ? value.rank() == 2
                                        : value.size() == ElementCount(shape);
  if (!fits || value.size() <= 1) return kNoValue;
  return Enter(binding, binding->initializer->name, edit, shape);
}

ValueId NodeContext::TransposedWeights(size_t i) {
  const ValueId edited = Edited(i, &Transposed, {});
  return edited != kNoValue ? edited : Transpose(In(i), {1, 0});
}

ValueId NodeContext::ReshapedWeights(size_t i, const Shape& shape) {
  const ValueId edited = Edited(i, &Reshaped, shape);
  return edited != kNoValue ? edited : Reshape(In(i), shape);
}

ValueId NodeContext::Statistic(size_t i, absl::string_view suffix) {
  Binding* binding = BindingOf(i);
  if (binding == nullptr || binding->value != kNoValue) return In(i);
  std::string name = binding->initializer->name;
  if (!absl::EndsWith(name, suffix)) {
    absl::string_view stem = name;
    if (!absl::ConsumeSuffix(&stem, ".running_mean")) {
      absl::ConsumeSuffix(&stem, ".running_var");
    }
    name = absl::StrCat(stem, suffix);
  }
  return Enter(binding, std::move(name), &Keep, {});
}

// --- Results.

bool NodeContext::Wants(size_t i) const {
  return i < node_->outputs.size() && !node_->outputs[i].empty();
}

void NodeContext::Out(size_t i, ValueId value) {
  if (!ok() || !Wants(i)) return;
  Binding binding;
  binding.value = value;
  if (!scope_->names.emplace(node_->outputs[i], std::move(binding)).second) {
    Invalid(absl::StrCat("result ", i, " '", node_->outputs[i],
                         "' has a name that is taken"));
  }
}

bool NodeContext::OutPending(const PendingGrid& grid) {
  Binding* binding = BindingOf(0);
  if (binding == nullptr || binding->initializer == nullptr || binding->grid ||
      binding->value != kNoValue || !Wants(0) ||
      !ToDType(binding->initializer->type) ||
      !IsByte(binding->initializer->value.dtype())) {
    return false;
  }
  Binding pending = *binding;
  pending.grid = grid;
  if (!scope_->names.emplace(node_->outputs[0], std::move(pending)).second) {
    Invalid(absl::StrCat("result '", node_->outputs[0],
                         "' has a name that is taken"));
  }
  return true;
}

int64_t NodeContext::opset() const {
  const auto it = state_->opsets.find(node_->domain);
  return it == state_->opsets.end() ? 0 : it->second;
}

int64_t NodeContext::Reads(const std::string& name) const {
  const auto it = state_->reads.find(name);
  return it == state_->reads.end() ? 0 : it->second;
}

}  // namespace assay
