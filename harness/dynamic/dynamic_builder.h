// A hand for writing networks with control flow.
#ifndef ASSAY_HARNESS_DYNAMIC_DYNAMIC_BUILDER_H_
#define ASSAY_HARNESS_DYNAMIC_DYNAMIC_BUILDER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/dynamic/dynamic_graph.h"

namespace assay {

// Appends statements; the callbacks of If, For and While write what stands
// within. Nothing is checked before Finish.
class DynamicBuilder {
 public:
  DynamicBuilder(const OpSet& ops, std::string name);

  VariableId Input(std::string name, TensorType type);
  // The outputs' names, before the first Return.
  void Outputs(std::vector<std::string> names);
  // To be assigned later.
  VariableId Variable(absl::string_view name);

  // New variables, named as the piece's outputs.
  std::vector<VariableId> Run(Graph piece, std::vector<VariableId> arguments);
  std::vector<VariableId> Run(std::shared_ptr<const Graph> piece,
                              std::vector<VariableId> arguments);
  void RunInto(std::shared_ptr<const Graph> piece,
               std::vector<VariableId> arguments,
               std::vector<VariableId> results);
  void Copy(VariableId to, VariableId from);
  void Constant(VariableId to, Tensor value);
  void If(Predicate predicate, const std::function<void()>& body,
          const std::function<void()>& otherwise = nullptr);
  void For(int64_t count, const std::function<void(VariableId index)>& body);
  void While(Predicate predicate, int64_t maximum,
             const std::function<void()>& body);
  void Return(std::vector<VariableId> values);

  // Numbers the sites, verifies and gives the graph away.
  absl::StatusOr<DynamicGraph> Finish();

 private:
  void Append(Statement statement) {
    blocks_.back()->push_back(std::move(statement));
  }
  Block Written(const std::function<void()>& write);

  DynamicGraph graph_;
  std::vector<Block*> blocks_;  // innermost last
};

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_DYNAMIC_BUILDER_H_
