// Looking up graphs and sets that a call reads or changes.
#ifndef ASSAY_HARNESS_HOST_SERVICES_GRAPH_ACCESS_H_
#define ASSAY_HARNESS_HOST_SERVICES_GRAPH_ACCESS_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "harness/host/services/service_host.h"

namespace assay {

inline absl::StatusOr<assay_graph*> ReadableGraph(assay_host* host,
                                                  const assay_graph* graph) {
  return host->handles().Find(graph, "graph");
}

inline absl::StatusOr<assay_graph*> WritableGraph(assay_host* host,
                                                  assay_graph* graph) {
  absl::StatusOr<assay_graph*> found = host->handles().Find(graph, "graph");
  if (found.ok() && (*found)->lent) {
    return absl::PermissionDeniedError(
        "graph: the reference network is lent for reading; clone it");
  }
  if (found.ok()) (*found)->derived = nullptr;
  return found;
}

inline absl::StatusOr<assay_parameters*> ReadableSet(
    assay_host* host, const assay_parameters* set) {
  return host->handles().Find(set, "parameters");
}

inline absl::StatusOr<assay_parameters*> WritableSet(assay_host* host,
                                                     assay_parameters* set) {
  absl::StatusOr<assay_parameters*> found =
      host->handles().Find(set, "parameters");
  if (found.ok() && (*found)->lent) {
    return absl::PermissionDeniedError(
        "parameters: the reference's are lent for reading; clone them");
  }
  return found;
}

inline assay_graph* AddGraph(assay_host* host, Graph graph) {
  return host->handles().Add(std::make_unique<assay_graph>(std::move(graph)));
}

// Puts `value` into the set in place where the type is the same, so that lent
// handles see it; else the old handle of that name ends.
void PutParameter(assay_host* host, assay_parameters* set, std::string name,
                  const Tensor& value);
// Ends the handles of tensors that the set lost or replaced.
void DropStaleTensors(assay_host* host, assay_parameters* set);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_GRAPH_ACCESS_H_
