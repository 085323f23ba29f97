// The IR of networks with control flow: straight runs of ops, which are
// ordinary graphs, under conditionals and loops that the host decides.
#ifndef ASSAY_HARNESS_DYNAMIC_DYNAMIC_GRAPH_H_
#define ASSAY_HARNESS_DYNAMIC_DYNAMIC_GRAPH_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/predicate.h"
#include "harness/graph/graph.h"

namespace assay {

struct Statement;
using Block = std::vector<Statement>;

enum class StatementKind : uint8_t {
  kRun,       // writes := piece(reads)
  kCopy,      // writes[0] := reads[0]
  kConstant,  // writes[0] := constant
  kIf,        // if (predicate) body else otherwise
  kFor,       // body, `count` times; writes[0], where there is one, counts from
              // 0 (s64 of rank 0)
  kWhile,     // while (predicate) body, at most `count` times; writes[0] as
              // above, before the predicate is read
  kReturn,    // the outputs := reads; ends the run
};

struct Statement {
  StatementKind kind = StatementKind::kRun;
  std::vector<VariableId> reads, writes;
  // kRun: its inputs and outputs in order are `reads` and `writes`. Shared by
  // the copies that unrolling makes.
  std::shared_ptr<const Graph> piece;
  Tensor constant;
  Predicate predicate;
  int64_t count = 0;
  // Of kIf and kWhile: which conditional it is, in the order of the source;
  // copies keep it, and traces name it.
  int32_t site = -1;
  Block body, otherwise;
};

// A variable holds a tensor and may be assigned again. Its type is that of what
// was assigned: pieces are typed again for what they get. Dimension 0 is the
// batch unless the rank is 0, as in graphs.
//
// Parameters belong to a ParameterStore that all pieces share, by name.
// A plain struct: DynamicBuilder writes one, Verify tells whether it is whole.
struct DynamicGraph {
  struct Input {
    std::string name;
    TensorType type;
    VariableId variable;
  };

  std::string name;
  const OpSet* ops = nullptr;
  std::vector<std::string> variables;  // their names, unique
  std::vector<Input> inputs;
  std::vector<std::string> outputs;  // names; a kReturn reads one each
  Block body;

  const std::string& NameOf(VariableId id) const {
    return variables[static_cast<size_t>(id)];
  }
  // kNoVariable when absent.
  VariableId Find(absl::string_view variable) const;
  // A new one; the name gets a suffix where it is taken.
  VariableId NewVariable(absl::string_view wanted);
};

// kRun, kCopy, kConstant: no decision.
bool IsStraight(StatementKind kind);

// visit(statement) for every statement, in the order of the source; bodies
// after their heads.
void ForEachStatement(const Block& block,
                      const std::function<void(const Statement&)>& visit);

// Numbers the sites of conditionals in the order of the source.
void NumberSites(Block* block);

// Conditionals of the source.
int32_t SiteCount(const DynamicGraph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_DYNAMIC_GRAPH_H_
