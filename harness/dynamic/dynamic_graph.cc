#include "harness/dynamic/dynamic_graph.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

void NumberFrom(Block* block, int32_t* next) {
  for (Statement& statement : *block) {
    const bool decides = statement.kind == StatementKind::kIf ||
                         statement.kind == StatementKind::kWhile;
    if (decides) statement.site = (*next)++;
    NumberFrom(&statement.body, next);
    NumberFrom(&statement.otherwise, next);
  }
}

}  // namespace

VariableId DynamicGraph::Find(absl::string_view variable) const {
  const auto it = std::find(variables.begin(), variables.end(), variable);
  return it == variables.end()
             ? kNoVariable
             : static_cast<VariableId>(it - variables.begin());
}

VariableId DynamicGraph::NewVariable(absl::string_view wanted) {
  std::string free(wanted);
  for (int suffix = 2; Find(free) != kNoVariable; ++suffix) {
    free = absl::StrCat(wanted, "_", suffix);
  }
  variables.push_back(std::move(free));
  return static_cast<VariableId>(variables.size() - 1);
}

bool IsStraight(StatementKind kind) {
  return kind == StatementKind::kRun || kind == StatementKind::kCopy ||
         kind == StatementKind::kConstant;
}

void ForEachStatement(const Block& block,
                      const std::function<void(const Statement&)>& visit) {
  for (const Statement& statement : block) {
    visit(statement);
    ForEachStatement(statement.body, visit);
    ForEachStatement(statement.otherwise, visit);
  }
}

void NumberSites(Block* block) {
  int32_t next = 0;
  NumberFrom(block, &next);
}

int32_t SiteCount(const DynamicGraph& graph) {
  int32_t count = 0;
  ForEachStatement(graph.body, [&](const Statement& statement) {
    count = std::max(count, statement.site + 1);
  });
  return count;
}

}  // namespace assay
