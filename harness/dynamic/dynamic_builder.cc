#include "harness/dynamic/dynamic_builder.h"

#include <utility>

#include "harness/core/status_macros.h"
#include "harness/dynamic/dynamic_verify.h"

namespace assay {

DynamicBuilder::DynamicBuilder(const OpSet& ops, std::string name) {
  graph_.ops = &ops;
  graph_.name = std::move(name);
  blocks_.push_back(&graph_.body);
}

VariableId DynamicBuilder::Input(std::string name, TensorType type) {
  const VariableId id = graph_.NewVariable(name);
  graph_.inputs.push_back({std::move(name), std::move(type), id});
  return id;
}

void DynamicBuilder::Outputs(std::vector<std::string> names) {
  graph_.outputs = std::move(names);
}

VariableId DynamicBuilder::Variable(absl::string_view name) {
  return graph_.NewVariable(name);
}

std::vector<VariableId> DynamicBuilder::Run(Graph piece,
                                            std::vector<VariableId> arguments) {
  return Run(std::make_shared<const Graph>(std::move(piece)),
             std::move(arguments));
}

std::vector<VariableId> DynamicBuilder::Run(std::shared_ptr<const Graph> piece,
                                            std::vector<VariableId> arguments) {
  std::vector<VariableId> results;
  for (const Graph::Output& output : piece->outputs()) {
    results.push_back(graph_.NewVariable(output.name));
  }
  RunInto(std::move(piece), std::move(arguments), results);
  return results;
}

void DynamicBuilder::RunInto(std::shared_ptr<const Graph> piece,
                             std::vector<VariableId> arguments,
                             std::vector<VariableId> results) {
  Statement statement;
  statement.kind = StatementKind::kRun;
  statement.piece = std::move(piece);
  statement.reads = std::move(arguments);
  statement.writes = std::move(results);
  Append(std::move(statement));
}

void DynamicBuilder::Copy(VariableId to, VariableId from) {
  Statement statement;
  statement.kind = StatementKind::kCopy;
  statement.reads = {from};
  statement.writes = {to};
  Append(std::move(statement));
}

void DynamicBuilder::Constant(VariableId to, Tensor value) {
  Statement statement;
  statement.kind = StatementKind::kConstant;
  statement.writes = {to};
  statement.constant = std::move(value);
  Append(std::move(statement));
}

Block DynamicBuilder::Written(const std::function<void()>& write) {
  Block block;
  blocks_.push_back(&block);
  if (write) write();
  blocks_.pop_back();
  return block;
}

void DynamicBuilder::If(Predicate predicate, const std::function<void()>& body,
                        const std::function<void()>& otherwise) {
  Statement statement;
  statement.kind = StatementKind::kIf;
  statement.predicate = predicate;
  statement.body = Written(body);
  statement.otherwise = Written(otherwise);
  Append(std::move(statement));
}

void DynamicBuilder::For(int64_t count,
                         const std::function<void(VariableId)>& body) {
  Statement statement;
  statement.kind = StatementKind::kFor;
  statement.count = count;
  const VariableId index = graph_.NewVariable("index");
  statement.writes = {index};
  statement.body = Written([&] { body(index); });
  Append(std::move(statement));
}

void DynamicBuilder::While(Predicate predicate, int64_t maximum,
                           const std::function<void()>& body) {
  Statement statement;
  statement.kind = StatementKind::kWhile;
  statement.predicate = predicate;
  statement.count = maximum;
  statement.body = Written(body);
  Append(std::move(statement));
}

void DynamicBuilder::Return(std::vector<VariableId> values) {
  Statement statement;
  statement.kind = StatementKind::kReturn;
  statement.reads = std::move(values);
  Append(std::move(statement));
}

absl::StatusOr<DynamicGraph> DynamicBuilder::Finish() {
  NumberSites(&graph_.body);
  ASSAY_RETURN_IF_ERROR(VerifyDynamic(graph_));
  return std::move(graph_);
}

}  // namespace assay
