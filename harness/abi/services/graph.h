/* assay.graph/1: networks as data. A graph is a list of typed nodes in
 * execution order; a node reads values that exist before it. Values and nodes
 * are small numbers that stay valid as long as the graph: nothing renumbers
 * them. The ops, their operands and attributes are those of the host
 * (harness/ops). */
#ifndef ASSAY_HARNESS_ABI_SERVICES_GRAPH_H_
#define ASSAY_HARNESS_ABI_SERVICES_GRAPH_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_GRAPH_ID "assay.graph/1"

/* An absent optional operand; a gradient that does not exist. */
#define ASSAY_NO_VALUE (-1)

/* Kinds of values. */
enum {
  ASSAY_INPUT = 0,     /* fed on every run; axis 0 is the batch */
  ASSAY_PARAMETER = 1, /* read from a parameter set by name */
  ASSAY_CONSTANT = 2,  /* carried by the graph */
  ASSAY_RESULT = 3     /* made by a node */
};

/* What a parameter is for, derived from its use. */
enum {
  ASSAY_ROLE_OTHER = 0,
  ASSAY_ROLE_CONV = 1,
  ASSAY_ROLE_DEPTHWISE_CONV = 2,
  ASSAY_ROLE_LINEAR = 3,
  ASSAY_ROLE_EMBEDDING = 4,
  ASSAY_ROLE_NORM_SCALE = 5,
  ASSAY_ROLE_NORM_SHIFT = 6,
  ASSAY_ROLE_BIAS = 7,
  ASSAY_ROLE_STATISTIC = 8 /* running mean or variance; never trained */
};

/* How batch norms behave in training form. */
enum {
  ASSAY_BATCH_NORM_UPDATE = 0, /* by the batch; running statistics move */
  ASSAY_BATCH_NORM_BATCH = 1,  /* by the batch; running statistics stay */
  ASSAY_BATCH_NORM_FROZEN = 2  /* by the running statistics */
};

/* Types of attributes. */
enum {
  ASSAY_ATTRIBUTE_INTEGER = 0,
  ASSAY_ATTRIBUTE_REAL = 1,
  ASSAY_ATTRIBUTE_TEXT = 2,
  ASSAY_ATTRIBUTE_INTEGERS = 3,
  ASSAY_ATTRIBUTE_REALS = 4
};

/* A named constant of a node. Only the member that `type` names is read. */
typedef struct assay_attribute {
  uint32_t size;
  int32_t type;
  assay_text name;
  int64_t integer;
  double real;
  assay_text text;
  const int64_t* integers;
  const double* reals;
  uint64_t count; /* of integers or reals */
} assay_attribute;

/* In what the host fills, pointers and text are lent until the graph is changed
 * or freed. */
typedef struct assay_value_info {
  uint32_t size;
  int32_t kind;
  int32_t dtype;
  uint32_t rank;
  const int64_t* shape;
  assay_text name;
  const assay_tensor* constant; /* ASSAY_CONSTANT only */
  int32_t producer;             /* node, ASSAY_RESULT only; else -1 */
  uint32_t reserved;
} assay_value_info;

typedef struct assay_node_info {
  uint32_t size;
  uint32_t input_count;
  assay_text op;
  const int32_t* inputs;
  const int32_t* outputs;
  uint32_t output_count;
  uint32_t attribute_count;
  int64_t macs; /* of one run at the node's shapes, per sample */
} assay_node_info;

typedef struct assay_parameter_info {
  uint32_t size;
  int32_t value;
  int32_t role;
  /* Position among conv, depthwise conv and linear weights in graph order; -1
   * for every other parameter. */
  int32_t layer;
  assay_text name; /* "layer1.conv1.weights" */
  const int64_t* shape;
  uint32_t rank;
  int32_t dtype;
  int64_t elements;
  int64_t macs;       /* per sample, of the nodes that read it as weights */
  uint32_t uses;      /* nodes that read it */
  uint32_t trainable; /* reached by a gradient and no statistic */
} assay_parameter_info;

typedef struct assay_graph_info {
  uint32_t size;
  uint32_t value_count;
  uint32_t node_count;
  uint32_t input_count;
  uint32_t parameter_count;
  uint32_t output_count;
  int64_t batch; /* axis 0 of the first input */
} assay_graph_info;

/* [main, hook] for all functions. */
typedef struct assay_graph_table {
  uint32_t size;
  uint32_t revision;

  /* The reference network in inference form (batch norm reads running
   * statistics, dropout is the identity), output "logits". Lent until drop. */
  const assay_graph* (*reference)(assay_host* host);

  /* An empty graph, a copy, a graph from text. Given. */
  assay_status* (*make)(assay_host* host, assay_text name, assay_graph** out);
  assay_status* (*clone)(assay_host* host, const assay_graph* graph,
                         assay_graph** out);
  assay_status* (*from_text)(assay_host* host, assay_text text,
                             assay_graph** out);
  assay_status* (*to_text)(assay_host* host, const assay_graph* graph,
                           assay_text_sink sink);
  void (*free)(assay_host* host, assay_graph* graph);

  /* --- Reading. OUT_OF_RANGE for a number that does not exist. */

  void (*info)(assay_host* host, const assay_graph* graph,
               assay_graph_info* out);
  assay_status* (*value)(assay_host* host, const assay_graph* graph,
                         int32_t value, assay_value_info* out);
  assay_status* (*node)(assay_host* host, const assay_graph* graph,
                        int32_t node, assay_node_info* out);
  /* Attribute `index` of a node, by ascending name. */
  assay_status* (*attribute)(assay_host* host, const assay_graph* graph,
                             int32_t node, uint32_t index,
                             assay_attribute* out);
  /* Parameter `index` in the order in which they were added. */
  assay_status* (*parameter)(assay_host* host, const assay_graph* graph,
                             uint32_t index, assay_parameter_info* out);
  assay_status* (*input)(assay_host* host, const assay_graph* graph,
                         uint32_t index, int32_t* value);
  assay_status* (*output)(assay_host* host, const assay_graph* graph,
                          uint32_t index, assay_text* name, int32_t* value);
  /* ASSAY_NO_VALUE when absent. */
  int32_t (*find_value)(assay_host* host, const assay_graph* graph,
                        assay_text name);
  int32_t (*find_output)(assay_host* host, const assay_graph* graph,
                         assay_text name);
  /* Writes up to `room` nodes that read `value`, in order; the result is how
   * many there are. */
  uint32_t (*consumers)(assay_host* host, const assay_graph* graph,
                        int32_t value, int32_t* nodes, uint32_t room);

  /* --- Building. Operands, attributes and types are checked at once; errors
   * name op, operand, expected and got. */

  assay_status* (*add_input)(assay_host* host, assay_graph* graph,
                             assay_text name, int32_t dtype,
                             const int64_t* shape, uint32_t rank,
                             int32_t* value);
  /* A name that exists gives the same value; the types must agree. That is how
   * sub-networks share weights. */
  assay_status* (*add_parameter)(assay_host* host, assay_graph* graph,
                                 assay_text name, int32_t dtype,
                                 const int64_t* shape, uint32_t rank,
                                 int32_t* value);
  assay_status* (*add_constant)(assay_host* host, assay_graph* graph,
                                const assay_tensor* tensor, int32_t* value);
  /* `name` names the first result; empty: the op. The node's results are read
   * with `node`. */
  assay_status* (*add_node)(assay_host* host, assay_graph* graph, assay_text op,
                            const int32_t* inputs, uint32_t input_count,
                            const assay_attribute* const* attributes,
                            uint32_t attribute_count, assay_text name,
                            int32_t* node);
  assay_status* (*add_output)(assay_host* host, assay_graph* graph,
                              assay_text name, int32_t value);
  /* After each run the parameter takes the value. */
  assay_status* (*add_update)(assay_host* host, assay_graph* graph,
                              int32_t parameter, int32_t value);
  void (*clear_outputs)(assay_host* host, assay_graph* graph);
  void (*clear_updates)(assay_host* host, assay_graph* graph);

  /* Copies the nodes of `source` behind those of `graph`, with `inputs[i]` in
   * place of its input i; outputs[j] receives the value of its output j. Its
   * updates come along; its outputs do not. Parameters of one name are one. */
  assay_status* (*append)(assay_host* host, assay_graph* graph,
                          const assay_graph* source, const int32_t* inputs,
                          uint32_t input_count, int32_t* outputs,
                          uint32_t output_count);

  /* Adds nodes for the gradients of sum(target * seed) with respect to each
   * source; seed ASSAY_NO_VALUE is ones. The gradients are ordinary values and
   * differentiate again. ASSAY_NO_VALUE where target does not depend on it. */
  assay_status* (*add_gradients)(assay_host* host, assay_graph* graph,
                                 int32_t target, int32_t seed,
                                 const int32_t* sources, uint32_t source_count,
                                 int32_t* gradients);

  /* Adds the task's loss over `logits`: an input with the labels' name (if
   * there is none yet) and a scalar mean. label_smoothing ASSAY_UNSET is the
   * recipe's. */
  assay_status* (*add_task_loss)(assay_host* host, assay_graph* graph,
                                 int32_t logits, double label_smoothing,
                                 int32_t* loss);

  /* --- Rewriting: new graphs, given. */

  /* The training form: batch norm as `batch_norm` says (ASSAY_BATCH_NORM_),
   * dropout active, drawn anew for each value of an input "step" (s64 scalar)
   * that is added where there is dropout. */
  assay_status* (*to_training)(assay_host* host, const assay_graph* graph,
                               int32_t batch_norm, assay_graph** out);
  /* The same network for another batch size. */
  assay_status* (*rebatch)(assay_host* host, const assay_graph* graph,
                           int64_t batch, assay_graph** out);
  /* With `value` of the pair replaced by `by` wherever it is read (outputs and
   * updates included) except by the nodes that `by` itself depends on. Nodes
   * are ordered anew and what nothing needs is gone: numbers change. */
  assay_status* (*substitute)(assay_host* host, const assay_graph* graph,
                              const int32_t* values, const int32_t* by,
                              uint32_t count, assay_graph** out);
} assay_graph_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_GRAPH_H_ */
