// Loops that a run decides.
#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/builder.h"
#include "harness/models/onnx/import/dynamic_importer.h"

namespace assay {

absl::Status DynamicImporter::ImportLoop(const OnnxNode& node,
                                         const OnnxReads& reads, size_t at,
                                         OnnxNames* names, Block* block) {
  // Written out, where all is known that must be.
  const absl::Status written =
      pieces_.Import({node}, reads, at + 1, false, names, block);
  if (!absl::IsUnimplemented(written)) return written;
  ASSAY_ASSIGN_OR_RETURN(const OnnxGraph* body, InnerGraph(node, "body"));
  const size_t count = node.inputs.size() < 2 ? 0 : node.inputs.size() - 2;
  if (node.inputs.size() < 2 || body->inputs.size() != count + 2 ||
      body->outputs.size() != node.outputs.size() + 1 ||
      body->outputs.size() < count + 1) {
    return InvalidNode(
        node,
        absl::StrCat("attribute 'body': ", body->inputs.size(), " inputs and ",
                     body->outputs.size(), " outputs for ", count,
                     " carried values and ", node.outputs.size(), " results"));
  }
  if (node.outputs.size() > count) {
    return RefuseNode(node,
                      absl::StrCat("it collects a value over iterations whose "
                                   "number is not known; written out: ",
                                   written.message()));
  }
  Statement loop;
  loop.kind = StatementKind::kWhile;
  loop.count = std::numeric_limits<int64_t>::max();
  ASSAY_ASSIGN_OR_RETURN(const std::optional<OnnxMeaning> trips,
                         Trips(node, names, block, &loop.count));
  if (loop.count < 1) return RefuseNode(node, "a loop that never runs");
  const OnnxMeaning index = OnnxMeaning::Variable(
      graph().NewVariable("iteration"), {DType::kS64, {}});
  loop.writes = {index.variable};
  ASSAY_ASSIGN_OR_RETURN(const Meanings carried,
                         StartCarried(node, names, block));
  // The condition before the first iteration.
  const VariableId going = graph().NewVariable("going");
  loop.predicate = {PredicateKind::kIsTrue, going};
  OnnxMeaning first = OnnxMeaning::Constant(Tensor::From<bool>({}, {true}));
  if (!node.inputs[1].empty()) {
    ASSAY_ASSIGN_OR_RETURN(first, Read(node, 1, names));
  }
  ASSAY_RETURN_IF_ERROR(
      SetGoing(node, first, trips, std::nullopt, going, block));
  OnnxNames within;
  within.outer = names;
  within.own[body->inputs[0].name] = index;
  // The body runs where the condition holds.
  within.own[body->inputs[1].name] =
      OnnxMeaning::Constant(Tensor::From<bool>({}, {true}));
  for (size_t k = 0; k < count; ++k) {
    within.own[body->inputs[k + 2].name] = carried[k];
  }
  ASSAY_ASSIGN_OR_RETURN(const Outcome outcome,
                         ImportBlock(*body, &within, &loop.body));
  const Meanings& results = outcome.outputs;
  ASSAY_RETURN_IF_ERROR(PassOn(node, carried, results, &loop.body));
  ASSAY_RETURN_IF_ERROR(
      SetGoing(node, results[0], trips, index, going, &loop.body));
  for (size_t k = 0; k < count; ++k) {
    names->own[node.outputs[k]] = carried[k];
  }
  return pieces_.Append(std::move(loop), block);
}

// The trip count: in `known` where it is known, else as a variable.
absl::StatusOr<std::optional<OnnxMeaning>> DynamicImporter::Trips(
    const OnnxNode& node, OnnxNames* names, Block* block, int64_t* known) {
  if (node.inputs[0].empty()) return std::nullopt;
  ASSAY_ASSIGN_OR_RETURN(const OnnxMeaning trips, Read(node, 0, names));
  ASSAY_ASSIGN_OR_RETURN(const OnnxMeaning variable,
                         pieces_.AsVariable(trips, block));
  if (variable.type.dtype != DType::kS64 ||
      ElementCount(variable.type.shape) != 1) {
    return InvalidNode(node,
                       absl::StrCat("the trip count: expected one s64, got ",
                                    ToString(variable.type)));
  }
  if (trips.variable != kNoVariable) return variable;
  *known = trips.Known()->data<int64_t>()[0];
  return std::nullopt;
}

// Variables of the loop's own for what it carries, with their first values.
absl::StatusOr<DynamicImporter::Meanings> DynamicImporter::StartCarried(
    const OnnxNode& node, OnnxNames* names, Block* block) {
  Meanings carried;
  for (size_t k = 2; k < node.inputs.size(); ++k) {
    ASSAY_ASSIGN_OR_RETURN(const OnnxMeaning value, Read(node, k, names));
    ASSAY_ASSIGN_OR_RETURN(OnnxMeaning start, pieces_.AsVariable(value, block));
    const VariableId own = graph().NewVariable(
        node.outputs[k - 2].empty() ? "carried" : node.outputs[k - 2]);
    ASSAY_RETURN_IF_ERROR(pieces_.Copy(own, start.variable, block));
    start.variable = own;
    carried.push_back(start);
  }
  return carried;
}

// The body's results become the carried values, all at once.
absl::Status DynamicImporter::PassOn(const OnnxNode& node,
                                     const Meanings& carried,
                                     const Meanings& results, Block* body) {
  std::vector<VariableId> kept;
  for (size_t k = 0; k < carried.size(); ++k) {
    ASSAY_ASSIGN_OR_RETURN(const OnnxMeaning result,
                           pieces_.AsVariable(results[k + 1], body));
    if (!(result.type == carried[k].type)) {
      return RefuseNode(
          node,
          absl::StrCat("carried value ", k, " is ", ToString(carried[k].type),
                       " before an iteration and ", ToString(result.type),
                       " behind it"));
    }
    kept.push_back(graph().NewVariable("next"));
    ASSAY_RETURN_IF_ERROR(pieces_.Copy(kept.back(), result.variable, body));
  }
  for (size_t k = 0; k < carried.size(); ++k) {
    ASSAY_RETURN_IF_ERROR(pieces_.Copy(carried[k].variable, kept[k], body));
  }
  return absl::OkStatus();
}

// going := condition, and iterations are left: `trips` more than 0 before the
// loop, or more than `index` + 1 behind an iteration.
absl::Status DynamicImporter::SetGoing(const OnnxNode& node,
                                       const OnnxMeaning& condition,
                                       const std::optional<OnnxMeaning>& trips,
                                       const std::optional<OnnxMeaning>& index,
                                       VariableId going, Block* block) {
  ASSAY_ASSIGN_OR_RETURN(const OnnxMeaning flag,
                         pieces_.AsVariable(condition, block));
  ASSAY_RETURN_IF_ERROR(CheckCondition(node, flag.type));
  Graph test(*graph().ops);
  test.set_name("going");
  GraphBuilder b(&test);
  Statement statement;
  statement.kind = StatementKind::kRun;
  const auto input = [&](const char* name, const OnnxMeaning& meaning) {
    statement.reads.push_back(meaning.variable);
    return b.Reshape(b.Input(name, meaning.type.dtype, meaning.type.shape), {});
  };
  ValueId result = input("condition", flag);
  if (trips) {
    const ValueId left = input("trips", *trips);
    const ValueId done =
        index ? b.Offset(input("index", *index), 1) : b.Scalar(DType::kS64, 0);
    const std::string s32 = "s32";
    const ValueId both =
        b.Add(b.Op("cast", {result}, {{"dtype", s32}}),
              b.Op("cast", {b.Op("greater", {left, done})}, {{"dtype", s32}}));
    result = b.Op("greater", {both, b.Scalar(DType::kS32, 1)});
  }
  b.Output("going", result);
  ASSAY_RETURN_IF_ERROR(b.status());
  statement.piece = std::make_shared<const Graph>(std::move(test));
  statement.writes = {going};
  return pieces_.Append(std::move(statement), block);
}

}  // namespace assay
