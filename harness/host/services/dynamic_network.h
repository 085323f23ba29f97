// Networks with control flow behind handles: dynamic_write.cc fills them,
// dynamic.cc compiles, scores and submits them.
#ifndef ASSAY_HARNESS_HOST_SERVICES_DYNAMIC_NETWORK_H_
#define ASSAY_HARNESS_HOST_SERVICES_DYNAMIC_NETWORK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/abi/assay.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/dynamic/path.h"
#include "harness/host/services/handles.h"

namespace assay {

class DynamicProgram;
class RegroupedProgram;

}  // namespace assay

struct assay_dynamic final : assay::Handle {
  // A conditional or loop whose end has not come.
  struct Open {
    assay::Statement statement;
    bool otherwise = false;
  };

  assay::DynamicGraph graph;
  std::vector<Open> open;  // innermost last
  int32_t sites = 0;
  bool finished = false;
};

struct assay_dynamic_program final : assay::Handle {
  assay_dynamic_program();
  ~assay_dynamic_program() override;

  int32_t conditionals = 0;  // of the network
  // One of the two.
  std::unique_ptr<assay::DynamicProgram> together;
  std::unique_ptr<assay::RegroupedProgram> each;
  std::map<std::string, assay::Tensor> feeds;
  assay::DynamicResult result;
  // Of the path that was lent last.
  std::vector<int32_t> sites;
  std::vector<uint8_t> holds;
  std::vector<double> distances;
};

namespace assay {

// The writing half of the table.
void FillWriting(assay_dynamic_table* table);

// FAILED_PRECONDITION where finish() has not come.
absl::StatusOr<assay_dynamic*> FinishedDynamic(assay_host* host,
                                               const assay_dynamic* network);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_DYNAMIC_NETWORK_H_
