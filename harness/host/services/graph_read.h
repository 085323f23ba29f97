// The reading half of assay.graph/1.
#ifndef ASSAY_HARNESS_HOST_SERVICES_GRAPH_READ_H_
#define ASSAY_HARNESS_HOST_SERVICES_GRAPH_READ_H_

#include "harness/abi/assay.h"

namespace assay::graph_service {

const assay_graph* Reference(assay_host* host);
assay_status* ToText(assay_host* host, const assay_graph* graph,
                     assay_text_sink sink);
void Info(assay_host* host, const assay_graph* graph, assay_graph_info* out);
assay_status* Value(assay_host* host, const assay_graph* graph, int32_t value,
                    assay_value_info* out);
assay_status* Node(assay_host* host, const assay_graph* graph, int32_t node,
                   assay_node_info* out);
assay_status* Attribute(assay_host* host, const assay_graph* graph,
                        int32_t node, uint32_t index, assay_attribute* out);
assay_status* Parameter(assay_host* host, const assay_graph* graph,
                        uint32_t index, assay_parameter_info* out);
assay_status* Input(assay_host* host, const assay_graph* graph, uint32_t index,
                    int32_t* value);
assay_status* Output(assay_host* host, const assay_graph* graph, uint32_t index,
                     assay_text* name, int32_t* value);
int32_t FindValue(assay_host* host, const assay_graph* graph, assay_text name);
int32_t FindOutput(assay_host* host, const assay_graph* graph, assay_text name);
uint32_t Consumers(assay_host* host, const assay_graph* graph, int32_t value,
                   int32_t* nodes, uint32_t room);

}  // namespace assay::graph_service

#endif  // ASSAY_HARNESS_HOST_SERVICES_GRAPH_READ_H_
