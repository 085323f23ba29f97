#include "harness/dynamic/hcfg.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

// Ends of edges that do not know yet where they lead.
using Loose = std::vector<std::pair<int32_t, size_t>>;

class Splitter {
 public:
  explicit Splitter(const DynamicGraph& graph) {
    hcfg_.frame = graph;
    hcfg_.frame.body.clear();
    InBlock(graph.body, {});
  }
  Hcfg Take() { return std::move(hcfg_); }

 private:
  void Join(const Loose& edges, int32_t to) {
    for (const auto& [node, side] : edges) {
      hcfg_.nodes[static_cast<size_t>(node)].next[side] = to;
    }
  }

  int32_t Add(HcfgNode node, const Loose& incoming) {
    const int32_t id = static_cast<int32_t>(hcfg_.nodes.size());
    hcfg_.nodes.push_back(std::move(node));
    Join(incoming, id);
    return id;
  }

  Loose InBlock(const Block& block, Loose incoming) {
    for (const Statement& s : block) incoming = InStatement(s, incoming);
    return incoming;
  }

  Loose InStatement(const Statement& s, const Loose& incoming) {
    HcfgNode node;
    if (IsStraight(s.kind)) {
      node.statements = {s};
      return {{Add(std::move(node), incoming), 0}};
    }
    switch (s.kind) {
      case StatementKind::kReturn:
        node.kind = HcfgKind::kReturn;
        node.reads = s.reads;
        Add(std::move(node), incoming);
        return {};
      case StatementKind::kIf: {
        const int32_t branch = AddBranch(s, incoming);
        Loose ends = InBlock(s.body, {{branch, 0}});
        const Loose others = InBlock(s.otherwise, {{branch, 1}});
        ends.insert(ends.end(), others.begin(), others.end());
        return ends;
      }
      default:
        return InLoop(s, incoming);
    }
  }

  int32_t AddBranch(const Statement& s, const Loose& incoming) {
    HcfgNode node;
    node.kind = HcfgKind::kBranch;
    node.predicate = s.predicate;
    node.site = s.site;
    return Add(std::move(node), incoming);
  }

  Loose InLoop(const Statement& s, const Loose& incoming) {
    HcfgNode head;
    head.kind = HcfgKind::kCount;
    head.counter = hcfg_.frame.NewVariable("counter");
    head.count = s.count;
    if (!s.writes.empty()) head.index = s.writes[0];
    Statement start;
    start.kind = StatementKind::kConstant;
    start.writes = {head.counter};
    start.constant = Tensor::From<int64_t>({}, {0});
    const Loose started = InStatement(start, incoming);
    const int32_t count = Add(std::move(head), started);
    Loose ends = {{count, 1}};
    Loose body = {{count, 0}};
    if (s.kind == StatementKind::kWhile) {
      const int32_t branch = AddBranch(s, body);
      ends.emplace_back(branch, 1);
      body = {{branch, 0}};
    }
    Join(InBlock(s.body, body), count);
    return ends;
  }

  Hcfg hcfg_;
};

std::vector<int> PredecessorCounts(const Hcfg& hcfg) {
  std::vector<int> counts(hcfg.nodes.size());
  counts[0] = 1;  // the run itself
  for (const HcfgNode& node : hcfg.nodes) {
    for (const int32_t next : node.next) {
      if (next != kNoNext) ++counts[static_cast<size_t>(next)];
    }
  }
  return counts;
}

// Removes nodes and gives the others new numbers in the same order; edges to a
// removed node lead where `instead` says.
void Remove(const std::vector<bool>& removed,
            const std::vector<int32_t>& instead, Hcfg* hcfg) {
  std::vector<int32_t> number(hcfg->nodes.size());
  int32_t kept = 0;
  for (size_t i = 0; i < number.size(); ++i) {
    number[i] = kept;
    if (!removed[i]) ++kept;
  }
  std::vector<HcfgNode> nodes;
  for (size_t i = 0; i < removed.size(); ++i) {
    if (removed[i]) continue;
    HcfgNode& node = hcfg->nodes[i];
    for (int32_t& next : node.next) {
      while (next != kNoNext && removed[static_cast<size_t>(next)]) {
        next = instead[static_cast<size_t>(next)];
      }
      if (next != kNoNext) next = number[static_cast<size_t>(next)];
    }
    nodes.push_back(std::move(node));
  }
  hcfg->nodes = std::move(nodes);
}

void Set(std::vector<bool>* set, VariableId id, bool value) {
  if (id != kNoVariable) (*set)[static_cast<size_t>(id)] = value;
}

// What is live before a node, from what is live behind it.
std::vector<bool> LiveBefore(const HcfgNode& node, std::vector<bool> live) {
  for (auto s = node.statements.rbegin(); s != node.statements.rend(); ++s) {
    for (const VariableId id : s->writes) Set(&live, id, false);
    for (const VariableId id : s->reads) Set(&live, id, true);
  }
  Set(&live, node.index, false);
  Set(&live, node.counter, true);
  if (node.kind == HcfgKind::kBranch) Set(&live, node.predicate.source, true);
  for (const VariableId id : node.reads) Set(&live, id, true);
  return live;
}

void Iterate(Hcfg* hcfg) {
  const size_t variables = hcfg->frame.variables.size();
  for (HcfgNode& node : hcfg->nodes) {
    node.live_in.assign(variables, false);
    node.live_out.assign(variables, false);
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (auto node = hcfg->nodes.rbegin(); node != hcfg->nodes.rend(); ++node) {
      for (const int32_t next : node->next) {
        if (next == kNoNext) continue;
        const auto& in = hcfg->nodes[static_cast<size_t>(next)].live_in;
        for (size_t i = 0; i < variables; ++i) {
          if (in[i]) node->live_out[i] = true;
        }
      }
      std::vector<bool> before = LiveBefore(*node, node->live_out);
      if (before == node->live_in) continue;
      node->live_in = std::move(before);
      changed = true;
    }
  }
}

// Whether a statement was removed.
bool RemoveDead(HcfgNode* node) {
  std::vector<bool> live = node->live_out;
  Block kept;
  for (auto s = node->statements.rbegin(); s != node->statements.rend(); ++s) {
    const bool needed = std::any_of(
        s->writes.begin(), s->writes.end(),
        [&](VariableId id) { return live[static_cast<size_t>(id)]; });
    if (!needed) continue;
    for (const VariableId id : s->writes) Set(&live, id, false);
    for (const VariableId id : s->reads) Set(&live, id, true);
    kept.push_back(std::move(*s));
  }
  const bool removed = kept.size() < node->statements.size();
  std::reverse(kept.begin(), kept.end());
  node->statements = std::move(kept);
  return removed;
}

void RemoveEmpty(Hcfg* hcfg) {
  std::vector<bool> removed(hcfg->nodes.size());
  std::vector<int32_t> instead(hcfg->nodes.size(), kNoNext);
  for (size_t i = 1; i < removed.size(); ++i) {
    const HcfgNode& node = hcfg->nodes[i];
    removed[i] = node.kind == HcfgKind::kStraight && node.statements.empty();
    instead[i] = node.next[0];
  }
  Remove(removed, instead, hcfg);
}

std::string Names(const Hcfg& hcfg, const std::vector<VariableId>& ids) {
  std::string text;
  for (const VariableId id : ids) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", hcfg.frame.NameOf(id));
  }
  return text;
}

}  // namespace

Hcfg SplitAtConditionals(const DynamicGraph& graph) {
  return Splitter(graph).Take();
}

void MergeChains(Hcfg* hcfg) {
  const std::vector<int> predecessors = PredecessorCounts(*hcfg);
  std::vector<bool> removed(hcfg->nodes.size());
  for (size_t i = 0; i < removed.size(); ++i) {
    HcfgNode& node = hcfg->nodes[i];
    if (removed[i] || node.kind != HcfgKind::kStraight) continue;
    while (node.next[0] != kNoNext) {
      const size_t next = static_cast<size_t>(node.next[0]);
      HcfgNode& successor = hcfg->nodes[next];
      if (next == i || successor.kind != HcfgKind::kStraight ||
          predecessors[next] != 1) {
        break;
      }
      std::move(successor.statements.begin(), successor.statements.end(),
                std::back_inserter(node.statements));
      node.next = successor.next;
      removed[next] = true;
    }
  }
  Remove(removed, std::vector<int32_t>(removed.size(), kNoNext), hcfg);
}

void FindLiveness(Hcfg* hcfg) {
  for (bool changed = true; changed;) {
    Iterate(hcfg);
    changed = false;
    for (HcfgNode& node : hcfg->nodes) {
      changed |= RemoveDead(&node);
      if (node.index != kNoVariable &&
          !node.live_out[static_cast<size_t>(node.index)]) {
        node.index = kNoVariable;
      }
    }
  }
  RemoveEmpty(hcfg);
}

std::string HcfgText(const Hcfg& hcfg) {
  std::string text;
  for (size_t i = 0; i < hcfg.nodes.size(); ++i) {
    const HcfgNode& node = hcfg.nodes[i];
    absl::StrAppend(&text, i, ": ");
    switch (node.kind) {
      case HcfgKind::kStraight:
        for (const Statement& s : node.statements) {
          absl::StrAppend(&text, Names(hcfg, s.writes), " = ",
                          s.piece != nullptr ? s.piece->name() : "", "(",
                          Names(hcfg, s.reads), "); ");
        }
        absl::StrAppend(&text, "-> ", node.next[0]);
        break;
      case HcfgKind::kBranch:
        absl::StrAppend(&text, node.predicate.negated ? "not " : "",
                        Name(node.predicate.kind), "(",
                        hcfg.frame.NameOf(node.predicate.source), ") -> ",
                        node.next[0], " or ", node.next[1]);
        break;
      case HcfgKind::kCount:
        absl::StrAppend(&text, "count to ", node.count, " -> ", node.next[0],
                        " or ", node.next[1]);
        break;
      case HcfgKind::kReturn:
        absl::StrAppend(&text, "return ", Names(hcfg, node.reads));
        break;
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

}  // namespace assay
