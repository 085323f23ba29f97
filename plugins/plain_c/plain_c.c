/* Global magnitude pruning in plain C11 over the tables, to prove that a method
 * needs neither C++ nor the SDK: drops the weights with the smallest |w| over
 * all convolutions and linear layers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/abi/assay.h"

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

/* --- Tables of the host, found once per instance. ------------------------- */

struct assay_method {
  assay_host* host;
  const assay_status_table* status;
  const assay_tensor_table* tensor;
  const assay_task_table* task;
  const assay_graph_table* graph;
  const assay_parameters_table* parameters;
  const assay_submit_table* submit;
};

static assay_find_fn find_table; /* the same in every open */

static const void* find(assay_host* host, const char* id) {
  const assay_text text = {id, strlen(id)};
  return find_table(host, text);
}

static assay_status* fail(const assay_method* m, int32_t code,
                          const char* words) {
  const assay_text text = {words, strlen(words)};
  return m->status->make(m->host, code, text, NULL);
}

/* --- The method ----------------------------------------------------------- */

static int by_value(const void* a, const void* b) {
  const float x = *(const float*)a, y = *(const float*)b;
  return (x > y) - (x < y);
}

/* A layer's weights while they are looked at. */
typedef struct layer {
  const assay_tensor* tensor;
  DLTensor view;
  uint64_t count;
} layer;

static float* values_of(const layer* l) {
  return (float*)(void*)((char*)l->view.data + l->view.byte_offset);
}

/* Views the weights of every conv and linear layer of `set`; the caller frees
 * *layers and unviews. */
static assay_status* view_layers(const assay_method* m,
                                 const assay_parameters* set, layer** layers,
                                 uint32_t* layer_count) {
  const assay_graph* graph = m->graph->reference(m->host);
  assay_graph_info info = {0};
  info.size = ASSAY_SIZE(assay_graph_info);
  m->graph->info(m->host, graph, &info);
  *layers = calloc(info.parameter_count + 1, sizeof(layer));
  if (*layers == NULL) return fail(m, ASSAY_RESOURCE_EXHAUSTED, "no memory");
  for (uint32_t i = 0; i < info.parameter_count; ++i) {
    assay_parameter_info p = {0};
    p.size = ASSAY_SIZE(assay_parameter_info);
    assay_status* status = m->graph->parameter(m->host, graph, i, &p);
    if (status != NULL) return status;
    if (p.role != ASSAY_ROLE_CONV && p.role != ASSAY_ROLE_DEPTHWISE_CONV &&
        p.role != ASSAY_ROLE_LINEAR) {
      continue;
    }
    layer* l = &(*layers)[*layer_count];
    status = m->parameters->tensor(m->host, set, p.name, &l->tensor);
    if (status != NULL) return status;
    status =
        m->tensor->view(m->host, l->tensor, ASSAY_READ | ASSAY_WRITE, &l->view);
    if (status != NULL) return status;
    ++*layer_count;
    l->count = (uint64_t)p.elements;
    if (l->view.device.device_type != kDLCPU ||
        l->view.dtype.code != kDLFloat || l->view.dtype.bits != 32) {
      return fail(m, ASSAY_FAILED_PRECONDITION,
                  "expected weights as f32 in host memory");
    }
  }
  return NULL;
}

/* Zeroes round(sparsity * n) of the n weights of all layers together. */
static assay_status* prune(const assay_method* m, const layer* layers,
                           uint32_t layer_count, double sparsity) {
  uint64_t n = 0;
  for (uint32_t i = 0; i < layer_count; ++i) n += layers[i].count;
  float* sizes = malloc((n + 1) * sizeof(float));
  if (sizes == NULL) return fail(m, ASSAY_RESOURCE_EXHAUSTED, "no memory");
  uint64_t at = 0;
  for (uint32_t i = 0; i < layer_count; ++i) {
    const float* w = values_of(&layers[i]);
    for (uint64_t k = 0; k < layers[i].count; ++k) sizes[at++] = fabsf(w[k]);
  }
  qsort(sizes, n, sizeof(float), &by_value);
  uint64_t drop = (uint64_t)llround(sparsity * (double)n);
  if (drop > n) drop = n;
  const float threshold = drop == 0 ? -1.0f : sizes[drop - 1];
  /* Below the threshold all go; of those equal to it, the first ones. */
  uint64_t ties = drop;
  for (uint64_t k = 0; k < drop; ++k) ties -= sizes[k] < threshold ? 1 : 0;
  free(sizes);
  for (uint32_t i = 0; i < layer_count; ++i) {
    float* w = values_of(&layers[i]);
    for (uint64_t k = 0; k < layers[i].count; ++k) {
      const float size = fabsf(w[k]);
      const int tie = size == threshold && ties > 0;
      if (size < threshold || tie) w[k] = 0.0f;
      ties -= tie ? 1 : 0;
    }
  }
  return NULL;
}

static assay_status* prune_set(const assay_method* m, assay_parameters* set,
                               double sparsity) {
  layer* layers = NULL;
  uint32_t count = 0;
  assay_status* status = view_layers(m, set, &layers, &count);
  if (status == NULL) status = prune(m, layers, count, sparsity);
  for (uint32_t i = 0; i < count; ++i) {
    m->tensor->unview(m->host, layers[i].tensor);
  }
  free(layers);
  return status;
}

static assay_status* meet_budget(const assay_method* m, uint32_t index) {
  assay_budget budget = {0};
  budget.size = ASSAY_SIZE(assay_budget);
  assay_status* status = m->task->budget(m->host, index, &budget);
  if (status != NULL) return status;
  if ((budget.kinds & ~(uint32_t)ASSAY_BUDGET_SPARSITY) != 0) {
    return fail(m, ASSAY_FAILED_PRECONDITION,
                "only budgets of sparsity can be met");
  }
  assay_parameters* set = NULL;
  status =
      m->parameters->clone(m->host, m->parameters->reference(m->host), &set);
  if (status != NULL) return status;
  if (budget.kinds != 0) status = prune_set(m, set, budget.sparsity);
  if (status == NULL) {
    status =
        m->submit->submit(m->host, index, m->graph->reference(m->host), set);
  }
  m->parameters->free(m->host, set);
  return status;
}

/* --- Method and module tables --------------------------------------------- */

static assay_status* plan(assay_method* m, assay_needs* out) {
  (void)m;
  if (ASSAY_HAS(out, assay_needs, evaluations)) {
    out->epochs = 0;
    out->evaluations = 0;
  }
  return NULL;
}

static assay_status* run(assay_method* m) {
  const uint32_t count = m->task->budget_count(m->host);
  for (uint32_t i = 0; i < count; ++i) {
    assay_status* status = meet_budget(m, i);
    if (status != NULL) return status;
  }
  return NULL;
}

static const assay_method_table method_table = {ASSAY_SIZE(assay_method_table),
                                                1, &plan, &run};

static const assay_text needed[] = {
    TEXT(ASSAY_TENSOR_ID),     TEXT(ASSAY_TASK_ID),   TEXT(ASSAY_GRAPH_ID),
    TEXT(ASSAY_PARAMETERS_ID), TEXT(ASSAY_SUBMIT_ID),
};

static const assay_card card = {
    .size = ASSAY_SIZE(assay_card),
    .revision = 1,
    .id = TEXT("plain_c"),
    .version = TEXT("1.0.0"),
    .title = TEXT("Global magnitude pruning in plain C"),
    .paper = TEXT("Han et al. 2015, arXiv 1506.02626"),
    .kind = ASSAY_KIND_PRUNE,
    .determinism = ASSAY_BITWISE_THREADS,
    .budgets = ASSAY_BUDGET_SPARSITY,
    .requires_tables = needed,
    .requires_count = sizeof(needed) / sizeof(needed[0]),
};

static uint32_t count(void) { return 1; }

static const assay_card* card_of(uint32_t index) {
  return index == 0 ? &card : NULL;
}

static assay_status* match(uint32_t index, assay_host* host,
                           const assay_site* site, assay_fit* out) {
  (void)index;
  (void)host;
  (void)site;
  out->score = 100;
  return NULL;
}

/* Whether the host's table reaches as far as the last slot used here. */
#define OFFERS(table, type, slot) \
  ((table) != NULL && ASSAY_HAS(table, type, slot))

static assay_status* make(uint32_t index, assay_host* host,
                          const assay_config* config, assay_method** out) {
  (void)index;
  (void)config;
  assay_method m = {0};
  m.host = host;
  m.status = find(host, ASSAY_STATUS_ID);
  m.tensor = find(host, ASSAY_TENSOR_ID);
  m.task = find(host, ASSAY_TASK_ID);
  m.graph = find(host, ASSAY_GRAPH_ID);
  m.parameters = find(host, ASSAY_PARAMETERS_ID);
  m.submit = find(host, ASSAY_SUBMIT_ID);
  if (!OFFERS(m.tensor, assay_tensor_table, unview) ||
      !OFFERS(m.task, assay_task_table, budget) ||
      !OFFERS(m.graph, assay_graph_table, parameter) ||
      !OFFERS(m.parameters, assay_parameters_table, tensor) ||
      !OFFERS(m.submit, assay_submit_table, submit)) {
    return fail(&m, ASSAY_UNIMPLEMENTED,
                "this host lacks a table that the card requires");
  }
  *out = malloc(sizeof(assay_method));
  if (*out == NULL) return fail(&m, ASSAY_RESOURCE_EXHAUSTED, "no memory");
  **out = m;
  return NULL;
}

static const void* find_method_table(assay_method* m, assay_text id) {
  (void)m;
  const size_t size = sizeof(ASSAY_METHOD_ID) - 1;
  return id.size == size && memcmp(id.data, ASSAY_METHOD_ID, size) == 0
             ? &method_table
             : NULL;
}

static void drop(assay_method* m) { free(m); }

static void close_module(void) {}

static const assay_module module = {
    ASSAY_SIZE(assay_module), 1,     &count,       &card_of, &match, &make,
    &find_method_table,       &drop, &close_module};

int32_t assay_module_open_v1(const assay_offer* offer, assay_answer* answer) {
  if (offer->revision_low > 1 || offer->revision_high < 1) {
    snprintf(answer->why, sizeof(answer->why),
             "this module speaks revision 1, the host %u to %u",
             offer->revision_low, offer->revision_high);
    return ASSAY_NO_COMMON_REVISION;
  }
  find_table = offer->find;
  answer->revision = 1;
  answer->module = &module;
  return ASSAY_OPENED;
}
