// What stands behind each opaque handle.
#ifndef ASSAY_HARNESS_HOST_SERVICES_OBJECTS_H_
#define ASSAY_HARNESS_HOST_SERVICES_OBJECTS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "datasets/dataset.h"
#include "harness/abi/assay.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/core/tensor.h"
#include "harness/graph/channel_analysis.h"
#include "harness/graph/channel_groups.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/roles.h"
#include "harness/host/services/handles.h"
#include "harness/train/batch.h"

struct assay_tensor final : assay::Handle {
  explicit assay_tensor(assay::Tensor t)
      : tensor(std::move(t)), strides(assay::RowMajorStrides(tensor.shape())) {}

  assay::Tensor tensor;
  std::vector<int64_t> strides;  // lent to views
  bool writable = true;
  int views = 0;
};

struct assay_random final : assay::Handle {
  explicit assay_random(assay::RandomStream s) : stream(s) {}

  assay::RandomStream stream;
};

struct assay_graph final : assay::Handle {
  explicit assay_graph(assay::Graph g) : graph(std::move(g)) {}

  assay::Graph graph;

  // Made when first asked for, and again after a change.
  struct Derived {
    std::vector<assay::Role> roles;
    std::vector<int> layers;          // per parameter
    std::vector<int64_t> macs, uses;  // per parameter
    std::vector<bool> trainable;
  };
  std::unique_ptr<Derived> derived;
  // Constants that were lent as tensors, by value.
  std::map<assay::ValueId, assay_tensor*> constants;
};

struct assay_parameters final : assay::Handle {
  assay::ParameterStore store;
  // Handles that were lent, by name; each shares the store's tensor.
  std::map<std::string, assay_tensor*, std::less<>> tensors;
};

struct assay_variables final : assay::Handle {
  assay_variables(assay::Device* device, bool f64_inside)
      : parameters(device), f64(f64_inside) {}

  assay::DeviceParameters parameters;
  bool f64;
  int programs = 0;  // alive
};

struct assay_program final : assay::Handle {
  std::unique_ptr<assay::Session> session;
  assay_variables* variables = nullptr;
  int64_t macs = 0;  // of one run
};

struct assay_part final : assay::Handle {
  assay::Split split = assay::Split::kTrain;
  std::vector<int64_t> samples;
};

struct assay_batches final : assay::Handle {
  assay::Split split = assay::Split::kTrain;
  std::unique_ptr<assay::BatchSource> source;
  int64_t next = 0;
  int64_t limit = -1;  // batches in all; negative: endless
  int64_t per_epoch = 1;
  bool endless_source = false;  // Make takes numbers past the first epoch

  // The batch that is lent.
  std::vector<assay_tensor*> tensors;
  std::vector<std::string> names;
  std::vector<assay_feed> feeds;
  std::vector<const assay_feed*> feed_pointers;
  assay_batch batch{};
};

struct assay_groups final : assay::Handle {
  // For sub-networks, made when first asked for: removal over a copy of the
  // graph.
  struct Analysis {
    explicit Analysis(assay::Graph g) : graph(std::move(g)) {}

    const assay::Graph graph;
    std::unique_ptr<assay::ChannelAnalysis> channels;
  };

  std::vector<assay::ChannelGroup> groups;
  std::vector<std::string> parameter_names;  // by value id of the graph
  std::unique_ptr<Analysis> analysis;
};

#endif  // ASSAY_HARNESS_HOST_SERVICES_OBJECTS_H_
